"""The permittivity of the ground, from every source that tells it."""
