"""The sweep: trials in processes of their own, and progress while they run."""
