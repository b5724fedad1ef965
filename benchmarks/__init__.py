"""Side by side against peers. See README.md for how to run them and what they said last."""
