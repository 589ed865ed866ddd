"""One dipole after the other: its place, its tensors, and how well each is known."""
