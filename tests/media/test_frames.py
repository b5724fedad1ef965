import math

import numpy as np
import pytest

from vidtext.errors import OptionError
from vidtext.media.read.frames import Frames


def black(count: int, height: int = 2, width: int = 3) -> np.ndarray:
    return np.zeros((count, height, width, 3), np.uint8)


def times(*seconds: float) -> np.ndarray:
    return np.array(seconds, np.float64)


def test_pixels_and_times_stay_together() -> None:
    frames = Frames(black(3), times(0, 0.5, 0.5), notes=("One was damaged.",))
    assert len(frames) == 3
    assert frames.notes == ("One was damaged.",)


@pytest.mark.parametrize(
    "pixels",
    [
        black(2).astype(np.float32),
        black(2)[..., :1],
        black(2)[0],
        np.zeros((2, 2, 3, 4), np.uint8),
        black(0),
        black(2, height=0),
        black(2, width=0),
    ],
    ids=["float", "grey", "one image", "alpha", "none", "no height", "no width"],
)
def test_pixels_that_are_not_frames_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(OptionError, match=r"\(N, H, W, 3\) uint8 RGB"):
        Frames(pixels, times(*range(len(pixels))))


def test_a_time_for_each_frame() -> None:
    for seconds in (times(0), times(0, 1, 2), np.zeros((2, 1))):
        with pytest.raises(OptionError, match="2 frames need 2 times"):
            Frames(black(2), seconds)


@pytest.mark.parametrize("seconds", [(1, 0.5), (-0.1, 0), (0, math.nan), (math.nan, 1), (0, math.inf)])
def test_times_that_no_video_has_are_refused(seconds: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="finite, not negative, and not decreasing"):
        Frames(black(2), times(*seconds))


def test_the_repr_shows_shape_and_times_but_no_pixels() -> None:
    assert repr(Frames(black(2, height=360, width=640), times(0.5, 12.3456))) == "Frames(2 × 640×360, 0.500–12.346 s)"


class TestPart:
    FRAMES = Frames(np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3), times(0, 1, 2, 3), notes=("n",))

    def test_holds_the_chosen_frames_with_their_times_and_notes(self) -> None:
        part = self.FRAMES.part(1, 3)
        assert part.seconds.tolist() == [1, 2]
        assert part.notes == ("n",)
        np.testing.assert_array_equal(part.pixels[0], np.arange(18, 36).reshape(2, 3, 3))

    def test_copies_no_pixels(self) -> None:
        assert np.shares_memory(self.FRAMES.part(1, 3).pixels, self.FRAMES.pixels)

    def test_of_nothing_is_refused(self) -> None:
        with pytest.raises(OptionError):
            self.FRAMES.part(2, 2)


class TestFromImages:
    def test_puts_images_and_times_together(self) -> None:
        red, blue = [[[255, 0, 0]]], [[[0, 0, 255]]]
        frames = Frames.from_images([np.array(red, np.uint8), np.array(blue, np.uint8)], [0, 2.5])
        assert frames.pixels.tolist() == [red, blue]
        assert frames.seconds.tolist() == [0, 2.5]
        assert frames.seconds.dtype == np.float64

    def test_images_of_different_sizes_are_refused(self) -> None:
        with pytest.raises(OptionError, match="all images of one size"):
            Frames.from_images([black(1)[0], black(1, height=9)[0]], [0, 1])

    def test_no_image_is_refused(self) -> None:
        with pytest.raises(OptionError, match="at least one image"):
            Frames.from_images([], [])
