"""How names of other instruments' recordings end; apart from their importers, which are slow to load."""

FOREIGN_SUFFIXES = (".dzt", ".dt", ".dt1", ".rd3", ".rd7", ".sgy", ".segy", ".su", ".bag", ".db3", ".mcap")
"""Of recordings, where a folder is searched through; files that only belong to them are not among these."""
