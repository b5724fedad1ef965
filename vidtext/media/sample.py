"""From a source to a few of its frames: the road through this floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vidtext.clock import format_clock
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media import sampling
from vidtext.media.decode import decode
from vidtext.media.frames import Frames
from vidtext.media.opening import open_video
from vidtext.media.probe import inspect
from vidtext.media.resize import shrunk_size
from vidtext.media.source import open_source
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.media.decode import Snap
    from vidtext.media.source import Source

_RGB_BYTES = 3


def sample(
    source: Source,
    *,
    frames: int | None = None,
    every_seconds: float | None = None,
    at_seconds: Sequence[float] | None = None,
    start_seconds: float | None = None,
    stop_seconds: float | None = None,
    snap: Snap = "exact",
    size: int | tuple[int, int] | None = None,
    settings: Settings | None = None,
    job: Job | None = None,
) -> Frames:
    """Take frames out of a video: `frames` spread evenly (8 unless told), one `every_seconds`, or those `at_seconds`.

    Args:
        source: a path, bytes, base64 text, a `data:` or http(s) address, or `Frames`.
        frames: how many, in the middles of as many equal parts of the range.
        every_seconds: the time from one frame to the next, from the start of the range.
        at_seconds: the times themselves, counted from the first frame that is shown.
        start_seconds: where the range starts.
        stop_seconds: where the range stops.
        snap: see `vidtext.media.decode.decode`.
        size: shrink to this many pixels at the shortest edge, the aspect kept, or to exactly `(height, width)`; None
            keeps the size as long as all frames together stay below `settings.max_frames_bytes`.
        settings: the limits.
        job: to watch or stop the work.

    Returns:
        `Frames`, upright, `(N, H, W, 3)` uint8 RGB, with the times at which they are really shown.

    Raises:
        OptionError: more than one way to choose times, a time or range outside the video, too many frames.
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        CancelledError: the job was stopped.
    """
    settings, job = settings or Settings(), job or Job()
    if sum(choice is not None for choice in (frames, every_seconds, at_seconds)) > 1:
        raise OptionError("Choose one of frames, every_seconds and at_seconds.")

    def choose(duration_seconds: float) -> list[float]:
        span = sampling.choose_range(duration_seconds, start_seconds=start_seconds, stop_seconds=stop_seconds)
        if at_seconds is not None:
            _check_count(len(at_seconds), settings)
            return sampling.checked_seconds(at_seconds, span)
        if every_seconds is not None:
            _check_count(span.duration_seconds / every_seconds if every_seconds > 0 else 0, settings)
            return sampling.stepped_seconds(every_seconds, span)
        count = 8 if frames is None else frames
        _check_count(count, settings)
        return sampling.uniform_seconds(count, span)

    with open_source(source, settings=settings, job=job) as opened:
        if isinstance(opened, Frames):
            return pick(opened, choose(float(opened.seconds[-1])))
        with open_video(opened.path, settings, job) as video:
            info = inspect(video, settings)
            times = choose(info.duration_seconds)
            width, height = _size(info.width, info.height, len(times), size, settings)
            pixels = np.empty((len(times), height, width, _RGB_BYTES), dtype=np.uint8)
            shown = np.empty(len(times), dtype=np.float64)
            for index, picture in enumerate(decode(video, times, width=width, height=height, snap=snap, job=job)):
                pixels[index], shown[index] = picture.pixels, picture.seconds
                job.report("reading frames", index + 1, len(times))
            notes = tuple(video.notes)
    if size is None and (width, height) != (info.width, info.height):
        notes += (f"The frames were shrunk from {info.width}×{info.height} to {width}×{height} to fit in memory.",)
    if stop_seconds is not None and stop_seconds > info.duration_seconds:
        notes += (f"The range was cut at the end of the video, {format_clock(info.duration_seconds)}.",)
    return Frames(pixels, shown, notes)


def pick(frames: Frames, seconds: Sequence[float]) -> Frames:
    """Choose, among frames that are already there, those on screen at the wanted times."""
    places = np.maximum(np.searchsorted(frames.seconds, np.asarray(seconds) + 1e-6, side="right") - 1, 0)
    return Frames(frames.pixels[places], frames.seconds[places], frames.notes)


def _check_count(count: float, settings: Settings) -> None:
    if count > settings.max_frames:
        raise OptionError(f"{count:.0f} frames were asked for; up to {settings.max_frames} are allowed.")


def _check_size(size: tuple[int, int], count: int, settings: Settings) -> None:
    height, width = size
    if min(size) < 1 or height * width * _RGB_BYTES * count > settings.max_frames_bytes:
        raise OptionError(
            f"size={size} is not possible: {count} frames of {width}×{height} pixels take more than "
            f"{settings.max_frames_bytes / 1e6:.0f} MB, or have no pixels. Ask for smaller or fewer frames."
        )


def _size(
    width: int, height: int, count: int, size: int | tuple[int, int] | None, settings: Settings
) -> tuple[int, int]:
    if isinstance(size, tuple):
        _check_size(size, count, settings)
        return size[1], size[0]
    if size is not None:
        _check_size((size, size), count, settings)
        return shrunk_size(width, height, shortest_edge=size)
    scale = min(1.0, (settings.max_frames_bytes / (count * width * height * _RGB_BYTES)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
