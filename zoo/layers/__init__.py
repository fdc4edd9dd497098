"""Keras layers of the zoo. Importing the package registers all of them for `keras.saving`."""

from zoo.layers import inputs, padding, tables, tokens  # noqa: F401
