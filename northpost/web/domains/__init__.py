"""Sending domains: what is published for them, what should be, and the keys that sign. No tables."""
