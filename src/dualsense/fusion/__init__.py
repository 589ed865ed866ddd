"""Two sensors become one list of targets."""
