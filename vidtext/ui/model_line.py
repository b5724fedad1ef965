"""What the page says of the models: which one is at work, where, and what it can see."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vidtext.models.base import ModelInfo

_GIGABYTE = 1e9
_MEGABYTE = 1e6


def model_html(info: ModelInfo, *, device: str, note: str) -> str:
    """Return the line in the header: the model's name, its device, what it sees, and why it was taken."""
    why = f'<p class="vt-why">{escape(note)}</p>' if note else ""
    return (
        f'<details class="vt-model"><summary><b>{escape(display_name(info))}</b> · {escape(device)} '
        f'<span class="vt-sees">{escape(info.description)}</span></summary>{why}</details>'
    )


def problem_html(problem: str) -> str:
    """Return the line in the header where the model cannot be used."""
    return f'<p class="vt-model">{escape(problem)}</p>'


def advice_text(note: str, models: Mapping[str, ModelInfo], things: str) -> str:
    """Return what to do for a better model, where that is all that a note on the choice says; else the note.

    Args:
        note: of the resolution of "auto".
        models: the cards of all models, by their names.
        things: what would be better, such as "captions".
    """
    for name, info in models.items():
        if f"{name} is not on this machine, and the model hub cannot be reached" in note:
            return f"Better {things}: connect to the internet once ({info.weight_bytes / _GIGABYTE:.1f} GB)."
    return note


def display_name(info: ModelInfo) -> str:
    """Return what to call a model before people."""
    own = {"embedded": "Embedded model", "embedded-chat": "Embedded chat model"}
    return own.get(info.id) or info.id.rsplit("/", 1)[-1]


def model_choices(models: Mapping[str, ModelInfo]) -> list[tuple[str, str]]:
    """Return label and name of every model to offer, the automatic choice first."""
    named = [(f"{name}{_size(info.weight_bytes)}", name) for name, info in models.items() if name != "auto"]
    return [("Automatic: the best one at hand", "auto"), *named]


def _size(weight_bytes: int) -> str:
    if weight_bytes <= 0:
        return ""
    if weight_bytes >= _GIGABYTE / 10:
        return f" · {weight_bytes / _GIGABYTE:.1f} GB, downloads once"
    return f" · {weight_bytes / _MEGABYTE:.0f} MB"
