"""Maps of metal."""
