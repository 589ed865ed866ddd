"""Where each sample was taken, and what ground was covered."""
