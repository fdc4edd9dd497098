"""Printed tables and messages."""
