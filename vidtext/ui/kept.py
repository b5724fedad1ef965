"""What a visitor has of a tab."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")

_versions = itertools.count(1)


@dataclass(frozen=True)
class Closing:
    """Whether more of a result will come, and if not, whether it was stopped."""

    closed: bool
    stopped: bool = False


GROWING, FINISHED, STOPPED = Closing(closed=False), Closing(closed=True), Closing(closed=True, stopped=True)


@dataclass(frozen=True)
class Subject:
    """What a result is about.

    Attributes:
        name: what the video, or what else was worked on, is called.
        key: the identity of the video; "" where the work is not about the one in the player.
    """

    name: str
    key: str = ""


@dataclass(frozen=True)
class Kept(Generic[Result]):
    """What a visitor has of a tab: its newest result, and whether more of it will come.

    Attributes:
        subject: what the result is about.
        version: another one after each change, edits by hand among them.
    """

    result: Result
    closing: Closing
    subject: Subject = Subject("")
    version: int = field(default_factory=lambda: next(_versions), init=False, compare=False)
