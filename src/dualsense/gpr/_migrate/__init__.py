"""From soundings to a volume: four routes, and the way back."""
