"""All that is done with a file that a visitor brings, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidtext.errors import VidtextError
from vidtext.job import Job
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.sandbox.guard import guarded
from vidtext.media.shots.detect import find_shots
from vidtext.media.write.preview import make_preview, plays_in_browsers

if TYPE_CHECKING:
    from vidtext.settings import Settings

LAST_WORDS = ("try again", "again", "choose", "can be read", "allowed", "convert", "export", "download", "make", "give")
"""A message for a person says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What a file got: "result" or the name of the error, what was said, and how long it took."""

    kind: str
    said: str
    seconds: float

    @property
    def crashed(self) -> bool:
        return "crash" in self.said

    @property
    def hung(self) -> bool:
        return "busy with one frame" in self.said


def visit(path: Path, settings: Settings, *, one_worker: bool = False) -> Outcome:
    """Do with a file what the page does. Anything but a result or a clear error is a defect, and is raised.

    Args:
        path: the file.
        settings: the limits.
        one_worker: whether everything is done in one guarded worker, not each thing in its own: much faster.
    """
    began = time.monotonic()
    try:
        if one_worker:
            said = guarded(everything, path, settings=settings, job=Job())
        else:
            said = everything(path, settings=settings, job=Job())
    except VidtextError as error:
        return Outcome(type(error).__name__, str(error), time.monotonic() - began)
    return Outcome("result", said, time.monotonic() - began)


def everything(path: Path, *, settings: Settings, job: Job) -> str:
    """Look at the file, make it playable, and take frames and shots out of it."""
    info = probe(path, settings=settings, job=job)
    frames = sample(path, frames=6, size=32, settings=settings, job=job)
    shots = find_shots(path, settings=settings, job=job)
    notes = frames.notes
    if not plays_in_browsers(path, settings=settings, job=job):
        preview = path.with_name(f"{path.stem[:80]}.preview.mp4")
        try:
            notes += make_preview(path, preview, settings=settings, job=job)
        finally:
            preview.unlink(missing_ok=True)
    return f"{info.duration_seconds:.1f} s, {len(frames)} frames, {len(shots)} shots; {' '.join(notes)}"
