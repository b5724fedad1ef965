"""HDR video on an ordinary screen: from PQ or HLG signals in BT.2020 to sRGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE_WHITE_NITS = 203.0
"""What a white page is in HDR: ITU-R BT.2408, table 1. It becomes almost white here; what is brighter is compressed."""

PEAK_NITS = 1000.0
"""The brightest light that is still told from white: the peak that most HDR video is graded for (BT.2408)."""

_BT2020_TO_BT709 = np.array(  # ITU-R BT.2087, linear light
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float32
)


def hdr_to_sdr(signal: NDArray[np.uint16], *, hlg: bool) -> NDArray[np.uint8]:
    """Turn `(H, W, 3)` uint16 RGB signals, PQ or HLG coded in BT.2020, into `(H, W, 3)` uint8 sRGB."""
    coded = signal.astype(np.float32) / np.float32(65535)
    nits = _hlg_nits(coded) if hlg else _pq_nits(coded)
    linear = np.maximum(nits / REFERENCE_WHITE_NITS @ _BT2020_TO_BT709.T, 0)
    return np.round(_srgb(_compressed(linear)) * 255).astype(np.uint8)


def _pq_nits(coded: NDArray[np.float32]) -> NDArray[np.float32]:
    """SMPTE ST 2084: signal 0…1 to 0…10,000 nits."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = coded ** np.float32(1 / m2)
    light = np.maximum(power - c1, 0) / (c2 - c3 * power)
    return np.asarray(10000 * light ** (1 / m1), dtype=np.float32)


def _hlg_nits(coded: NDArray[np.float32]) -> NDArray[np.float32]:
    """ARIB STD-B67 / ITU-R BT.2100: signal to the light of a 1,000-nit screen, whose system gamma is 1.2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12)  # noqa: PLR2004  the curve's knee
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], dtype=np.float32)
    return np.asarray(PEAK_NITS * scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2, dtype=np.float32)


def _compressed(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Extended Reinhard on the brightest channel: dark stays, reference white comes near to 1, the peak is 1."""
    brightest = linear.max(axis=-1, keepdims=True)
    peak = PEAK_NITS / REFERENCE_WHITE_NITS
    knee = np.where(brightest <= _LINEAR_UP_TO, brightest, _shoulder(brightest, peak))
    return np.asarray(np.clip(linear * knee / np.maximum(brightest, 1e-6), 0, 1), dtype=np.float32)


_LINEAR_UP_TO = 0.6
"""Light up to this part of reference white is left as it is; the rest shares what remains of the screen's range."""


def _shoulder(light: NDArray[np.float32], peak: float) -> NDArray[np.float32]:
    above = (light - _LINEAR_UP_TO) / (1 - _LINEAR_UP_TO)
    top = (peak - _LINEAR_UP_TO) / (1 - _LINEAR_UP_TO)
    return np.asarray(_LINEAR_UP_TO + (1 - _LINEAR_UP_TO) * above * (1 + above / top**2) / (1 + above), np.float32)


def _srgb(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """IEC 61966-2-1."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)  # noqa: PLR2004
