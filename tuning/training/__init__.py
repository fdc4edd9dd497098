"""One training of one model."""
