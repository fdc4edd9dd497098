"""The proof: measurements of an int8 file on the test rows."""
