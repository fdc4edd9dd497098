"""Searches without a named model, for the same minutes: ours, ours of one preset, and others'."""
