"""The synthetic world with known truth, and how the embedded captioner was trained and scored on it."""
