"""Films of a few shots, small and quick to render."""

from __future__ import annotations

import functools
from pathlib import Path

from training.scenes import NaturalScene, Register
from training.world import Film, random_film, render_film, render_scene, write_video
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import inspect
from vidtext.media.shots.detect import Scan, scan_shots
from vidtext.settings import Settings

RATE = 25
SIZE = (72, 96)
LEAVES, CLOUDS, WALL = (
    NaturalScene("still", "leaves", "moderate", colour="green"),
    NaturalScene("still", "clouds", "bright", colour="blue"),
    NaturalScene("still", "pattern", "dark", colour="red"),
)


@functools.cache
def film(*scenes: NaturalScene, transitions=None, seconds_each: float = 2.0) -> Film:
    return render_film(scenes, transitions=transitions, seconds_each=seconds_each, frame_rate=RATE, size=SIZE, seed=5)


@functools.cache
def any_film(seed: int, register: Register) -> Film:
    return random_film(seed, register=register, frame_rate=RATE, size=SIZE)


def frames_of(film: Film) -> Frames:
    return Frames(film.pixels, film.seconds)


def encoded(film: Film, path: Path, **how) -> Path:
    write_video(path, film.pixels, frame_rate=RATE, **how)
    return path


def begins(shots) -> list[tuple[float, str]]:
    return [(round(shot.start_seconds, 3), shot.begins) for shot in shots]


def pan(path: Path, seconds: int = 24) -> Path:
    clip = render_scene(NaturalScene("right", "leaves"), seed=6, frames=seconds * RATE, size=SIZE, seconds=seconds)
    write_video(path, clip.pixels, frame_rate=RATE, keyframe_every=50)
    return path


def scans_of(path: Path, *, mode="exact", every_seconds=1.0, edge=16, job=None) -> tuple[list[Scan], list[str]]:
    settings, job = Settings(), job or Job()
    with open_video(path, settings, job) as video:
        info = inspect(video, settings)
        found = scan_shots(video, info, mode=mode, every_seconds=every_seconds, edge=edge, settings=settings, job=job)
        return list(found), video.notes
