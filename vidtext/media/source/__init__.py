"""Anything that a person gives → a local file, within limits."""
