"""Pixels in: sources, headers, times, frames."""
