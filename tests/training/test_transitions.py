"""Transitions against pixels that are known beforehand."""

import itertools

import numpy as np
import pytest

from training.scenes import Actor, NaturalScene, Register, ToyScene
from training.transitions import Transition, join
from training.world import random_film, render_film, render_scene

DARK, BRIGHT = np.full((10, 4, 6, 3), 40, dtype=np.uint8), np.full((10, 4, 6, 3), 200, dtype=np.uint8)


def levels(pixels: np.ndarray) -> list[int]:
    return [int(level) for level in pixels[:, 0, 0, 0]]


def test_a_cut_leaves_both_scenes_as_they_are() -> None:
    joined = join([DARK, BRIGHT], [Transition()])
    assert levels(joined.pixels) == [40] * 10 + [200] * 10
    assert joined.starts == (0, 10)
    assert joined.spans == ((10, 10),)


def test_a_dissolve_overlaps_two_scenes_in_equal_steps() -> None:
    joined = join([DARK, BRIGHT], [Transition("dissolve", 3)])
    assert levels(joined.pixels) == [40] * 7 + [80, 120, 160] + [200] * 7
    assert joined.starts == (0, 7)
    assert joined.spans == ((7, 10),)


@pytest.mark.parametrize(("tone", "out", "into"), [(0, [27, 13], [67, 133]), (255, [112, 183], [237, 218])])
def test_a_fade_goes_through_its_tone(tone: int, out: list[int], into: list[int]) -> None:
    joined = join([DARK, BRIGHT], [Transition("fade", 5, tone)])
    assert levels(joined.pixels) == [40] * 8 + out + [tone] + into + [200] * 8
    assert joined.spans == ((8, 13),)


def test_several_transitions_follow_each_other() -> None:
    joined = join([DARK, BRIGHT, DARK], [Transition("dissolve", 4), Transition("dissolve", 4)])
    assert joined.starts == (0, 6, 12)
    assert joined.spans == ((6, 10), (12, 16))
    assert levels(joined.pixels)[10:12] == [200, 200]


def test_a_scene_must_hold_its_transitions() -> None:
    with pytest.raises(ValueError, match="too short for transitions of 6 and 6"):
        join([DARK, BRIGHT, DARK], [Transition("dissolve", 6), Transition("dissolve", 6)])


def test_there_is_one_transition_between_each_two_scenes() -> None:
    with pytest.raises(ValueError, match="2 scenes have 1 transitions, not 0"):
        join([DARK, BRIGHT], [])


def test_only_a_cut_takes_no_frames() -> None:
    with pytest.raises(ValueError, match="a dissolve of 0 frames"):
        Transition("dissolve")


def test_a_film_without_transitions_is_its_scenes_one_after_another() -> None:
    scenes = (NaturalScene("still", "leaves"), ToyScene((Actor("red", "circle"),), "black"))
    film = render_film(scenes, seconds_each=1.0, frame_rate=10, size=(48, 64), seed=4)
    clips = [
        render_scene(scene, seed=4 + index, frames=10, size=(48, 64), seconds=1.0) for index, scene in enumerate(scenes)
    ]
    assert np.array_equal(film.pixels, np.concatenate([clip.pixels for clip in clips]))
    assert [(each.start_seconds, each.stop_seconds, each.kind) for each in film.boundaries] == [(1.0, 1.0, "cut")]


@pytest.mark.parametrize("register", ["toy", "natural"])
def test_a_seed_always_gives_the_same_film(register: Register) -> None:
    one, two = (random_film(3, register=register, scenes=3, size=(48, 64)) for _ in range(2))
    assert np.array_equal(one.pixels, two.pixels)
    assert one.boundaries == two.boundaries
    assert len(one.boundaries) >= 2
    assert len(one.seconds) == len(one.pixels)


def test_toy_scenes_of_a_film_change_their_background() -> None:
    film = random_film(5, register="toy", scenes=6, size=(48, 64))
    backgrounds = [truth.background for truth in film.truths]
    assert all(one != two for one, two in itertools.pairwise(backgrounds))


def test_a_cut_inside_a_natural_scene_is_a_boundary() -> None:
    film = random_film(1, register="natural", size=(48, 64))
    inside = [each for each in film.boundaries if each.kind == "cut" and each.start_seconds not in film.start_seconds]
    assert inside
    for each in inside:
        frame = round(each.start_seconds * 25)
        around = np.abs(np.diff(film.pixels[frame - 3 : frame + 3].astype(int), axis=0)).mean(axis=(1, 2, 3))
        assert int(around.argmax()) == 2
