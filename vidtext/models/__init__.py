"""Models: what they are, how they are loaded, and how they write."""
