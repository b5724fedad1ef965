"""Films of plain colours, and the model that tasks load while a test runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.media.clips import write_clip
from tests.tasks.models import COLOURS, ColourCaptioner, loads
from vidtext.models.base import ResolvedModel
from vidtext.tasks import writing

RATE = 10


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Make a film of plain colours: `film(("red", 5), ("blue", 2.5))`, seconds each, ten frames a second."""

    def make(*scenes: tuple[str, float], name: str = "film.mp4") -> Path:
        frames = [
            np.full((48, 64, 3), COLOURS[colour], dtype=np.uint8)
            for colour, seconds in scenes
            for _ in range(round(seconds * RATE))
        ]
        return write_clip(tmp_path / name, frames, rate=RATE)

    return make


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[ColourCaptioner], ColourCaptioner]:
    """Let every name stand for the given model."""

    def choose(model: ColourCaptioner, notes: Sequence[str] = ("asked for {}",)) -> ColourCaptioner:
        monkeypatch.setattr(
            writing, "resolve_captioner", lambda name, _settings: ResolvedModel(model.info, None, notes[0].format(name))
        )
        monkeypatch.setattr(writing, "acquire_model", loads(model))
        return model

    return choose


@pytest.fixture
def colours(use: Callable[[ColourCaptioner], ColourCaptioner]) -> ColourCaptioner:
    return use(ColourCaptioner())
