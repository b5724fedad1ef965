"""Videos that are written: previews, chapters in a file, clips."""
