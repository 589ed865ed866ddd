"""Spoilt scans with mines in them, and what becomes of the mines: never a confident miss."""
