"""How much memory values take."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import numpy as np


def memory_bytes(value: object) -> int:
    """Return how much memory the arrays and texts take that a value holds at any depth, each once.

    Fields of dataclasses, items of tuples, lists and sets, and values of mappings are looked into.
    """
    return sum(_parts(value, {}).values())


def _parts(value: object, seen: dict[int, int]) -> dict[int, int]:
    if id(value) in seen:
        return seen
    text = isinstance(value, str | bytes)
    seen[id(value)] = value.nbytes if isinstance(value, np.ndarray) else sys.getsizeof(value) if text else 0
    if is_dataclass(value):
        for each in fields(value):
            _parts(getattr(value, each.name), seen)
    elif isinstance(value, Mapping):
        for part in value.values():
            _parts(part, seen)
    elif isinstance(value, tuple | list | frozenset | set):
        for part in value:
            _parts(part, seen)
    return seen
