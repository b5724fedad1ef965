from __future__ import annotations

import importlib.metadata
import itertools
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.clips import write_clip
from tests.media.films import CLOUDS, LEAVES, RATE, SIZE, WALL, any_film, begins, encoded, film, frames_of, scans_of
from training.scenes import Actor, Camera, Change, NaturalScene, ToyScene
from training.world import Transition, render_scene
from vidtext.errors import CancelledError, OptionError
from vidtext.job import Job, Progress
from vidtext.media.read.frames import Frames
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import inspect
from vidtext.media.shots import search as shot_search
from vidtext.media.shots.detect import find_shots, scan_frames, scan_shots
from vidtext.media.shots.transitions import TransitionFinder
from vidtext.settings import Settings

# What is found


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_shot_starts_with_its_first_frame(tmp_path: Path, mode) -> None:
    path = encoded(film(LEAVES, CLOUDS, WALL), tmp_path / "clip.mp4")

    assert begins(find_shots(path, mode=mode)) == [(0.0, "start"), (2.0, "cut"), (4.0, "cut")]


def test_shots_leave_no_gap_and_reach_the_end(tmp_path: Path) -> None:
    shots = find_shots(encoded(film(LEAVES, CLOUDS, WALL), tmp_path / "clip.mp4"))

    assert shots[0].start_seconds == 0
    assert all(one.stop_seconds == two.start_seconds for one, two in itertools.pairwise(shots))
    assert shots[-1].stop_seconds == pytest.approx(6.0)


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("frames", [10, 24, 40])
def test_a_dissolve_is_one_boundary_near_its_middle(tmp_path: Path, frames: int, mode) -> None:
    mixed = film(LEAVES, WALL, transitions=(Transition("dissolve", frames),), seconds_each=3.0)
    (truth,) = mixed.boundaries

    _, shot = find_shots(encoded(mixed, tmp_path / "clip.mp4"), mode=mode)

    assert shot.begins == "dissolve"
    assert shot.start_seconds == pytest.approx((truth.start_seconds + truth.stop_seconds) / 2, abs=0.16)


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("tone", [0, 255])
@pytest.mark.parametrize("frames", [14, 40])
def test_a_fade_is_one_boundary_among_its_blank_frames(tmp_path: Path, frames: int, tone: int, mode) -> None:
    faded = film(LEAVES, WALL, transitions=(Transition("fade", frames, tone),), seconds_each=3.0)
    blank = faded.seconds[(faded.pixels == tone).all(axis=(1, 2, 3))]

    _, shot = find_shots(encoded(faded, tmp_path / "clip.mp4"), mode=mode)

    assert shot.begins == "fade"
    assert blank[0] <= shot.start_seconds <= blank[-1] + 0.04


def test_a_mark_that_stays_on_screen_does_not_hide_a_fade() -> None:
    faded = film(LEAVES, WALL, transitions=(Transition("fade", 30),))
    marked = faded.pixels.copy()
    marked[:, 2:6, 70:92] = 235

    assert [shot.begins for shot in find_shots(Frames(marked, faded.seconds))] == ["start", "fade"]


def test_a_fade_out_at_the_end_begins_no_shot() -> None:
    ends = film(LEAVES, WALL, transitions=(Transition("fade", 40),))
    blank = int(np.flatnonzero((ends.pixels == 0).all(axis=(1, 2, 3)))[-1])

    assert len(find_shots(Frames(ends.pixels[: blank + 1], ends.seconds[: blank + 1]))) == 1


def test_random_films_are_divided_as_they_were_made() -> None:
    there, found, claimed = Counter(), Counter(), Counter()
    for register, seed in itertools.product(("natural", "toy"), range(501, 508)):
        made = any_film(seed, register)
        left = list(find_shots(frames_of(made))[1:])
        for truth in made.boundaries:
            there[truth.kind] += 1
            near = (truth.start_seconds - 0.041, truth.stop_seconds + 0.041)
            hit = next((shot for shot in left if near[0] <= shot.start_seconds <= near[1]), None)
            if hit:
                left.remove(hit)
                found[truth.kind] += 1
                claimed[truth.kind] += 1
        claimed.update(shot.begins for shot in left)

    f1 = {kind: 2 * found[kind] / (there[kind] + claimed[kind]) for kind in there}
    assert set(there) == {"cut", "dissolve", "fade"}
    assert f1["cut"] >= 0.98
    assert f1["dissolve"] >= 0.85
    assert f1["fade"] >= 0.85


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_the_same_shots_are_found_among_keyframes(tmp_path: Path, mode) -> None:
    made = any_film(514, "natural")
    path = encoded(made, tmp_path / "clip.mp4")
    assert {truth.kind for truth in made.boundaries} == {"cut", "dissolve", "fade"}

    shots = find_shots(path, mode=mode)[1:]

    for shot, truth in zip(shots, made.boundaries, strict=True):
        assert truth.start_seconds - 0.041 <= shot.start_seconds <= truth.stop_seconds + 0.041
        assert shot.begins == truth.kind


@pytest.mark.parametrize("crf", ["30", "35"])
def test_a_scene_whose_detail_the_coding_took_is_no_dissolve(tmp_path: Path, crf: str) -> None:
    made = any_film(514, "natural")  # from 20 to 25 s, the camera moves
    coding = {"crf": crf, "sc_threshold": "40", "threads": "1"}  # with more, x264 codes each time a little differently
    path = write_clip(tmp_path / "clip.mp4", made.pixels, rate=RATE, keyframe_every=250, options=coding)

    assert [shot.begins for shot in find_shots(path)[1:]] == [truth.kind for truth in made.boundaries]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_cuts_every_third_frame_are_all_found(tmp_path: Path, mode) -> None:
    stills = [
        render_scene(NaturalScene("still", ground, colour=colour), seed=seed, frames=1, size=SIZE).pixels[0]
        for seed, (ground, colour) in enumerate(
            [("leaves", "green"), ("pattern", "red"), ("clouds", "blue"), ("screen", "yellow"), ("horizon", "purple")]
        )
    ]
    path = write_clip(tmp_path / "clip.mp4", [stills[index // 3 % 5] for index in range(150)], rate=RATE)

    shots = find_shots(path, mode=mode)

    assert [round(shot.start_seconds * RATE) for shot in shots] == list(range(0, 150, 3))


# What is none


@pytest.mark.parametrize("camera", ["still", "right", "up", "closer", "away", ""])
@pytest.mark.parametrize("seed", [3, 10])
def test_a_moving_camera_is_no_cut(camera: Camera, seed: int) -> None:
    clip = render_scene(NaturalScene(camera, "leaves"), seed=seed, frames=100, size=SIZE, seconds=4.0)
    assert not np.isnan(clip.motion.camera).any()  # else the scene itself holds a cut

    assert len(find_shots(Frames(clip.pixels, clip.seconds))) == 1


@pytest.mark.parametrize("change", ["brighter", "darker"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_change_of_light_is_no_cut(change: Change, seed: int) -> None:
    scene = NaturalScene("still", "leaves", "moderate", change)
    clip = render_scene(scene, seed=seed, frames=100, size=SIZE, seconds=4.0)

    assert len(find_shots(Frames(clip.pixels, clip.seconds))) == 1


@pytest.mark.parametrize("action", ["right", "down", "grows", "turns"])
def test_large_things_that_move_or_change_are_no_cut(action) -> None:
    scene = ToyScene((Actor("white", "square", action, then="red" if action == "turns" else ""),), "dark red")
    for seed in range(4):
        clip = render_scene(scene, seed=seed, frames=75, size=SIZE, seconds=3.0)
        assert len(find_shots(Frames(clip.pixels, clip.seconds))) == 1


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_shot(length: int) -> None:
    clip = render_scene(LEAVES, seed=1, frames=75, size=SIZE, seconds=3.0)
    clip.pixels[40 : 40 + length] = 255

    assert len(find_shots(Frames(clip.pixels, clip.seconds))) == 1


def test_one_frame_is_one_shot() -> None:
    (shot,) = find_shots(Frames(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1)))

    assert (shot.start_seconds, shot.begins) == (0.0, "start")


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_single_colour_is_one_shot(tmp_path: Path, level: int, mode) -> None:
    path = write_clip(tmp_path / "clip.mp4", [np.full((48, 64, 3), level, np.uint8)] * 60)

    assert len(find_shots(path, mode=mode)) == 1


# Times


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_times_are_those_of_real_frames_at_a_variable_rate(tmp_path: Path, mode) -> None:
    made = film(LEAVES, WALL, CLOUDS, seconds_each=1.0)
    steps = np.random.default_rng(0).integers(15, 90, len(made.pixels))
    ticks = (np.cumsum(steps) - steps[0]).tolist()
    path = write_clip(tmp_path / "clip.mkv", list(made.pixels), ticks=ticks, keyframe_every=250, rate=RATE)

    assert begins(find_shots(path, mode=mode)) == [(0.0, "start"), (ticks[25] / 1000, "cut"), (ticks[50] / 1000, "cut")]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_times_count_from_the_first_frame_that_is_shown(tmp_path: Path, mode) -> None:
    made = film(LEAVES, WALL, seconds_each=1.0)
    ticks = [5000 + 40 * index for index in range(len(made.pixels))]
    path = write_clip(tmp_path / "clip.mkv", list(made.pixels), ticks=ticks, rate=RATE)

    assert begins(find_shots(path, mode=mode)) == [(0.0, "start"), (1.0, "cut")]


def test_a_slideshow_of_long_stills_is_cut_where_they_change(tmp_path: Path) -> None:
    stills = [render_scene(scene, seed=1, frames=1, size=SIZE).pixels[0] for scene in (LEAVES, WALL, CLOUDS)]
    frames = [still for still in stills for _ in range(8)]  # a frame a second

    shots = find_shots(write_clip(tmp_path / "clip.mp4", frames, rate=1))

    assert begins(shots) == [(0.0, "start"), (8.0, "cut"), (16.0, "cut")]


# Scans and pictures


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_scans_only_add_finished_shots(tmp_path: Path, mode) -> None:
    made = any_film(501, "toy")
    scans, _ = scans_of(encoded(made, tmp_path / "clip.mp4"), mode=mode)

    assert len(scans) > 1
    for earlier, later in itertools.pairwise(scans):
        assert later.shots[: len(earlier.shots)] == earlier.shots
    assert scans[-1].shots[-1].stop_seconds == pytest.approx(made.seconds[-1] + 1 / RATE)


def test_pictures_are_kept_about_as_often_as_asked(tmp_path: Path) -> None:
    made = film(LEAVES, WALL, seconds_each=3.0)

    scans, _ = scans_of(encoded(made, tmp_path / "clip.mp4"), every_seconds=1.0, edge=36)

    pictures = [picture for scan in scans for picture in scan.pictures]
    assert [picture.seconds for picture in pictures] == pytest.approx([0, 1, 2, 3, 4, 5])
    for picture in pictures:
        assert picture.pixels.shape == (36, 48, 3)
        shown = made.pixels[round(picture.seconds * RATE)].reshape(36, 2, 48, 2, 3).mean(axis=(1, 3))
        assert np.abs(picture.pixels - shown).mean() < 8


def test_pictures_of_a_fast_scan_come_in_order_and_once(tmp_path: Path) -> None:
    made = any_film(514, "natural")

    scans, _ = scans_of(encoded(made, tmp_path / "clip.mp4", keyframe_every=30), mode="fast", every_seconds=1.0)

    seconds = [picture.seconds for scan in scans for picture in scan.pictures]
    assert seconds[0] == 0
    assert (np.diff(seconds) > 0).all()
    assert np.diff(seconds).max() <= 1.0 + 1.2  # a keyframe that comes just too early is not kept


def test_pictures_are_upright(tmp_path: Path) -> None:
    made = film(LEAVES, WALL)
    path = write_clip(tmp_path / "clip.mp4", list(made.pixels), rate=RATE, rotation=90)

    scans, _ = scans_of(path, edge=36)

    assert scans[0].pictures[0].pixels.shape == (48, 36, 3)
    assert begins(scans[-1].shots) == [(0.0, "start"), (2.0, "cut")]


def test_given_frames_are_looked_at_and_kept() -> None:
    made = film(LEAVES, WALL)

    scans = list(scan_frames(frames_of(made), mode="fast", every_seconds=1.0, edge=36, settings=Settings(), job=Job()))

    assert begins(scans[-1].shots) == [(0.0, "start"), (2.0, "cut")]
    assert scans[-1].shots[-1].stop_seconds == pytest.approx(made.seconds[-1] + 1 / RATE)
    pictures = [picture for scan in scans for picture in scan.pictures]
    assert [picture.seconds for picture in pictures] == [0.0, 1.0, 2.0, 3.0]
    assert pictures[0].pixels.shape == (36, 48, 3)


# Damage, stopping, cost


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_file_that_breaks_off_is_divided_as_far_as_it_goes(tmp_path: Path, mode) -> None:
    made = film(LEAVES, WALL, CLOUDS)
    whole = encoded(made, tmp_path / "whole.mkv").read_bytes()
    path = tmp_path / "clip.mkv"
    path.write_bytes(whole[: len(whole) * 3 // 5])

    scans, _ = scans_of(path, mode=mode)

    assert begins(scans[-1].shots)[:2] == [(0.0, "start"), (2.0, "cut")]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_damage_in_the_middle_gives_a_note(tmp_path: Path, mode) -> None:
    path = encoded(film(LEAVES, WALL, CLOUDS), tmp_path / "clip.mp4", keyframe_every=10)
    with av.open(path) as container:
        stream = container.streams.video[0]
        places = [(packet.pos, packet.size) for packet in container.demux(stream) if packet.size and packet.is_keyframe]
    damaged = bytearray(path.read_bytes())
    for place, size in places[3:6]:
        damaged[place + 5 : place + size] = bytes(size - 5)
    path.write_bytes(damaged)

    scans, notes = scans_of(path, mode=mode)

    assert scans[-1].shots[-1].stop_seconds == pytest.approx(6.0)
    assert any("damaged" in note for note in notes)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_stopped_job_ends_the_search(tmp_path: Path, mode) -> None:
    path = encoded(film(LEAVES, WALL, CLOUDS), tmp_path / "clip.mp4", keyframe_every=25)
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.done >= 2:
            job.stop()

    job = Job(watch)
    with pytest.raises(CancelledError):
        find_shots(path, mode=mode, job=job)
    assert seen[-1].done == 2


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_progress_is_told_in_seconds_and_never_goes_back(tmp_path: Path, mode) -> None:
    seen: list[Progress] = []

    find_shots(encoded(film(LEAVES, WALL, CLOUDS), tmp_path / "clip.mp4"), mode=mode, job=Job(seen.append))

    looking = [progress for progress in seen if progress.doing == "looking for shots"]
    assert {progress.total for progress in looking} == {6}
    assert [progress.done for progress in looking] == sorted({progress.done for progress in looking})
    assert looking[-1].done >= 5


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_after_closing_a_scan_the_video_can_be_read_again(tmp_path: Path, mode) -> None:
    path = encoded(film(LEAVES, WALL, CLOUDS), tmp_path / "clip.mp4", keyframe_every=25)
    settings, job = Settings(), Job()
    with open_video(path, settings, job) as video:
        info = inspect(video, settings)
        how = {"mode": mode, "every_seconds": 0.5, "edge": 16, "settings": settings, "job": job}
        first = scan_shots(video, info, **how)
        next(first)
        first.close()

        assert len(list(scan_shots(video, info, **how))[-1].shots) == 3


def test_memory_does_not_grow_with_the_video() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (8, 48, 64, 3), np.uint8)

    def peak_bytes(count: int) -> int:
        finder = shot_search.ChangeFinder(float(RATE))
        tracemalloc.start()
        for index in range(count):
            finder.add(index / RATE, frames[index % 8])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(600) < 1.05 * peak_bytes(200)


def test_an_unknown_mode_names_those_that_are_known() -> None:
    with pytest.raises(OptionError, match="exact, fast"):
        find_shots(Frames(np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1)), mode="quick")


# The library below


def test_only_one_opencv_is_required_and_installed() -> None:
    installed = {str(each.metadata["Name"]).lower() for each in importlib.metadata.distributions()}
    required = " ".join(importlib.metadata.requires("scenedetect-headless") or []).lower()

    assert {name for name in installed if name.startswith("opencv")} == {"opencv-python-headless"}
    assert "opencv-python-headless" in required.split()


def test_the_library_neither_loads_early_nor_touches_logging() -> None:
    check = (
        "import sys, logging, vidtext, vidtext.media.shots.detect; assert 'scenedetect' not in sys.modules;"
        "import vidtext.media.shots.transitions; assert not logging.root.handlers"
    )

    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_frame_number_is_that_of_the_first_new_frame() -> None:
    finder = TransitionFinder(float(RATE))
    dark, bright = np.full((48, 64, 3), 60, np.uint8), np.full((48, 64, 3), 190, np.uint8)
    found = [each for tiny in [dark] * 7 + [bright] * 9 for each in finder.add(tiny)]

    assert [(each.frame, each.kind) for each in [*found, *finder.finish()]] == [(7, "cut")]
