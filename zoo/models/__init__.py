"""Architectures: plain functions that return a `keras.Model`."""
