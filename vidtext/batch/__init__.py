"""Many videos, one after the other or on many machines: what is asked of each, how it is done, and where it goes."""
