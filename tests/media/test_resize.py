from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from PIL import Image
from transformers import CLIPImageProcessor

from vidtext.errors import OptionError
from vidtext.media.read.choices import FITS
from vidtext.media.read.resize import fit_square, shrunk_size


def photo(width: int, height: int) -> np.ndarray:
    noise = np.random.default_rng(5).integers(0, 255, (9, 16, 3)).astype(np.uint8)
    return np.array(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (500, 500)])
def test_crop_gives_what_the_real_clip_processor_gives(width: int, height: int) -> None:
    pixels = photo(width, height)
    processor = CLIPImageProcessor(do_rescale=False, do_normalize=False)
    expected = processor(images=[pixels], return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)

    ours = fit_square(pixels[None], 224, "crop")[0]

    difference = np.abs(ours.astype(float) - expected)
    assert difference.mean() < 1.0
    assert np.percentile(difference, 99) < 5


def test_each_fit_keeps_what_it_promises() -> None:
    striped = np.zeros((1, 90, 160, 3), dtype=np.uint8)
    striped[:, :, :20] = 255  # at the left edge, which a centre crop throws away

    crop, pad, squash = (fit_square(striped, 64, fit)[0].mean(axis=(0, 2)) for fit in ("crop", "pad", "squash"))

    assert crop.max() == 0
    assert pad[:6].min() > 100
    assert squash[:7].min() > 250
    assert squash[10:].max() == 0


def test_padding_is_black_and_centred() -> None:
    padded = fit_square(np.full((2, 30, 60, 3), 200, dtype=np.uint8), 60, "pad")

    assert padded.shape == (2, 60, 60, 3)
    assert padded[:, :15].max() == 0
    assert padded[:, 45:].max() == 0
    assert padded[:, 15:45].min() == 200


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (224, 224)])
def test_every_shape_becomes_the_square(fit, shape: tuple[int, int]) -> None:
    assert fit_square(np.zeros((1, *shape, 3), dtype=np.uint8), 32, fit).shape == (1, 32, 32, 3)


def test_an_unknown_fit_is_named() -> None:
    with pytest.raises(OptionError, match="'stretch' is not known.*crop, pad, squash"):
        fit_square(np.zeros((1, 8, 8, 3), dtype=np.uint8), 4, "stretch")  # type: ignore[arg-type]


def test_shrinking_keeps_the_aspect_and_never_enlarges() -> None:
    assert shrunk_size(1920, 1080, shortest_edge=180) == (320, 180)
    assert shrunk_size(1080, 1920, shortest_edge=180) == (180, 320)
    assert shrunk_size(100, 50, shortest_edge=180) == (100, 50)
    assert shrunk_size(10000, 2, shortest_edge=1) == (16, 1)


def test_a_frame_of_one_line_takes_no_more_room_than_others() -> None:
    tracemalloc.start()
    line = np.zeros((1, 1, 20_000, 3), dtype=np.uint8)
    line[0, 0, 9_999:10_001] = 255
    fitted = fit_square(line, 336, "crop")
    assert fitted.shape == (1, 336, 336, 3)
    assert fitted.max() == 255
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()
