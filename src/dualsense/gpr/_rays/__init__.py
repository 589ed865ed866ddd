"""The way of a wave: flat layers, rays through them, and their times."""
