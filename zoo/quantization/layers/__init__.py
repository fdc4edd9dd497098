"""Layers of a quantization twin."""
