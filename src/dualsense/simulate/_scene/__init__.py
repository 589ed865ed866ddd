"""What is to be simulated: ground, objects, instrument and handling."""
