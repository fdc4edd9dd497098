"""Named sizes of the architectures, with their sources."""
