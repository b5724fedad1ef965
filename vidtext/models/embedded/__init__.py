"""The checkpoints that ship with vidtext; each folder is loaded as one from the hub is, and has its model card."""
