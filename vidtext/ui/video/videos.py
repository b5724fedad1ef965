"""Taking a video in for the page: look at it, and make a preview of what the browser cannot play."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidtext.clock import format_clock
from vidtext.media.read.probe import probe
from vidtext.media.source.inputs import LocalFile, open_source
from vidtext.media.write.preview import make_preview, plays_in_browsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.media.read.probe import VideoInfo
    from vidtext.settings import Settings

_SUFFIXES = {"mov": ".mp4", "matroska": ".webm"}
"""What a browser wants to see at the end of the name; the others are shown through a preview."""

_CODEC_NAMES = {
    "h264": "H.264",
    "mpeg2video": "MPEG-2",
    "mpeg4": "MPEG-4",
    "rawvideo": "uncompressed",
    "theora": "Theora",
}

_PREVIEW_NOTE = "The player shows a preview that every browser can play; the model reads the original."


@dataclass(frozen=True)
class LoadedVideo:
    """A video that was looked at.

    Attributes:
        source: the file that the models read.
        shown: the file that the player plays: the source itself, or its preview.
        name: what to call it.
        info: what it is.
        notes: how what is shown differs from it.
        key: its identity: the same file brought in again is another video.
    """

    source: Path
    shown: Path
    name: str
    info: VideoInfo
    notes: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: secrets.token_hex(8))


def load_file(path: Path, *, name: str, folder: Path, settings: Settings, job: Job) -> Iterator[LoadedVideo]:
    """Look at a file, make a preview of it into `folder` where one is needed, and yield the video.

    Raises:
        SourceError, MediaError: it is no usable video.
        CancelledError: the job was stopped.
    """
    info = probe(path, settings=settings, job=job)
    if plays_in_browsers(path, settings=settings, job=job):
        yield LoadedVideo(source=path, shown=path, name=name, info=info)
        return
    preview = folder / f"preview-{secrets.token_hex(8)}.mp4"
    notes = make_preview(path, preview, settings=settings, job=job)
    yield LoadedVideo(source=path, shown=preview, name=name, info=info, notes=(_PREVIEW_NOTE, *notes))


def load_address(address: str, *, folder: Path, settings: Settings, job: Job) -> Iterator[LoadedVideo]:
    """Download what an address leads to into `folder`, then go on as with a file.

    The text never names a file of this machine.

    Raises:
        SourceError, MediaError: it cannot be fetched, or is no usable video.
        CancelledError: the job was stopped.
    """
    with open_source(address, settings=settings, job=job, local_paths=False) as file:
        assert isinstance(file, LocalFile)  # noqa: S101  (text never becomes Frames)
        info = probe(file.path, settings=settings, job=job)
        path = folder / f"download-{secrets.token_hex(8)}{_SUFFIXES.get(info.container, '')}"
        shutil.move(os.fspath(file.path), path)
        name = file.name
    yield from load_file(path, name=name, folder=folder, settings=settings, job=job)


def describe(video: LoadedVideo) -> tuple[str, ...]:
    """Say what a video is, in the order of interest: name, length, size, codec, sound."""
    info = video.info
    return (
        video.name,
        format_clock(round(info.duration_seconds, 1)),
        f"{info.width}×{info.height}",
        _CODEC_NAMES.get(info.codec, info.codec.upper()),
        "sound" if info.has_audio else "no sound",
    )
