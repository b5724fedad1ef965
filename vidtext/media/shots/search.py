"""Looking at every frame of a video, or of a stretch of it, for where shots change."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np

from vidtext.media.read.decode import Picture
from vidtext.media.read.file_clock import FrameTicks
from vidtext.media.read.picture import to_picture
from vidtext.media.read.resize import shrunk_size
from vidtext.media.shots.thumbnail_yuv import tiny_of_rgb, tiny_yuv
from vidtext.media.shots.transitions import TransitionFinder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from vidtext.media.read.frames import Frames
    from vidtext.media.read.video_file import VideoFile
    from vidtext.media.shots.recent_frames import Kind
    from vidtext.media.shots.transitions import Boundary


@dataclass(frozen=True)
class Change:
    """When a new shot starts, and how."""

    seconds: float
    kind: Kind


@dataclass(frozen=True)
class Look:
    """What was found and kept since the look before, and up to which time the video was read."""

    until_seconds: float
    changes: tuple[Change, ...] = ()
    pictures: tuple[Picture, ...] = ()


class ChangeFinder:
    """Turns frames and their times into changes with the times of real frames."""

    def __init__(self, frames_per_second: float) -> None:
        self._finder = TransitionFinder(frames_per_second)
        self._seconds: deque[float] = deque()  # of the frames that a boundary may still be placed at
        self._first = 0

    def add(self, seconds: float, tiny: NDArray[np.uint8]) -> tuple[Change, ...]:
        """Take the next frame; return what is now certain."""
        self._seconds.append(seconds)
        return self._changes(self._finder.add(tiny))

    def finish(self) -> tuple[Change, ...]:
        """Return what was waiting for more frames."""
        return self._changes(self._finder.finish())

    def _changes(self, boundaries: list[Boundary]) -> tuple[Change, ...]:
        changes = tuple(Change(self._seconds[each.frame - self._first], each.kind) for each in boundaries)
        while self._first < self._finder.open_from:
            self._seconds.popleft()
            self._first += 1
        return changes


class Keeper:
    """Says which frames to keep, about one every so many seconds, the first one always."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._due = 0.0

    def wants(self, seconds: float) -> bool:
        """Tell whether to keep the frame that is shown at this time; a millisecond early counts as on time."""
        if seconds < self._due - 1e-3:
            return False
        self._due = seconds + self._every
        return True


def look_at_all(
    video: VideoFile, frames_per_second: float, *, every_seconds: float, size: tuple[int, int]
) -> Generator[Look, None, None]:
    """Look at every frame of a video; pictures have the given width and height."""
    finder, keeper = ChangeFinder(frames_per_second), Keeper(every_seconds)
    ticks = FrameTicks(video.clock)
    latest = 0.0
    for frame in decoded(video, video.packets()):
        # As in `decode`: where a clock jumps back, time stands still.
        latest = max(latest, video.seconds(ticks.of(frame)))
        kept = (Picture(to_picture(frame, *size), latest),) if keeper.wants(latest) else ()
        yield Look(latest, finder.add(latest, tiny_yuv(frame)), kept)
    yield Look(latest, finder.finish())


def look_at_given(frames: Frames, *, every_seconds: float, edge: int) -> Generator[Look, None, None]:
    """Look at every one of given frames; pictures have the given shortest edge."""
    span = float(frames.seconds[-1] - frames.seconds[0])
    finder, keeper = ChangeFinder((len(frames) - 1) / span if span else 1.0), Keeper(every_seconds)
    height, width = frames.pixels.shape[1:3]
    size = shrunk_size(width, height, shortest_edge=edge)
    for pixels, seconds in zip(frames.pixels, frames.seconds.tolist(), strict=True):
        kept: tuple[Picture, ...] = ()
        if keeper.wants(seconds):
            kept = (Picture(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8), seconds),)
        yield Look(seconds, finder.add(seconds, tiny_of_rgb(pixels)), kept)
    yield Look(float(frames.seconds[-1]), finder.finish())


def decoded(video: VideoFile, packets: Iterable[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """Decode packets, and empty the decoder behind them; what is damaged is left out with a note."""
    context = video.stream.codec_context
    context.skip_frame = "DEFAULT"
    for packet in itertools.chain(packets, (None,)):
        try:
            frames = context.decode(packet)
        except av.FFmpegError:
            frames = None
        whole = [frame for frame in frames or () if not frame.is_corrupt]
        if frames is None or len(whole) < len(frames):
            video.note("The file is damaged: frames that could not be decoded were left out.")
        yield from whole
