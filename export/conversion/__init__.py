"""Conversion: from a Keras model to `.tflite` files, in child processes."""
