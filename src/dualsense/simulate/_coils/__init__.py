"""The simulated metal detector."""
