"""Shots: the stretches between cuts, dissolves and fades. One pass over a video finds them, and keeps a few pictures.

`exact` looks at every frame. `fast` looks at the keyframes, and at every frame only where two of them differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.read.choices import SHOT_MODES
from vidtext.media.read.frames import Frames
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import inspect
from vidtext.media.read.resize import shrunk_size
from vidtext.media.sandbox.guard import guarded
from vidtext.media.sandbox.messages import crosses_process
from vidtext.media.source.inputs import open_source
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from vidtext.media.read.choices import ShotMode
    from vidtext.media.read.decode import Picture
    from vidtext.media.read.probe import VideoInfo
    from vidtext.media.read.video_file import VideoFile
    from vidtext.media.shots.search import Look
    from vidtext.media.source.inputs import Source


@crosses_process
@dataclass(frozen=True)
class Shot:
    """A half-open stretch that one camera filmed without a break, and how it begins.

    Attributes:
        start_seconds: when its first frame is really shown; 0 for the first shot, see `FileClock`. Where it comes out
            of a dissolve or a fade, that is the frame in the middle of it, or in the middle of the blank ones.
        stop_seconds: the start of the next shot, or the end of the video.
        begins: "start" for the first shot, then how the one before became this one; a fade goes through black or white.
    """

    start_seconds: float
    stop_seconds: float
    begins: Literal["start", "cut", "dissolve", "fade"] = "cut"


@crosses_process
@dataclass(frozen=True)
class Scan:
    """How far a search for shots is.

    Attributes:
        shots: the shots that are finished, from the start of the video without a gap. Those of the last item reach the
            end of the video.
        pictures: frames that were kept since the item before, in the order of their times.
    """

    shots: tuple[Shot, ...]
    pictures: tuple[Picture, ...]


def find_shots(
    source: Source, *, mode: ShotMode = "auto", settings: Settings | None = None, job: Job | None = None
) -> tuple[Shot, ...]:
    """Divide a video into shots, from its start to its end without a gap.

    A shot has at least three frames; what is there for less is a flash. Of a video without a cut, all is one shot.

    Args:
        source: a path, bytes, base64 text, a `data:` or http(s) address, or `Frames`.
        mode: `exact` looks at every frame. `fast` looks at the keyframes, and at the frames between two of them only
            where the two differ; it may pass over what comes and goes between two like keyframes. `auto` is `exact` up
            to `settings.tasks.fast_shots_from_seconds` and `fast` for longer videos.
        settings: the limits.
        job: to watch or stop the work.

    Raises:
        OptionError: `mode` is not one of these.
        SourceError: the source cannot be fetched or read.
        MediaError: it is not a usable video, or larger than the settings allow.
        CancelledError: the job was stopped.
    """
    settings, job = settings or Settings(), job or Job()
    _check_mode(mode)
    shots: tuple[Shot, ...] = ()
    with open_source(source, settings=settings, job=job) as opened:
        if isinstance(opened, Frames):
            for scan in scan_frames(opened, mode=mode, every_seconds=math.inf, edge=1, settings=settings, job=job):
                shots = scan.shots
            return shots
        return guarded(_shots_of_file, opened.path, mode, settings=settings, job=job)


def _shots_of_file(path: Path, mode: ShotMode, *, settings: Settings, job: Job) -> tuple[Shot, ...]:
    shots: tuple[Shot, ...] = ()
    with open_video(path, settings, job) as video:
        info = inspect(video, settings)
        for scan in scan_shots(video, info, mode=mode, every_seconds=math.inf, edge=1, settings=settings, job=job):
            shots = scan.shots
    return shots


def read_shots(
    path: Path, info: VideoInfo, *, mode: ShotMode, every_seconds: float, edge: int, settings: Settings, job: Job
) -> Generator[tuple[Scan, tuple[str, ...]], None, None]:
    """Look for the shots of a file, as `scan_shots` does.

    Yields:
        The shots that are new since the item before, with pictures, and all notes on the file so far.
    """
    known = 0
    with open_video(path, settings, job) as video:
        for scan in scan_shots(
            video, info, mode=mode, every_seconds=every_seconds, edge=edge, settings=settings, job=job
        ):
            yield Scan(scan.shots[known:], scan.pictures), tuple(video.notes)
            known = len(scan.shots)


def scan_shots(
    video: VideoFile,
    info: VideoInfo,
    *,
    mode: ShotMode,
    every_seconds: float,
    edge: int,
    settings: Settings,
    job: Job,
) -> Generator[Scan, None, None]:
    """Look for the shots of an open video, and keep pictures of frames that are decoded for it anyway.

    Args:
        video: an open video; nothing else may read it meanwhile.
        info: what `inspect` says of it.
        mode: see `find_shots`. Where the keyframes of a file are of no use, `fast` becomes `exact`, and a note of the
            video says so.
        every_seconds: about the time from one kept picture to the next. The first frame is always kept; in `fast` mode
            there are no more pictures than keyframes, besides the stretches that are looked at closely.
        edge: the shortest edge of the pictures in pixels, the aspect kept; never larger than the video.
        settings: says where `auto` changes its mode.
        job: is told "looking for shots", seconds done, seconds in all; checked at every packet.

    Raises:
        OptionError: `mode` is not one of the known ones.
        CancelledError: the job was stopped.
    """
    from vidtext.media.shots.keyframes import look_at_keyframes
    from vidtext.media.shots.search import look_at_all

    _check_mode(mode)
    size = shrunk_size(info.width, info.height, shortest_edge=edge)
    rate = float(info.frame_rate)
    fast = mode == "fast" or (mode == "auto" and info.duration_seconds > settings.tasks.fast_shots_from_seconds)
    keyframes = video.keyframes() if fast else []
    if fast and len(keyframes) < 2:  # noqa: PLR2004  two to compare
        video.note("The file has no keyframes to go by: every frame was looked at for shots.")
        fast = False
    if fast:
        looks = look_at_keyframes(video, keyframes, rate, every_seconds=every_seconds, size=size)
    else:
        looks = look_at_all(video, rate, every_seconds=every_seconds, size=size)
    yield from _scans(looks, info.duration_seconds, job)


def scan_frames(
    frames: Frames, *, mode: ShotMode, every_seconds: float, edge: int, settings: Settings, job: Job
) -> Generator[Scan, None, None]:
    """Do the same with frames that are already there; all of them are looked at, in every mode.

    The last shot stops with the last frame, as `Frames.end_seconds` tells it.

    Raises:
        OptionError: `mode` is not one of the known ones.
        CancelledError: the job was stopped.
    """
    from vidtext.media.shots.search import look_at_given

    _check_mode(mode)
    del settings  # the same arguments as those of scan_shots, so that either can be called
    looks = look_at_given(frames, every_seconds=every_seconds, edge=edge)
    yield from _scans(looks, frames.end_seconds, job)


def _check_mode(mode: ShotMode) -> None:
    if mode not in SHOT_MODES:
        raise OptionError(f"mode={mode!r} is not known. Choose one of {', '.join(SHOT_MODES)}.")


def _scans(looks: Generator[Look, None, None], duration_seconds: float, job: Job) -> Generator[Scan, None, None]:
    shots: list[Shot] = []
    begun = Shot(0.0, duration_seconds, "start")
    reported = -1
    try:
        for look in looks:
            if int(look.until_seconds) > reported:
                reported = int(look.until_seconds)
                job.report("looking for shots", min(reported, math.ceil(duration_seconds)), math.ceil(duration_seconds))
            for change in look.changes:
                if begun.start_seconds < change.seconds < duration_seconds:
                    shots.append(Shot(begun.start_seconds, change.seconds, begun.begins))
                    begun = Shot(change.seconds, duration_seconds, change.kind)
            if look.changes or look.pictures:
                yield Scan(tuple(shots), look.pictures)
    finally:
        looks.close()
    yield Scan((*shots, begun), ())
