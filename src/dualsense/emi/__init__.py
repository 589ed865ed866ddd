"""The induction chain: from coil response to a map and dipoles."""
