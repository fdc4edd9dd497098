"""Networks as others wrote them, through the exporter."""
