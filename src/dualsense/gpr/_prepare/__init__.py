"""What is done to soundings before the ground is looked for: samples in time, filters over frequency."""
