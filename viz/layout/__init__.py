"""Where it is drawn: one step in rows and columns, repeated along time."""
