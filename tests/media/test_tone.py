from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.media.clips import write_clip
from vidtext.media.read.sample import sample
from vidtext.media.read.tone import hdr_to_sdr


def grey(part: float) -> np.ndarray:
    return np.full((2, 2, 3), round(part * 65535), dtype=np.uint16)


# ITU-R BT.2408, table 1: grey card (26 nits) and reference white (203 nits), as parts of the PQ and HLG signal range.
# 26 / 203 of white is 100 in sRGB, by IEC 61966-2-1.
@pytest.mark.parametrize(("hlg", "grey_card", "white"), [(False, 0.38, 0.58), (True, 0.38, 0.75)])
def test_reference_levels_come_out_where_a_screen_has_them(*, hlg: bool, grey_card: float, white: float) -> None:
    info, page, black = (hdr_to_sdr(grey(part), hlg=hlg)[0, 0] for part in (grey_card, white, 0.0))

    assert np.ptp(info) <= 2  # grey stays grey
    assert np.ptp(page) <= 2
    np.testing.assert_allclose(info, 100, atol=4)
    assert 210 <= page[0] <= 245
    assert black.max() == 0


@pytest.mark.parametrize("hlg", [False, True])
def test_brighter_stays_brighter(*, hlg: bool) -> None:
    levels = [int(hdr_to_sdr(grey(part), hlg=hlg)[0, 0, 0]) for part in np.linspace(0, 1, 40)]

    assert levels == sorted(levels)
    assert levels[-1] == 255


def test_hdr_video_is_not_washed_out(tmp_path: Path) -> None:
    info = round(255 * 0.38)
    clip = write_clip(
        tmp_path / "hdr.mkv",
        [np.full((48, 64, 3), info, dtype=np.uint8)] * 3,
        codec="libx265",
        pixel_format="yuv420p10le",
        options={"x265-params": "log-level=0"},
        color_trc=16,
        color_primaries=9,
        colorspace=9,
    )

    np.testing.assert_allclose(sample(clip, frames=1).pixels, 100, atol=6)
