"""Words with the times that they belong to."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Segment:
    """A text and the half-open stretch `[start_seconds, stop_seconds)` of the video that it is about."""

    start_seconds: float
    stop_seconds: float
    text: str

    def __post_init__(self) -> None:
        if not (0 <= self.start_seconds <= self.stop_seconds < math.inf):
            raise ValueError(
                f"A segment from {self.start_seconds!r} to {self.stop_seconds!r} s is not possible: "
                "it must start at 0 or later and stop no earlier than it starts."
            )


@dataclass(frozen=True)
class TimedText:
    """Segments in the order of their times, never overlapping; the model that wrote them; notes on how it went.

    A note is one sentence for a person about everything that differs from what was asked for: a stepped-down plan, a
    substituted model, damaged frames.
    """

    segments: tuple[Segment, ...]
    model: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for earlier, later in zip(self.segments, self.segments[1:], strict=False):
            if later.start_seconds < earlier.stop_seconds:
                raise ValueError(f"Segments overlap: {earlier} and {later}.")

    @property
    def text(self) -> str:
        """All texts, one a line."""
        return "\n".join(segment.text for segment in self.segments)

    def followed_by(self, segment: Segment) -> TimedText:
        """Return this text with one more segment; a neighbour that says the same is merged into the last one."""
        last = self.segments[-1] if self.segments else None
        if last and last.text == segment.text and last.stop_seconds == segment.start_seconds:
            merged = replace(last, stop_seconds=segment.stop_seconds)
            return replace(self, segments=(*self.segments[:-1], merged))
        return replace(self, segments=(*self.segments, segment))
