"""Rules: how each Keras layer becomes layers of a twin."""
