"""One caption for a video, or one for each window of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidtext.clock import format_clock, is_written_later
from vidtext.compute.leases import wait_for_slot
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.read.sampling import TimeRange, choose_range, split
from vidtext.models.acquire import Workload, acquire_model
from vidtext.models.base import FormerCard, GenerationOptions, ModelInfo
from vidtext.models.loading import resolve_captioner
from vidtext.options import check_limits
from vidtext.settings import Settings
from vidtext.tasks.footage import Footage, open_footage
from vidtext.tasks.options import CaptionOptions
from vidtext.tasks.read_ahead import read_ahead
from vidtext.tasks.results import last_result
from vidtext.text.telling import sentence
from vidtext.text.timed import Segment, TimedText

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from vidtext.compute.memory import MemoryPlan
    from vidtext.media.read.choices import Fit
    from vidtext.media.read.frames import Frames
    from vidtext.media.source.inputs import Source


@dataclass(frozen=True)
class CaptionResult(FormerCard):
    """How far a captioning is. Each result holds all that is finished; the last one is the whole.

    Attributes:
        text: the captions so far, with their times and notes.
        clips: the frames that the model saw for the windows finished since the result before, one clip a window.
        info: the model that wrote them.
        device: where it ran.
        windows_done: how many windows are finished.
        windows_total: how many there will be.
        seconds_taken: wall-clock seconds since the work began.
    """

    text: TimedText
    clips: tuple[Frames, ...]
    info: ModelInfo
    device: str
    windows_done: int
    windows_total: int
    seconds_taken: float


def caption(
    source: Source,
    *,
    model: str | None = None,
    every_seconds: float | None = None,
    start_seconds: float | None = None,
    stop_seconds: float | None = None,
    fit: Fit | None = None,
    max_new_tokens: int = CaptionOptions.max_new_tokens,
    settings: Settings | None = None,
    job: Job | None = None,
) -> TimedText:
    """Caption a video: one segment for all of it, or one for each window of `every_seconds`.

    The arguments are those of `CaptionOptions`; `model` is `settings.models.default` unless told.

    Raises:
        OptionError: an option is not allowed, or the range lies outside the video.
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        ModelError: the model is not known or cannot be loaded.
        CancelledError: the job was stopped.
    """
    settings = settings or Settings()
    options = CaptionOptions(
        model=model or settings.models.default,
        every_seconds=every_seconds,
        start_seconds=start_seconds,
        stop_seconds=stop_seconds,
        fit=fit,
        max_new_tokens=max_new_tokens,
    )
    return last_result(caption_stream(source, options, settings=settings, job=job or Job())).text


def caption_stream(source: Source, options: CaptionOptions, *, settings: Settings, job: Job) -> Iterator[CaptionResult]:
    """Caption a video, yielding what is finished as it comes; the last result is the whole.

    Neighbouring windows that say the same become one segment. Stopping the job, or closing the iterator, ends the
    decoding and the generation. Raises as `caption` does.
    """
    began = time.monotonic()
    check_limits(options, settings)
    writing = GenerationOptions(max_new_tokens=options.max_new_tokens, fit=options.fit)
    with open_footage(source, settings, job) as footage:
        windows = _windows(footage, options, settings)
        resolution = resolve_captioner(options.model, settings)
        at_once = min(settings.tasks.window_batch, len(windows))
        work = Workload(at_once, resolution.info.frames_per_clip, new_tokens=options.max_new_tokens)
        with wait_for_slot(settings, job=job):  # what is slow to read is read before the job has a device
            (first,) = footage.clips(windows, work.frames, _edge(resolution.info, settings), job, slice(1))
        with acquire_model(resolution, work, settings=settings, job=job) as (captioner, plan):
            info = captioner.info
            footage.notes.extend([resolution.note] if resolution.note else [])
            footage.notes.extend(plan.notes)
            edge = _edge(info, settings)
            ready = [first] if len(first) == plan.config.frames and edge == _edge(resolution.info, settings) else []
            text = TimedText((), model=info.id)
            done = 0
            for batch, clips in _looked_at(footage, windows, plan, ready, edge=edge, job=job):
                for window, words in zip(batch, captioner.caption(clips, writing, job), strict=True):
                    text = text.followed_by(Segment(window.start_seconds, window.stop_seconds, sentence(words)))
                done += len(batch)
                yield CaptionResult(
                    text=replace(text, notes=tuple(footage.notes)),
                    clips=tuple(clips),
                    info=info,
                    device=captioner.device,
                    windows_done=done,
                    windows_total=len(windows),
                    seconds_taken=time.monotonic() - began,
                )


def _edge(info: ModelInfo, settings: Settings) -> int:
    """Return the shortest edge that frames are read with: for the model, and for a person to see."""
    return max(info.image_size, settings.output.thumbnail_edge_pixels)


def _looked_at(
    footage: Footage, windows: Sequence[TimeRange], plan: MemoryPlan, ready: Sequence[Frames], *, edge: int, job: Job
) -> Iterator[tuple[Sequence[TimeRange], list[Frames]]]:
    """Yield the windows, as many at once as are planned, with their clips; the next ones are read meanwhile.

    The clips of the first windows may be ready.
    """

    def clips(job: Job) -> Generator[Frames]:
        yield from ready
        if len(ready) < len(windows):
            yield from footage.clips(windows, plan.config.frames, edge, job, slice(len(ready), None))

    with read_ahead(clips, max(2, plan.config.clips), job) as clips_in_turn:
        for batch in _batches(windows, plan.config.clips):
            yield batch, [next(clips_in_turn) for _ in batch]


def _windows(footage: Footage, options: CaptionOptions, settings: Settings) -> list[TimeRange]:
    duration = footage.duration_seconds
    span = choose_range(
        duration,
        start_seconds=options.start_seconds,
        stop_seconds=options.stop_seconds,
        first_seconds=footage.first_seconds,
    )
    if options.stop_seconds is not None and is_written_later(options.stop_seconds, duration):
        footage.notes.append(f"The range was cut at the end of the video, {format_clock(duration)}.")
    if options.every_seconds is None:
        return [span]
    if options.every_seconds > 0 and span.duration_seconds / options.every_seconds > settings.limits.max_windows:
        shortest = span.duration_seconds / settings.limits.max_windows
        raise OptionError(
            f"One caption every {options.every_seconds:g} s makes more than {settings.limits.max_windows} of them. "
            f"Choose {format_clock(shortest)} or more, or a shorter range.",
            option="every_seconds",
        )
    return split(span, every_seconds=options.every_seconds)


def _batches(windows: Sequence[TimeRange], size: int) -> Iterator[Sequence[TimeRange]]:
    """Divide windows into batches; the first has one alone, so that there is something to read soon."""
    yield windows[:1]
    for start in range(1, len(windows), size):
        yield windows[start : start + size]
