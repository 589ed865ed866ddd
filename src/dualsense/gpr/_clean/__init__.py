"""What hides the targets, taken away: the surface echo and what soundings have in common."""
