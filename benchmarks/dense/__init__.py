"""Segmentation and detection: our presets beside reference designs, and others' int8 files."""
