"""What a visitor has of a tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Closing:
    """Whether more of a result will come, and if not, whether it was stopped."""

    closed: bool
    stopped: bool = False


GROWING, FINISHED, STOPPED = Closing(closed=False), Closing(closed=True), Closing(closed=True, stopped=True)


@dataclass(frozen=True)
class Kept(Generic[Result]):
    """What a visitor has of a tab: its newest result, and whether more of it will come."""

    result: Result
    closing: Closing
