"""Networks with weights that others trained."""
