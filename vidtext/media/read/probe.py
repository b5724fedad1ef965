"""What a video is, from its headers, its first frame and its last packets."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from vidtext.clock import format_clock
from vidtext.errors import MediaTooLargeError, OptionError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.media.read.opening import is_shown_by_players, moving_tracks, open_video
from vidtext.media.read.video_file import quarter_turns
from vidtext.media.sandbox.guard import guarded
from vidtext.media.sandbox.messages import crosses_process
from vidtext.media.source.inputs import open_source
from vidtext.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from vidtext.media.read.video_file import VideoFile
    from vidtext.media.source.inputs import Source

_BELIEVED_RATE = 121
"""Frames a second up to which a header is believed. Beyond it (two clocks of 1000 Hz are often written there) the rate
is counted."""

_COUNTED_PACKETS = 256

_WIDEST_PIXEL = 10
"""The widest pixels in use, those of anamorphic film on DVD, are below 2:1."""


@crosses_process
@dataclass(frozen=True)
class VideoInfo:
    """A video as it is displayed.

    Attributes:
        duration_seconds: from 0 to the end of the last frame.
        frame_rate: average frames a second, exact.
        width: in pixels, after rotation and with square pixels.
        height: in pixels, after rotation and with square pixels.
        rotation_degrees: how far the stored frames are turned clockwise to stand upright: 0, 90, 180 or 270.
        codec: FFmpeg's name of the codec, such as "h264".
        container: FFmpeg's name of the container, such as "mov" for MP4 and MOV.
        has_audio: whether there is a sound track.
        start_seconds: the stored time that is 0: the container's start, as ffprobe reports it (see
            `vidtext.media.read.file_clock.FileClock`).
        first_frame_seconds: when the first frame is shown: later than 0 where sound begins before the pictures.
        notes: one sentence for each thing that is wrong with the file.
    """

    duration_seconds: float
    frame_rate: Fraction
    width: int
    height: int
    rotation_degrees: int
    codec: str
    container: str
    has_audio: bool
    start_seconds: float
    first_frame_seconds: float
    notes: tuple[str, ...] = ()


def probe(source: Source, *, settings: Settings | None = None, job: Job | None = None) -> VideoInfo:
    """Tell what a video is, decoding no more than its first frame.

    Raises:
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        OptionError: the source is `Frames`, which have no file to probe.
        CancelledError: the job was stopped.
    """
    settings, job = settings or Settings(), job or Job()
    with open_source(source, settings=settings, job=job) as file:
        if isinstance(file, Frames):
            raise OptionError("Frames have no headers to probe; give a file, bytes or an address.")
        return guarded(inspect_file, file.path, settings=settings, job=job)


def inspect_file(path: Path, *, settings: Settings, job: Job) -> VideoInfo:
    """Open a file and tell what it is, as `inspect` does."""
    with open_video(path, settings, job) as video:
        return inspect(video, settings)


def inspect(video: VideoFile, settings: Settings) -> VideoInfo:
    """Tell what an open video is, and refuse it if it is longer than the settings allow.

    Raises:
        MediaTooLargeError: it is longer than the settings allow.
    """
    frame = video.first_frame
    if not is_shown_by_players(video):
        video.note(
            f"Of the file's {len(moving_tracks(video.container))} picture tracks, that of "
            f"{frame.width}×{frame.height} pixels is used; players may show another one."
        )
    duration = _duration_seconds(video)
    if duration > settings.limits.max_duration_seconds:
        raise MediaTooLargeError(
            f"The video is {format_clock(duration)} long; up to {format_clock(settings.limits.max_duration_seconds)} "
            "is allowed. Cut it and try again."
        )
    width, height = max(1, round(frame.width * _pixel_aspect(video))), frame.height
    turns = quarter_turns(frame)
    if turns % 2:
        width, height = height, width
    return VideoInfo(
        duration_seconds=duration,
        frame_rate=_frame_rate(video),
        width=width,
        height=height,
        rotation_degrees=-90 * turns % 360,
        codec=video.stream.codec_context.codec.canonical_name,
        container=video.format_name,
        has_audio=bool(video.container.streams.audio),
        start_seconds=float(video.clock.zero_seconds),
        first_frame_seconds=video.seconds(video.first_tick),
        notes=tuple(video.notes),
    )


def _pixel_aspect(video: VideoFile) -> Fraction:
    """Return how wide a pixel is for its height; what no camera makes is a mistake in the header."""
    aspect = video.stream.sample_aspect_ratio or Fraction(1)
    if not 1 / _WIDEST_PIXEL <= aspect <= _WIDEST_PIXEL:
        video.note(f"The header's pixel shape of {aspect.numerator}:{aspect.denominator} was not believed.")
        return Fraction(1)
    return aspect


def _duration_seconds(video: VideoFile) -> float:
    claimed = video.stream.duration
    if claimed is not None and video.format_name in ("mov", "avi"):
        kept = _kept_ticks(video)
        if kept is None:
            start = video.stream.start_time or 0
            return max(0.0, video.seconds(start + claimed))
        video.note(
            f"The file is cut off: its header promises {format_clock(float(claimed * video.time_base))}, but its "
            f"pictures end at {format_clock(max(0.0, video.seconds(kept)))}."
        )
        return max(0.0, video.seconds(kept))
    stop = video.stop_tick()
    return 0.0 if stop is None else max(0.0, video.seconds(stop))


def _kept_ticks(video: VideoFile) -> int | None:
    """Return where the pictures end in a file that was cut off behind its index; None if nothing is missing."""
    size = video.path.stat().st_size
    entries = video.stream.index_entries
    if not len(entries) or entries[-1].pos + entries[-1].size <= size:
        return None
    inside = [entry for entry in entries if entry.pos + entry.size <= size]
    return inside[-1].timestamp if inside else video.first_tick


def _frame_rate(video: VideoFile) -> Fraction:
    claimed = video.stream.average_rate
    if claimed and claimed <= _BELIEVED_RATE:
        return claimed
    packets = itertools.islice(video.packets(), _COUNTED_PACKETS)
    ticks = sorted(packet.pts for packet in packets if packet.pts is not None)
    if len(ticks) < 2 or ticks[0] == ticks[-1]:  # noqa: PLR2004  a rate needs two frames
        return claimed or Fraction(1)
    rate = (len(ticks) - 1) / ((ticks[-1] - ticks[0]) * video.time_base)
    return rate.limit_denominator(1001)
