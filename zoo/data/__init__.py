"""Data sets: rows and labels in three parts, and how raw rows become them."""
