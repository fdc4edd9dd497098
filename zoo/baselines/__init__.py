"""Baselines for tables: models that cost little, to measure the others by."""
