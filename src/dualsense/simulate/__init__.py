"""Scans of invented ground, always labelled as simulated."""
