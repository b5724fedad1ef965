"""How much memory values take."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np


def array_bytes(value: object) -> int:
    """Return how much memory the arrays take that a value holds in its fields and tuples, at any depth, each once."""
    return sum(_arrays(value, {}).values())


def _arrays(value: object, seen: dict[int, int]) -> dict[int, int]:
    if id(value) in seen:
        return seen
    seen[id(value)] = value.nbytes if isinstance(value, np.ndarray) else 0
    if is_dataclass(value):
        for each in fields(value):
            _arrays(getattr(value, each.name), seen)
    elif isinstance(value, tuple):
        for part in value:
            _arrays(part, seen)
    return seen
