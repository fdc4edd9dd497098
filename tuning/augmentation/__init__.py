"""Augmentation of training rows; NumPy, whole batches."""
