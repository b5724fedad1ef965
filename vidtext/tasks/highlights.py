"""Highlights: which moments of a video differ most from each other, and the clip that shows them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.media.read.probe import probe
from vidtext.media.read.sampling import TimeRange
from vidtext.media.source.inputs import open_file
from vidtext.media.write.clips import write_reel
from vidtext.settings import Settings
from vidtext.tasks.grouping import farthest_first
from vidtext.text.telling import wording
from vidtext.text.timed import Segment, TimedText

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from vidtext.media.source.inputs import Source
    from vidtext.media.write.clips import Reel
    from vidtext.models.base import Captioner

_ROUNDING_SECONDS = 1e-3

_LARGEST_FACTOR = 1e9
"""A span of a millisecond reaches both ends of every video that is allowed with it."""

_HALVINGS = 50
"""Steps of the search for how much spans grow: enough to fix it to the last bit of a time."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A window that was described.

    Attributes:
        window: its times.
        text: what it shows.
        weight_seconds: how much of the video it stands for.
        feature: `(D,)` float32 of length 1, of its middle frame.
        picture: its middle frame.
    """

    window: TimeRange
    text: str
    weight_seconds: float
    feature: NDArray[np.float32]
    picture: Frames


def look_at(window: TimeRange, clip: Frames, text: str, *, weight_seconds: float, model: Captioner, job: Job) -> Moment:
    """Make a moment of a described clip, by a look at its middle frame."""
    middle = len(clip) // 2
    picture = Frames(clip.pixels[middle : middle + 1].copy(), clip.seconds[middle : middle + 1].copy())
    return Moment(window, text, weight_seconds, model.image_features(picture, job)[0], picture)


def moments_that_differ(moments: Sequence[Moment], count: int) -> list[Moment]:
    """Choose at most `count` moments that look and read as differently as can be, in the order of their times.

    Of those that read the same, the one that stands for most of the video may be chosen; that one of all is the first.
    """
    heaviest: dict[str, Moment] = {}
    for moment in moments:
        known = heaviest.get(wording(moment.text))
        if known is None or moment.weight_seconds > known.weight_seconds:
            heaviest[wording(moment.text)] = moment
    heaviest.pop("", None)
    if not heaviest:
        return []
    different = list(heaviest.values())
    weights = np.array([moment.weight_seconds for moment in different])
    chosen = farthest_first(np.stack([moment.feature for moment in different]), weights, count)
    return sorted((different[index] for index in chosen), key=lambda moment: moment.window.start_seconds)


def frames_of_moments(moments: Sequence[Moment]) -> Frames | None:
    """Return the moments' pictures, in order."""
    if not moments:
        return None
    return Frames(
        np.concatenate([moment.picture.pixels for moment in moments]),
        np.maximum.accumulate(np.concatenate([moment.picture.seconds for moment in moments])),
    )


@dataclass(frozen=True)
class HighlightReel:
    """The highlights as one clip.

    Attributes:
        captions: what each part of the clip shows, in the clip's own time.
        duration_seconds: how long the clip is.
        notes: one sentence for each thing that went differently from what was asked for.
    """

    captions: TimedText
    duration_seconds: float
    notes: tuple[str, ...]


def highlight_reel(
    source: Source,
    highlights: TimedText,
    target: str | PathLike[str],
    *,
    seconds: float | None = None,
    settings: Settings | None = None,
    job: Job | None = None,
) -> HighlightReel:
    """Cut the highlights out of a video and join them into one MP4.

    Args:
        source: the video, as `summarize` takes it.
        highlights: what to show, in the video's own time.
        target: the file to write; it is complete or not there.
        seconds: how long the clip should be; None shows each highlight as long as it is.
        settings: the limits.
        job: to watch or stop the work.

    Raises:
        OptionError: there is no highlight, or the length is not possible.
        SourceError, MediaError: the video cannot be fetched or read.
        VidtextError: the target cannot be written.
        CancelledError: the job was stopped.
    """
    settings, job = settings or Settings(), job or Job()
    if not highlights.segments:
        raise OptionError("There is no highlight to show yet. Summarize the video first.")
    if seconds is not None and not 0 < seconds <= settings.limits.max_duration_seconds:
        raise OptionError(
            f"A clip of {seconds:g} s is not possible: it must be longer than 0 s and at most "
            f"{format_clock(settings.limits.max_duration_seconds)}.",
            option="seconds",
        )
    spans = [TimeRange(segment.start_seconds, segment.stop_seconds) for segment in highlights.segments]
    notes: tuple[str, ...] = ()
    with open_file(source, settings=settings, job=job) as path:
        if seconds is not None:
            duration = probe(path, settings=settings, job=job).duration_seconds
            spans = spans_of_length(spans, seconds, duration)
            if seconds > duration:
                notes = (f"The video itself is only {format_clock(duration)} long.",)
        reel = write_reel(path, Path(target), spans, settings=settings, job=job)
    captions = TimedText(_captions(highlights, spans, reel), model=highlights.model)
    return HighlightReel(captions, reel.duration_seconds, (*notes, *reel.notes))


def spans_of_length(spans: Sequence[TimeRange], seconds: float, duration_seconds: float) -> list[TimeRange]:
    """Let spans grow or shrink around their middles, all by one factor, until together they last `seconds`.

    None reaches beyond the video, or beyond half of the gap to its neighbour.
    """
    gaps = [(before.stop_seconds + after.start_seconds) / 2 for before, after in itertools.pairwise(spans)]
    limits = [0.0, *gaps, duration_seconds]

    def scaled(factor: float) -> list[TimeRange]:
        return [
            TimeRange(max(low, middle - reach), max(low, min(high, middle + reach)))
            for span, low, high in zip(spans, limits[:-1], limits[1:], strict=True)
            for middle in [(span.start_seconds + span.stop_seconds) / 2]
            for reach in [factor * max(span.duration_seconds, _ROUNDING_SECONDS) / 2]
        ]

    low, high = 0.0, 1.0
    while _total(scaled(high)) < min(seconds, duration_seconds) - _ROUNDING_SECONDS and high < _LARGEST_FACTOR:
        high *= 2
    for _ in range(_HALVINGS):
        factor = (low + high) / 2
        low, high = (low, factor) if _total(scaled(factor)) > seconds else (factor, high)
    return scaled(low)


def _total(spans: Sequence[TimeRange]) -> float:
    return sum(span.duration_seconds for span in spans)


def _captions(highlights: TimedText, spans: Sequence[TimeRange], reel: Reel) -> tuple[Segment, ...]:
    """Move the texts to where their spans lie in the clip."""
    segments: list[Segment] = []
    for segment, span in zip(highlights.segments, spans, strict=True):
        for taken, start in zip(reel.spans, reel.starts_seconds, strict=True):
            shown_from = max(span.start_seconds, taken.start_seconds)
            shown_to = min(span.stop_seconds, taken.stop_seconds)
            if shown_from < shown_to:
                earliest = segments[-1].stop_seconds if segments else 0.0
                begins = max(earliest, start + shown_from - taken.start_seconds)
                segments.append(Segment(begins, max(begins, start + shown_to - taken.start_seconds), segment.text))
                break
    return tuple(segments)
