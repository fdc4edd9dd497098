"""The command line: composes zoo, tuning and export, and holds no logic of its own."""
