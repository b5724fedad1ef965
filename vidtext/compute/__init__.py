"""Devices: what they have and who may use them."""
