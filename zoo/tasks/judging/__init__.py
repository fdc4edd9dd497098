"""Judging by the metric that was chosen: estimates, drops, and the choice itself."""
