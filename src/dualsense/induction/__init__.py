"""The physics of coils and metal that both processing and simulation stand on."""
