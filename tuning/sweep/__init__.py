"""The sweep: trials in processes of their own, and what is told while they run."""
