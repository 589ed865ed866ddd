"""Targets against truth."""
