"""Shots that are looked for among the keyframes first."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.clips import write_clip
from tests.media.films import CLOUDS, LEAVES, RATE, SIZE, WALL, begins, film, pan, scans_of
from training.world import Transition, render_scene
from vidtext.media.read.frames import Frames
from vidtext.media.shots import keyframes as shot_keyframes
from vidtext.media.shots import search as shot_search
from vidtext.media.shots.detect import find_shots
from vidtext.settings import Settings


@pytest.fixture
def looked_at(monkeypatch) -> list[int]:
    """Count the frames that are looked at."""
    counted: list[int] = []

    def counting(frame: av.VideoFrame) -> np.ndarray:
        counted.append(1)
        return tiny_yuv(frame)

    tiny_yuv = shot_search.tiny_yuv
    monkeypatch.setattr(shot_search, "tiny_yuv", counting)
    monkeypatch.setattr(shot_keyframes, "tiny_yuv", counting)
    return counted


def test_a_long_pan_is_not_decoded_but_for_its_keyframes_and_end(tmp_path: Path, looked_at) -> None:
    assert len(find_shots(pan(tmp_path / "clip.mp4"), mode="fast")) == 1

    assert 12 <= len(looked_at) <= 12 + 50


def test_exact_looks_at_every_frame_once(tmp_path: Path, looked_at) -> None:
    find_shots(pan(tmp_path / "clip.mp4", seconds=4), mode="exact")

    assert len(looked_at) == 100


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
def test_a_cut_between_keyframes_is_found(tmp_path: Path, name: str) -> None:
    made = film(LEAVES, WALL, CLOUDS, seconds_each=2.2)

    path = write_clip(tmp_path / name, list(made.pixels), rate=RATE, keyframe_every=50)

    assert begins(find_shots(path, mode="fast")) == [(0.0, "start"), (2.2, "cut"), (4.4, "cut")]


@pytest.mark.parametrize("behind", [1, 2, 3])
def test_a_cut_just_behind_a_keyframe_is_found(tmp_path: Path, behind: int) -> None:
    frames = render_scene(LEAVES, seed=1, frames=120, size=SIZE, seconds=4.8).pixels
    frames[50 + behind :] = render_scene(WALL, seed=2, frames=70 - behind, size=SIZE).pixels
    path = write_clip(tmp_path / "clip.mp4", list(frames), rate=RATE, keyframe_every=50)

    assert begins(find_shots(path, mode="fast")) == [(0.0, "start"), ((50 + behind) / RATE, "cut")]


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_between_two_shots_hides_no_cut(length: int) -> None:
    made = film(LEAVES, WALL)
    flashed = made.pixels.copy()
    flashed[50 - length : 50] = 255

    assert begins(find_shots(Frames(flashed, made.seconds))) == [(0.0, "start"), (2.0, "cut")]


def test_a_shot_between_two_keyframes_of_another_is_found_by_its_packets(tmp_path: Path) -> None:
    one = render_scene(LEAVES, seed=1, frames=100, size=SIZE, seconds=4.0).pixels
    one[60:80] = render_scene(WALL, seed=2, frames=20, size=SIZE).pixels
    path = write_clip(tmp_path / "clip.mp4", list(one), rate=RATE, keyframe_every=50)

    assert begins(find_shots(path, mode="fast")) == [(0.0, "start"), (2.4, "cut"), (3.2, "cut")]


def test_a_fade_is_found_where_every_frame_is_a_keyframe(tmp_path: Path) -> None:
    faded = film(LEAVES, WALL, transitions=(Transition("fade", 40),), seconds_each=3.0)
    path = write_clip(tmp_path / "clip.mp4", list(faded.pixels), rate=RATE, keyframe_every=1)

    assert [shot.begins for shot in find_shots(path, mode="fast")] == ["start", "fade"]


def test_open_groups_of_pictures_hide_no_cut(tmp_path: Path) -> None:
    made = film(LEAVES, WALL, CLOUDS, seconds_each=2.2)
    options = {"bf": "3", "x264-params": "open-gop=1"}
    path = write_clip(tmp_path / "clip.mkv", list(made.pixels), rate=RATE, keyframe_every=25, options=options)

    assert begins(find_shots(path, mode="fast")) == [(0.0, "start"), (2.2, "cut"), (4.4, "cut")]


def test_one_keyframe_is_not_enough_and_a_note_says_so(tmp_path: Path) -> None:
    made = film(LEAVES, WALL)
    path = write_clip(tmp_path / "clip.mp4", list(made.pixels), rate=RATE, keyframe_every=1000)

    scans, notes = scans_of(path, mode="fast")

    assert begins(scans[-1].shots) == [(0.0, "start"), (2.0, "cut")]
    assert notes == ["The file has no keyframes to go by: every frame was looked at for shots."]


def test_frames_that_are_timed_by_counting_are_all_looked_at(tmp_path: Path) -> None:
    made = film(LEAVES, WALL)
    path = write_clip(
        tmp_path / "clip.avi", list(made.pixels), codec="mpeg4", rate=RATE, bit_rate=2_000_000, max_b_frames=2
    )

    scans, notes = scans_of(path, mode="fast")

    assert begins(scans[-1].shots) == [(0.0, "start"), (2.0, "cut")]
    assert len(notes) == 1


@pytest.mark.parametrize(("limit", "looks"), [(3.0, 62), (5.0, 100)])
def test_auto_goes_by_the_length(tmp_path: Path, looked_at, limit: float, looks: int) -> None:
    path = pan(tmp_path / "clip.mp4", seconds=4)

    find_shots(path, mode="auto", settings=Settings().override(tasks__fast_shots_from_seconds=limit))

    assert (len(looked_at) < looks) if limit < 4 else (len(looked_at) == looks)
