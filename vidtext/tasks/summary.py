"""Summary of a video: windows are described, descriptions are told in order, and the moments that differ stand out."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidtext.job import Job
from vidtext.media.read.sampling import TimeRange, split
from vidtext.models.base import FormerCard
from vidtext.options import check_limits
from vidtext.settings import Settings
from vidtext.tasks.division import divide, middle_window
from vidtext.tasks.footage import open_footage
from vidtext.tasks.highlights import Moment, frames_of_moments, look_at, moments_that_differ
from vidtext.tasks.options import SummaryOptions
from vidtext.tasks.results import last_result
from vidtext.tasks.writing import describe_windows, load_writer
from vidtext.text.summary import Summary
from vidtext.text.telling import keywords, told_in_order, without_repeats, wording
from vidtext.text.timed import Segment, TimedText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vidtext.media.read.choices import Fit
    from vidtext.media.read.frames import Frames
    from vidtext.media.source.inputs import Source
    from vidtext.models.base import ModelInfo
    from vidtext.tasks.footage import Footage
    from vidtext.tasks.options import Length, LookBy
    from vidtext.tasks.writing import Writer

_PARTS_OF_TIME = 20
"""`look="time"` looks every 5 % of the duration, but no more often than once a second."""

_KEYWORDS = 8
_ABSTRACT_SENTENCES = 2


@dataclass(frozen=True)
class _Size:
    """What a length means: sentences of the summary, tokens and words of that for a chat model, and highlights."""

    sentences: int
    tokens: int
    in_words: str
    highlights: int


_SIZES: dict[Length, _Size] = {
    "short": _Size(3, 128, "two or three sentences", 3),
    "medium": _Size(6, 256, "one paragraph of four to six sentences", 5),
    "long": _Size(12, 512, "two or three paragraphs, twelve sentences at most,", 8),
}


@dataclass(frozen=True)
class SummaryResult(FormerCard):
    """How far the summary is. Each result holds what can be said so far; the last one is the whole.

    Attributes:
        summary: of what was looked at so far.
        clips: the frames that the model saw since the result before.
        thumbnails: one frame for each highlight, in order; None while there is no highlight.
        info: the model that wrote the words.
        device: where it ran.
        windows_done: how many parts of the video were looked at.
        windows_total: how many there will be.
        seconds_taken: wall-clock seconds since the work began.
    """

    summary: Summary
    clips: tuple[Frames, ...]
    thumbnails: Frames | None
    info: ModelInfo
    device: str
    windows_done: int
    windows_total: int
    seconds_taken: float


def summarize(
    source: Source,
    *,
    model: str | None = None,
    length: Length = SummaryOptions.length,
    look: LookBy = SummaryOptions.look,
    style: str = SummaryOptions.style,
    fit: Fit | None = None,
    settings: Settings | None = None,
    job: Job | None = None,
) -> Summary:
    """Say what a video is about: in one or two sentences, in a paragraph, in highlights with their times, in keywords.

    The arguments are those of `SummaryOptions`; `model` is `settings.models.default` unless told.

    Raises:
        OptionError: an option is not allowed.
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        ModelError: the model is not known or cannot be loaded.
        CancelledError: the job was stopped.
    """
    settings = settings or Settings()
    options = SummaryOptions(model=model or settings.models.default, length=length, look=look, style=style, fit=fit)
    return last_result(summary_stream(source, options, settings=settings, job=job or Job())).summary


def summary_stream(source: Source, options: SummaryOptions, *, settings: Settings, job: Job) -> Iterator[SummaryResult]:
    """Summarize a video, yielding what can be said so far as it grows.

    Windows are described first, then put together: with a captioner by telling what was said in order, each thing once;
    with a chat model by asking it to, in as many rounds as its context needs, when all windows are described. Stopping
    the job, or closing the iterator, ends the decoding and the generation. Raises as `summarize` does.
    """
    began = time.monotonic()
    check_limits(options, settings)
    with (
        open_footage(source, settings, job) as footage,
        load_writer(
            footage, model=options.model, style=options.style, fit=options.fit, settings=settings, job=job
        ) as writer,
    ):
        stretches, windows = _windows(footage, writer, options, job)
        total = sum(map(len, windows))
        moments: list[Moment] = []
        composer = _Composer(writer, _SIZES[options.length], footage.notes)

        def result(summary: Summary, clips: tuple[Frames, ...], chosen: Sequence[Moment]) -> SummaryResult:
            return SummaryResult(
                summary=summary,
                clips=clips,
                thumbnails=frames_of_moments(chosen),
                info=writer.model.info,
                device=writer.model.device,
                windows_done=len(moments),
                windows_total=total,
                seconds_taken=time.monotonic() - began,
            )

        for stretch, group, (clips, texts) in zip(
            stretches, windows, describe_windows(footage, windows, writer, settings, job), strict=True
        ):
            weight = stretch.duration_seconds / len(group)
            moments += [
                look_at(window, clip, text, weight_seconds=weight, model=writer.model, job=job)
                for window, clip, text in zip(group, clips, texts, strict=True)
            ]
            chosen = moments_that_differ(moments, composer.size.highlights)
            yield result(composer.told(moments, chosen), clips, chosen)
        if writer.chat is not None:
            job.report("writing the summary", 0, 1)
            yield result(composer.written(moments, chosen, job), (), chosen)


def _windows(
    footage: Footage, writer: Writer, options: SummaryOptions, job: Job
) -> tuple[Sequence[TimeRange], Sequence[tuple[TimeRange, ...]]]:
    """Return the stretches of the video, and what is looked at in each."""
    if options.look == "time":
        whole = TimeRange(footage.first_seconds, footage.duration_seconds)
        duration = whole.duration_seconds
        parts = min(_PARTS_OF_TIME, max(1, int(duration)))
        stretches = split(whole, every_seconds=duration / parts) if duration > 0 else [whole]
        return stretches, [(middle_window(stretch),) for stretch in stretches]
    division = divide(footage, writer.model, mode="auto", count=None, min_seconds=None, job=job)
    return division.stretches, division.windows


@dataclass(frozen=True)
class _Composer:
    """Puts descriptions of windows together."""

    writer: Writer
    size: _Size
    notes: Sequence[str]

    def told(self, moments: Sequence[Moment], chosen: Sequence[Moment]) -> Summary:
        """Tell in order what holds for longest, each thing once."""
        told = _longest_lasting(moments, self.size.sentences)
        different = len(without_repeats(moment.text for moment in moments))
        left_out = f"{len(told)} of {different} different descriptions are told; a longer summary tells more."
        short = "There are too few different descriptions for a longer summary than a short one."
        no_longer = self.size is not _SIZES["short"] and different <= _SIZES["short"].sentences
        could_tell_more = len(told) < different and self.size.sentences < _SIZES["long"].sentences
        return Summary(
            abstract=told_in_order(_longest_lasting(moments, _ABSTRACT_SENTENCES)),
            summary=told_in_order(told),
            highlights=self._highlights(chosen),
            keywords=keywords(
                [moment.text for moment in moments], [moment.weight_seconds for moment in moments], _KEYWORDS
            ),
            model=self.writer.model.info.id,
            notes=(*self.notes, *([left_out] if could_tell_more else []), *([short] if no_longer else [])),
        )

    def written(self, moments: Sequence[Moment], chosen: Sequence[Moment], job: Job) -> Summary:
        """Let the chat model write about the descriptions."""
        texts = without_repeats(moment.text for moment in moments)
        if not texts:
            told = self.told(moments, chosen)
            return replace(told, notes=(*told.notes, "The model wrote nothing about any part of the video."))
        summary = self.writer.reduce(texts, self.size.in_words, self.size.tokens, job)
        return Summary(
            abstract=self.writer.reduce([summary], "one or two sentences", _SIZES["short"].tokens, job),
            summary=summary,
            highlights=self._highlights(chosen),
            keywords=self.writer.keywords(summary, _KEYWORDS, job),
            model=self.writer.model.info.id,
            notes=tuple(self.notes),
        )

    def _highlights(self, chosen: Sequence[Moment]) -> TimedText:
        segments = (Segment(moment.window.start_seconds, moment.window.stop_seconds, moment.text) for moment in chosen)
        return TimedText(tuple(segments), model=self.writer.model.info.id)


def _longest_lasting(moments: Sequence[Moment], count: int) -> list[str]:
    """Return the `count` different descriptions that hold for longest, in the order of their first times."""
    lasting: defaultdict[str, float] = defaultdict(float)
    for moment in moments:
        lasting[wording(moment.text)] += moment.weight_seconds
    different = without_repeats(moment.text for moment in moments)
    kept = sorted(different, key=lambda text: lasting[wording(text)], reverse=True)[:count]
    return [text for text in different if text in kept]
