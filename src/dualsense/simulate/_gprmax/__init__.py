"""The radar of a scene by gprMax, a separate program."""
