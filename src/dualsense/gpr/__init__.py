"""The radar chain: from soundings to a migrated volume."""
