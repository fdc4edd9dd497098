"""The study: its trials, their parameters, and its storage."""
