"""Metrics with confidence intervals; NumPy alone."""
