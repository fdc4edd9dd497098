"""Tests of metrics as a choice."""
