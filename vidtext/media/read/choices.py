"""Choices of how frames are read. They are apart from the code that obeys them, which takes long to import."""

from __future__ import annotations

from typing import Literal, get_args

Fit = Literal["crop", "pad", "squash"]
"""How a frame becomes a square."""

FITS: tuple[Fit, ...] = get_args(Fit)

ShotMode = Literal["auto", "exact", "fast"]
"""How shots are looked for."""

SHOT_MODES: tuple[ShotMode, ...] = get_args(ShotMode)
