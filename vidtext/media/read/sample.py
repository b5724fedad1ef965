"""From a source to a few of its frames: the road through this floor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from vidtext.clock import format_clock, is_written_later
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.read import sampling
from vidtext.media.read.decode import decode
from vidtext.media.read.frames import Frames
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import inspect
from vidtext.media.read.resize import shrunk_size
from vidtext.media.sandbox.guard import guarded_stream
from vidtext.media.sandbox.messages import crosses_process
from vidtext.media.source.inputs import open_source
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from vidtext.media.read.decode import Picture, Snap
    from vidtext.media.read.probe import VideoInfo
    from vidtext.media.source.inputs import Source

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
        at_seconds: the times themselves.
        start_seconds: where the range starts.
        stop_seconds: where the range stops.
        snap: see `vidtext.media.read.decode.decode`.
        size: shrink to this many pixels at the shortest edge, the aspect kept, or to exactly `(height, width)`; None
            keeps the size as long as all frames together stay below `settings.limits.max_frames_bytes`.
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
    wish = _Wish(frames, every_seconds, at_seconds, start_seconds, stop_seconds, snap, size)
    with open_source(source, settings=settings, job=job) as opened:
        if isinstance(opened, Frames):
            return pick(opened, wish.times(opened.end_seconds, settings, first_seconds=float(opened.seconds[0])))
        items = guarded_stream(_read_wished, opened.path, wish, settings=settings, job=job)
        found = cast("Found", next(items))
        info, width, height = found.info, found.width, found.height
        pixels = np.empty((found.count, height, width, _RGB_BYTES), dtype=np.uint8)
        shown = np.empty(found.count, dtype=np.float64)
        notes: tuple[str, ...] = ()
        for index, item in enumerate(items):
            picture, notes = cast("tuple[Picture, tuple[str, ...]]", item)
            pixels[index], shown[index] = picture.pixels, picture.seconds
            job.report("reading frames", index + 1, found.count)
    if size is None and (width, height) != (info.width, info.height):
        notes += (f"The frames were shrunk from {info.width}×{info.height} to {width}×{height} to fit in memory.",)
    if stop_seconds is not None and is_written_later(stop_seconds, info.duration_seconds):
        notes += (f"The range was cut at the end of the video, {format_clock(info.duration_seconds)}.",)
    return Frames(pixels, shown, notes)


@dataclass(frozen=True)
class _Wish:
    """What `sample` was asked for."""

    frames: int | None
    every_seconds: float | None
    at_seconds: Sequence[float] | None
    start_seconds: float | None
    stop_seconds: float | None
    snap: Snap
    size: int | tuple[int, int] | None

    def times(self, duration_seconds: float, settings: Settings, *, first_seconds: float = 0.0) -> list[float]:
        """Choose the times of the frames."""
        span = sampling.choose_range(
            duration_seconds,
            start_seconds=self.start_seconds,
            stop_seconds=self.stop_seconds,
            first_seconds=first_seconds,
        )
        if self.at_seconds is not None:
            _check_count(len(self.at_seconds), settings)
            return sampling.checked_seconds(self.at_seconds, span)
        if self.every_seconds is not None:
            _check_count(span.duration_seconds / self.every_seconds if self.every_seconds > 0 else 0, settings)
            return sampling.stepped_seconds(self.every_seconds, span)
        count = 8 if self.frames is None else self.frames
        _check_count(count, settings)
        return sampling.uniform_seconds(count, span)


@crosses_process
@dataclass(frozen=True)
class Found:
    """How many pictures a file is going to give, and of which size."""

    info: VideoInfo
    count: int
    width: int
    height: int


def _read_wished(
    path: Path, wish: _Wish, *, settings: Settings, job: Job
) -> Generator[Found | tuple[Picture, tuple[str, ...]], None, None]:
    """Yield what comes, then each picture with all notes on the file so far."""
    with open_video(path, settings, job) as video:
        info = inspect(video, settings)
        times = wish.times(info.duration_seconds, settings)
        width, height = _size(info.width, info.height, len(times), wish.size, settings)
        yield Found(info, len(times), width, height)
        for picture in decode(video, times, width=width, height=height, snap=wish.snap, job=job):
            yield picture, tuple(video.notes)


def read_pictures(
    path: Path, seconds: Sequence[float], *, width: int, height: int, settings: Settings, job: Job
) -> Generator[tuple[Picture, tuple[str, ...]], None, None]:
    """Yield one picture of a file for each wanted time, as `decode` does, and with each all notes on it so far."""
    with open_video(path, settings, job) as video:
        for picture in decode(video, seconds, width=width, height=height, snap="exact", job=job):
            yield picture, tuple(video.notes)


def pick(frames: Frames, seconds: Sequence[float]) -> Frames:
    """Choose, among frames that are already there, those on screen at the wanted times."""
    places = np.maximum(np.searchsorted(frames.seconds, np.asarray(seconds) + 1e-6, side="right") - 1, 0)
    return Frames(frames.pixels[places], frames.seconds[places], frames.notes)


def _check_count(count: float, settings: Settings) -> None:
    if count > settings.limits.max_frames:
        raise OptionError(f"{count:.0f} frames were asked for; up to {settings.limits.max_frames} are allowed.")


def _check_size(size: tuple[int, int], count: int, settings: Settings) -> None:
    height, width = size
    if min(size) < 1 or height * width * _RGB_BYTES * count > settings.limits.max_frames_bytes:
        raise OptionError(
            f"size={size} is not possible: {count} frames of {width}×{height} pixels take more than "
            f"{settings.limits.max_frames_bytes / 1e6:.0f} MB, or have no pixels. Ask for smaller or fewer frames."
        )


def _size(
    width: int, height: int, count: int, size: int | tuple[int, int] | None, settings: Settings
) -> tuple[int, int]:
    if isinstance(size, tuple):
        _check_size(size, count, settings)
        return size[1], size[0]
    if size is not None:
        _check_size((size, size), count, settings)
        return fitting_size(*shrunk_size(width, height, shortest_edge=size), count, settings)
    return fitting_size(width, height, count, settings)


def fitting_size(width: int, height: int, count: int, settings: Settings) -> tuple[int, int]:
    """Return a width and height, shrunk if so many frames would take more than `settings.limits.max_frames_bytes`."""
    scale = min(1.0, (settings.limits.max_frames_bytes / (count * width * height * _RGB_BYTES)) ** 0.5)
    return max(1, int(width * scale)), max(1, int(height * scale))
