"""Architectures with an answer for each pixel or cell: networks for masks and boxes."""
