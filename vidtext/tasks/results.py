"""Streams of results, each of which holds all that is finished."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

Result = TypeVar("Result")


def last_result(results: Iterable[Result]) -> Result:
    """Run a stream to its end and return its last result, keeping none of those before: they hold frames."""
    return deque(results, maxlen=1)[0]
