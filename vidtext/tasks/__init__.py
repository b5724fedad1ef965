"""Tasks: plain functions that put the lower floors together."""
