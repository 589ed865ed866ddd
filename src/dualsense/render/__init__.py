"""Pictures, report and export of a result."""
