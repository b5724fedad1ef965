"""A summary: what a video is about, at four lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vidtext.text.timed import TimedText


@dataclass(frozen=True)
class Summary:
    """What a video is about.

    Attributes:
        abstract: one or two sentences.
        summary: a paragraph.
        highlights: moments worth seeing, each with its times.
        keywords: the words that matter most, the most important one first.
        model: the model that wrote the words.
        notes: one sentence for each thing that went differently from what was asked for.
    """

    abstract: str
    summary: str
    highlights: TimedText
    keywords: tuple[str, ...]
    model: str = ""
    notes: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The paragraphs of `summary`: its lines that are not empty."""
        return tuple(line for line in self.summary.splitlines() if line.strip())
