"""What a visit of the page has, and for how long."""
