"""Devices that files are made for: their memory, their runtimes and how fast they compute."""
