"""The cost of an int8 file, estimated before anything is trained."""
