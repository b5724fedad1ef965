"""What a visit keeps in memory counts, as texts too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vidtext.ui.session.sizes import memory_bytes


@dataclass(frozen=True)
class Result:
    frames: tuple[np.ndarray, ...]
    words: dict[str, list[str]]


def test_arrays_and_texts_count_once_at_any_depth() -> None:
    frame, text = np.zeros((10, 100), np.uint8), "\U0001f600" * 1000  # four bytes a character
    once = memory_bytes(Result((frame,), {"a": [text]}))
    assert 1000 + 4000 <= once <= 1000 + 4000 + 200
    assert memory_bytes((Result((frame, frame), {"a": [text, text]}), frame, text)) == once


def test_numbers_and_nothing_take_nothing() -> None:
    assert memory_bytes((1, None, 2.5, ())) == 0
