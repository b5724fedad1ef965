"""The tabs: what each shows, and what it asks of a task."""
