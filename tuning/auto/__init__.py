"""The search without a preset: which models take the data and fit the limits, and their order."""
