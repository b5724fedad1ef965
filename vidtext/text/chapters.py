"""Chapters: the parts that a whole video falls into, each with a title and a description."""

from __future__ import annotations

from dataclasses import dataclass

from vidtext.text.timed import Segment, TimedText


@dataclass(frozen=True)
class Chapter(Segment):
    """A stretch of the video. `text` is its title: one line that is not empty."""

    description: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.text.strip() or len(self.text.splitlines()) != 1:
            raise ValueError(f"A chapter needs a title of one line; got {self.text!r}.")

    @property
    def title(self) -> str:
        """The title, which is the segment's text."""
        return self.text


@dataclass(frozen=True)
class Chapters(TimedText):
    """The chapters of a whole video: the first starts at 0, and each starts where the one before stops."""

    segments: tuple[Chapter, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        starts = [chapter.start_seconds for chapter in self.segments]
        stops = [0.0, *(chapter.stop_seconds for chapter in self.segments)]
        if starts != stops[: len(starts)]:
            raise ValueError(f"Chapters must start at 0 and leave no gap; got starts {starts} and stops {stops[1:]}.")
