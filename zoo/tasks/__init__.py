"""Tasks: what labels are, what is minimized, what outputs mean, how they are judged."""
