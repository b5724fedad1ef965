"""Which models the page offers: those that can be used here and now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from vidtext.errors import ModelError
from vidtext.ui.framework.requests import QUIET
from vidtext.ui.model_line import model_choices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import gradio as gr

    from vidtext.models.base import ModelInfo, ResolvedModel
    from vidtext.settings import Settings
    from vidtext.ui.surroundings import Surroundings

_ASKED_AT_ONCE = 8
"""The hub may take seconds to answer; how long its answers are believed is `vidtext.models.hub`'s."""


def offer_usable(
    dropdown: gr.Dropdown,
    around: Surroundings,
    models: Mapping[str, ModelInfo],
    resolve: Callable[[str, Settings], ResolvedModel],
) -> None:
    """Take models that cannot be used here out of a choice when the page opens, and say that there are more."""

    def usable(name: str) -> bool:
        try:
            resolve(name, around.settings)
        except ModelError:
            return False
        return True

    def offer() -> dict[str, Any]:
        with ThreadPoolExecutor(_ASKED_AT_ONCE) as asking:
            at_hand = [name for name, yes in zip(models, asking.map(usable, models), strict=True) if yes]
        missing = len(models) - len(at_hand)
        choices = model_choices({name: models[name] for name in at_hand})
        return {"choices": choices, "info": missing_text(missing), "__type__": "update"}

    around.page.load(offer, None, dropdown, queue=False, **QUIET)


def missing_text(count: int) -> str:
    """Say why models are not offered; nothing where all are."""
    if count == 0:
        return ""
    more = "1 more model" if count == 1 else f"{count} more models"
    return f"{more} cannot be used here: not on this machine, and not to be had from the model hub now."
