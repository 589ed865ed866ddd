"""Dual-sensor (metal detector and radar) scans to pictures and targets, for humanitarian demining."""
