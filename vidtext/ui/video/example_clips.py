"""The clips that a visitor can try without a video of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from gradio.media import get_video

from vidtext.media.read.sample import sample
from vidtext.ui.video.filmstrip import picture_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLES_FOLDER = Path(__file__).parents[2] / "examples"

_POSTER_SECONDS = 1.0
_POSTER_EDGE_PIXELS = 120


@dataclass(frozen=True)
class ExampleClip:
    """A clip to click.

    Attributes:
        path: the file, which every browser can play.
        title: two or three words.
    """

    path: Path
    title: str


def find_examples(folder: Path = EXAMPLES_FOLDER) -> tuple[ExampleClip, ...]:
    """Return the project's own clips that `folder/index.json` lists, then the one that Gradio ships."""
    index = folder / "index.json"
    entries = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else []
    own = (ExampleClip(folder / entry["file"], entry["title"]) for entry in entries)
    return (*own, ExampleClip(Path(get_video("world.mp4")), "Earth at night"))


def examples_html(examples: Sequence[ExampleClip]) -> str:
    """Return one button a clip, with a picture of it."""
    return "".join(
        f'<button type="button" class="vt-example" data-example="{number}">'
        f'<img src="{_poster(example.path)}" alt=""><span>{escape(example.title)}</span></button>'
        for number, example in enumerate(examples)
    )


def _poster(path: Path) -> str:
    return picture_uri(sample(path, at_seconds=[_POSTER_SECONDS], size=_POSTER_EDGE_PIXELS).pixels[0])
