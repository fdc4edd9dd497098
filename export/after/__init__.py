"""After shipping: drift of new rows, comparison of two runs."""
