"""Strangers' files are decoded in a process with limits."""
