"""Words out: timed text and its formats."""
