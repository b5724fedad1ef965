"""What a visitor has of a tab."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

Result = TypeVar("Result")

_versions = itertools.count(1)

_MOST_EARLIER = 50
"""How many changes by hand can be taken back."""


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
        earlier: what it was before each change by hand, the newest last: these can be taken back.
        version: another one after each change, edits by hand among them.
    """

    result: Result
    closing: Closing
    subject: Subject = Subject("")
    earlier: tuple[Result, ...] = ()
    version: int = field(default_factory=lambda: next(_versions), init=False, compare=False)

    def changed(self, result: Result) -> Kept[Result]:
        """Return this with another result, from which this one can be brought back."""
        return replace(self, result=result, earlier=(*self.earlier, self.result)[-_MOST_EARLIER:])

    def taken_back(self) -> Kept[Result]:
        """Return this as it was before the last change; as it is where there was none."""
        if not self.earlier:
            return self
        *earlier, result = self.earlier
        return replace(self, result=result, earlier=tuple(earlier))
