"""What a task works on, opened: its length, its shots, and a way to its frames, whatever kind of source it was."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidtext.compute.leases import wait_for_slot
from vidtext.media.read.decode import Picture
from vidtext.media.read.frames import Frames
from vidtext.media.read.probe import inspect_file
from vidtext.media.read.resize import shrunk_size
from vidtext.media.read.sample import fitting_size, pick, read_pictures
from vidtext.media.read.sampling import TimeRange, uniform_seconds
from vidtext.media.sandbox.guard import guarded, guarded_stream
from vidtext.media.shots.detect import Scan, Shot, read_shots, scan_frames
from vidtext.media.source.inputs import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from vidtext.job import Job
    from vidtext.media.read.choices import ShotMode
    from vidtext.media.read.probe import VideoInfo
    from vidtext.media.source.inputs import LocalFile, Source
    from vidtext.settings import Settings


_ALL = slice(None)


@dataclass(frozen=True)
class Footage:
    """An open source.

    Attributes:
        name: what to call it before people.
        first_seconds: where it begins: 0, but for frames that were given with other times.
        duration_seconds: when the last frame ends.
        notes: what is wrong with it so far; grows while it is read.
        read: yields a picture for each of the wanted times, which must not decrease, with the given shortest edge;
            smaller where as many as are told to be held at once would take more than
            `settings.limits.max_frames_bytes`.
        scan: looks for shots; keeps a picture about every so many seconds, with the given shortest edge.
    """

    name: str
    first_seconds: float
    duration_seconds: float
    notes: list[str]
    read: Callable[[Sequence[float], int, int], Generator[Picture, None, None]]
    scan: Callable[[ShotMode, float, int], Generator[Scan, None, None]]

    def clips(
        self, windows: Sequence[TimeRange], frames_per_clip: int, edge: int, job: Job, part: slice = _ALL
    ) -> Generator[Frames, None, None]:
        """Yield one clip for each window, its frames evenly spread over it; the windows are in order.

        Args:
            windows: all windows of the work, which its progress is told of.
            frames_per_clip: how many frames each clip has.
            edge: the shortest edge of the frames in pixels, at least.
            job: to watch or stop the work.
            part: the windows to read now; those before them are taken as read.
        """
        first, stop, _ = part.indices(len(windows))
        wanted = [second for window in windows[part] for second in uniform_seconds(frames_per_clip, window)]
        pictures = self.read(wanted, edge, frames_per_clip)
        try:
            for window in range(first, stop):
                taken: list[Picture] = []
                for picture in itertools.islice(pictures, frames_per_clip):
                    taken.append(picture)
                    done = window * frames_per_clip + len(taken)
                    job.report("reading frames", done, len(windows) * frames_per_clip)
                yield frames_of(taken)
        finally:
            pictures.close()


def frames_of(pictures: Sequence[Picture]) -> Frames:
    """Put pictures of one size together."""
    return Frames(
        np.stack([picture.pixels for picture in pictures]), np.array([picture.seconds for picture in pictures])
    )


@contextmanager
def open_footage(source: Source, settings: Settings, job: Job) -> Iterator[Footage]:
    """Open whatever was given. A file is looked at in a turn of its own, before the job has a device.

    Raises:
        SourceError, MediaError: it is no usable video.
        BusyError: too many wait for a turn already.
    """
    with open_source(source, settings=settings, job=job) as opened:
        if isinstance(opened, Frames):
            yield _given_frames(opened, settings, job)
            return
        with wait_for_slot(settings, job=job):
            info = guarded(inspect_file, opened.path, settings=settings, job=job)
        yield _file(opened, info, settings, job)


def _file(file: LocalFile, info: VideoInfo, settings: Settings, job: Job) -> Footage:
    notes = list(info.notes)

    def read(seconds: Sequence[float], edge: int, held: int) -> Generator[Picture, None, None]:
        width, height = fitting_size(*shrunk_size(info.width, info.height, shortest_edge=edge), held, settings)
        items = guarded_stream(
            read_pictures, file.path, seconds, width=width, height=height, settings=settings, job=job
        )
        for picture, known in items:
            notes.extend(note for note in known if note not in notes)
            yield picture

    def scan(mode: ShotMode, every_seconds: float, edge: int) -> Generator[Scan, None, None]:
        shots: tuple[Shot, ...] = ()
        items = guarded_stream(
            read_shots, file.path, info, mode=mode, every_seconds=every_seconds, edge=edge, settings=settings, job=job
        )
        for found, known in items:
            notes.extend(note for note in known if note not in notes)
            shots += found.shots
            yield Scan(shots, found.pictures)

    return Footage(file.name, 0.0, info.duration_seconds, notes, read, scan)


def _given_frames(frames: Frames, settings: Settings, job: Job) -> Footage:
    def read(seconds: Sequence[float], edge: int, held: int) -> Generator[Picture, None, None]:  # noqa: ARG001  all there
        for second in seconds:
            chosen = pick(frames, [second])
            yield Picture(chosen.pixels[0], float(chosen.seconds[0]))

    def scan(mode: ShotMode, every_seconds: float, edge: int) -> Generator[Scan, None, None]:
        return scan_frames(frames, mode=mode, every_seconds=every_seconds, edge=edge, settings=settings, job=job)

    return Footage("frames", float(frames.seconds[0]), frames.end_seconds, list(frames.notes), read, scan)
