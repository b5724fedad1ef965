"""A file → what it holds, and its frames with their times."""
