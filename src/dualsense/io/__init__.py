"""Files in and out: the scan format, and importers for foreign formats."""
