"""Where a video was cut."""
