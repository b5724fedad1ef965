"""The video on the left: player, strip, examples, ways to bring one."""
