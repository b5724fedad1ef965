from __future__ import annotations

from typing import TYPE_CHECKING

from vidtext.job import Job
from vidtext.media.read.sampling import TimeRange
from vidtext.settings import Settings
from vidtext.tasks.footage import open_footage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_frames_of_a_clip_take_no_more_memory_than_they_may(film: Callable[..., Path]) -> None:
    settings = Settings().override(limits__max_frames_bytes=1 << 20)
    with open_footage(film(("red", 3)), settings, Job()) as footage:
        (frames,) = footage.clips([TimeRange(0.0, 3.0)], 300, 48, Job())
    assert len(frames) == 300
    assert frames.pixels.nbytes <= 1 << 20
