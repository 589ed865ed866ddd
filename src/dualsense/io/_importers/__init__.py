"""One module per foreign format; each returns a ``Scan``."""
