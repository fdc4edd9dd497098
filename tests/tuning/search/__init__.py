"""Tests of searches: trials, their order, time, machines and what comes of them."""
