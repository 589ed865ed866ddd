"""How work is compiled, and how it is spread over processes."""
