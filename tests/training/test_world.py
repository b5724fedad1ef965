"""The world against truths that it did not produce: where coloured pixels are, what a second decoder finds."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from training.dataset import Sample, flipped, mirrored, reversed_in_time, transposed
from training.palette import COLOUR_NAMES, name_colours
from training.scenes import Action, Actor, Camera, NaturalScene, Register, ToyScene
from training.world import render, render_film, render_scene, write_video


def red_centres(pixels: np.ndarray) -> np.ndarray:
    """Centre of the clearly red pixels of each frame, (N, 2) as x and y."""
    unsigned = pixels.astype(int)
    red = (unsigned[..., 0] > 150) & (unsigned[..., 1] < 90) & (unsigned[..., 2] < 90)
    return np.array([np.argwhere(mask)[:, ::-1].mean(axis=0) for mask in red])


@pytest.mark.parametrize(("action", "axis", "sign"), [("right", 0, 1), ("left", 0, -1), ("down", 1, 1), ("up", 1, -1)])
def test_a_red_circle_goes_where_its_caption_says(action: Action, axis: int, sign: int) -> None:
    clip = render_scene(ToyScene((Actor("red", "circle", action),), "black"), seed=3)
    steps = np.diff(red_centres(clip.pixels), axis=0)
    assert (sign * steps[:, axis] > 0.5).all()
    assert np.abs(steps[:, 1 - axis]).max() < 0.5
    assert clip.caption.startswith("A red circle moves")


def test_a_shape_that_grows_covers_more_from_frame_to_frame() -> None:
    clip = render_scene(ToyScene((Actor("white", "star", "grows"),), "black"), seed=1)
    assert (np.diff((clip.pixels.min(axis=3) > 128).sum(axis=(1, 2))) > 0).all()


def test_actors_in_turn_appear_one_after_another() -> None:
    scene = ToyScene((Actor("white", "circle"), Actor("red", "square")), "black", in_turn=True)
    clip = render_scene(scene, seed=2)
    red = ((clip.pixels[..., 0] > 150) & (clip.pixels[..., 1] < 90)).any(axis=(1, 2))
    assert not red[0]
    assert red[-1]


@pytest.mark.parametrize(("camera", "axis", "sign"), [("right", 1, -1), ("left", 1, 1), ("down", 0, -1), ("up", 0, 1)])
def test_the_picture_goes_against_the_camera(camera: Camera, axis: int, sign: int) -> None:
    clip = render_scene(NaturalScene(camera, "leaves"), seed=5, frames=40)
    greys = clip.pixels.mean(axis=3)
    first, later = np.fft.fft2(greys[18] - greys[18].mean()), np.fft.fft2(greys[22] - greys[22].mean())
    cross = later * first.conj()
    peak = np.unravel_index(np.fft.ifft2(cross / np.maximum(np.abs(cross), 1e-9)).real.argmax(), cross.shape)
    shift = [(int(place) + size // 2) % size - size // 2 for place, size in zip(peak, cross.shape, strict=True)]
    assert sign * shift[axis] > 0
    assert abs(shift[1 - axis]) <= abs(shift[axis])


@pytest.mark.parametrize("register", ["toy", "natural"])
def test_a_seed_always_gives_the_same_clip(register: Register) -> None:
    one, two, other = (render(seed, register=register) for seed in (7, 7, 8))
    assert np.array_equal(one.pixels, two.pixels)
    assert one.caption == two.caption
    assert not np.array_equal(one.pixels, other.pixels)


def test_a_clip_has_the_form_that_was_asked_for() -> None:
    clip = render(4, register="natural", frames=9, size=(90, 160), seconds=4.5)
    assert clip.pixels.shape == (9, 90, 160, 3)
    assert clip.pixels.dtype == np.uint8
    assert clip.seconds.tolist() == [0.5 * index for index in range(9)]


def test_natural_clips_never_claim_an_actor() -> None:
    assert not any(render(seed, register="natural").truth.actors for seed in range(40))


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((255, 0, 0), "red"),
        ((0, 128, 0), "green"), ((0, 0, 255), "blue"), ((0, 255, 255), "blue"), ((255, 255, 0), "yellow"),
        ((255, 128, 0), "orange"), ((139, 69, 19), "brown"), ((245, 222, 179), "beige"), ((255, 105, 180), "pink"),
        ((128, 0, 160), "purple"),
    ],
)  # fmt: skip
def test_colours_go_by_their_usual_names(rgb: tuple[int, int, int], name: str) -> None:
    assert COLOUR_NAMES[int(name_colours(np.array(rgb, dtype=np.uint8)))] == name


def test_a_mirrored_clip_is_told_mirrored() -> None:
    scene = ToyScene((Actor("red", "circle", "right"), Actor("white", "square", "up")), "black")
    clip = render_scene(scene, seed=1)
    turned = mirrored(Sample(clip.pixels, clip.truth, clip.motion))
    assert [(actor.colour, actor.action) for actor in turned.truth.actors] == [("white", "up"), ("red", "left")]
    assert (np.diff(red_centres(turned.pixels)[:, 0]) < 0).all()
    np.testing.assert_allclose(turned.motion.actors[1, :, 0], 1 - clip.motion.actors[0, :, 0])


def test_turning_twice_changes_nothing() -> None:
    for seed in range(20):
        clip = render(seed, register="natural" if seed % 2 else "toy", size=(48, 48))
        sample = Sample(clip.pixels, clip.truth, clip.motion)
        for turn in (mirrored, flipped, transposed, reversed_in_time):
            again = turn(turn(sample))
            assert again.truth == sample.truth
            assert np.array_equal(again.pixels, sample.pixels)


def test_a_film_cuts_where_it_says() -> None:
    scenes = (ToyScene((Actor("red", "circle"),), "black"), ToyScene((Actor("blue", "star"),), "white"))
    film = render_film(scenes, seconds_each=2.0, frame_rate=5)
    jumps = np.abs(np.diff(film.pixels.mean(axis=(1, 2, 3))))
    assert film.start_seconds == (0.0, 2.0)
    assert film.seconds[int(jumps.argmax()) + 1] == 2.0


def test_a_written_video_has_its_rate_and_keyframes(tmp_path: Path) -> None:
    film = render_film((ToyScene((Actor("red", "circle", "right"),)),), seconds_each=2.0, frame_rate=10)
    write_video(tmp_path / "clip.mp4", film.pixels, frame_rate=Fraction(30000, 1001), keyframe_every=5)
    with av.open(tmp_path / "clip.mp4") as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.average_rate == Fraction(30000, 1001)
    assert [index for index, frame in enumerate(frames) if frame.key_frame] == [0, 5, 10, 15]
    assert np.abs(frames[7].to_ndarray(format="rgb24").astype(int) - film.pixels[7]).mean() < 6


def test_a_video_of_odd_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even H and W"):
        write_video(tmp_path / "clip.mp4", np.zeros((2, 4, 5, 3), dtype=np.uint8), frame_rate=5)
