"""Boxes of a detector: cells, decoding, losses, matching."""
