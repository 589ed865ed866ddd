"""The files that a result is written to."""
