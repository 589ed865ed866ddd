"""Results for other programs and for paper: each file tells of which scan it is, and what limits it."""
