"""Choices that several tabs offer, each built in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import VidtextError
from vidtext.media.read.choices import FITS
from vidtext.models.catalog import AUTO
from vidtext.text.prompts import STYLES
from vidtext.ui.framework.tab import QUIET, visible_js
from vidtext.ui.model_line import advice_text, model_choices, model_html, problem_html
from vidtext.ui.offered_models import offer_usable

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradio.components import Component

    from vidtext.media.read.choices import Fit
    from vidtext.models.base import ResolvedModel
    from vidtext.settings import Settings
    from vidtext.ui.surroundings import Surroundings

_FIT_LABELS = {
    "crop": "Crop to the middle square",
    "pad": "Pad to a square with black bars",
    "squash": "Squeeze into a square",
}

_OWN_WORDS = "own"


@dataclass(frozen=True)
class ModelAndFit:
    """Which model, and how frames are brought into its square.

    Attributes:
        resolve: which model a name stands for.
        describe: says of a model's name what it is.
        plan: what the work needs of the memory that is free.
    """

    model: gr.Dropdown
    plan: gr.HTML
    fit: gr.Dropdown
    resolve: Callable[[str, Settings], ResolvedModel]
    describe: Callable[[str], str]
    settings: Settings

    def components(self) -> set[Component]:
        """Return what their values are read from."""
        return {self.model, self.fit}

    def fields(self) -> dict[str, Component]:
        """Return the fields by the names of their options."""
        return {"model": self.model, "fit": self.fit}

    def chosen_model(self, values: dict[Component, Any]) -> str:
        """Read the model's name; the one that "auto" stands for now, which the header explains, not each result.

        Raises:
            ModelError: there is none.
        """
        name = str(values[self.model])
        return self.resolve(name, self.settings).info.id if name == AUTO else name

    def chosen_fit(self, values: dict[Component, Any]) -> Fit | None:
        """Read the fit; None is the model's own."""
        return values[self.fit] or None


def build_model_and_fit(around: Surroundings, tab: str, *, chat: bool = False) -> ModelAndFit:
    """Put both choices into the Blocks that are being built; `chat` offers the models that answer questions."""
    services, settings = around.services, around.settings
    resolve = services.resolve_chat if chat else services.resolve

    def describe(name: str) -> str:
        try:
            resolution = resolve(name, settings)
        except VidtextError as error:
            return problem_html(str(error))
        models = services.chat_models if chat else services.models
        advice = advice_text(resolution.note, models, "answers" if chat else "captions")
        return model_html(resolution.info, device=services.device(), note=advice)

    model = gr.Dropdown(
        model_choices(services.chat_models if chat else services.models),
        value=settings.models.default_chat if chat else settings.models.default,
        label="Model",
        filterable=False,
        elem_id=f"vt-{tab}-model",
    )
    plan = gr.HTML("", elem_id=f"vt-{tab}-need")
    fit = gr.Dropdown(
        [("As in training", ""), *((_FIT_LABELS[name], name) for name in FITS)],
        value="",
        label="Frame shape",
        filterable=False,
        elem_id=f"vt-{tab}-fit",
    )
    offer_usable(model, around, services.chat_models if chat else services.models, resolve)
    model.change(describe, model, around.model_line, queue=False, **QUIET)
    return ModelAndFit(model, plan, fit, resolve, describe, settings)


@dataclass(frozen=True)
class StyleChoice:
    """How chat models are told to write."""

    style: gr.Dropdown
    own_words: gr.Textbox

    def components(self) -> set[Component]:
        """Return what its value is read from."""
        return {self.style, self.own_words}

    def fields(self) -> dict[str, Component]:
        """Return the fields by the names of their options."""
        return {"style": self.own_words}

    def chosen(self, values: dict[Component, Any]) -> str:
        """Read the name of a style, or the user's own instruction."""
        if values[self.style] != _OWN_WORDS:
            return str(values[self.style])
        return (values[self.own_words] or "").strip() or "neutral"


def build_style(tab: str, settings: Settings) -> StyleChoice:
    """Put the choice into the Blocks that are being built."""
    style = gr.Dropdown(
        [*((style.label, name) for name, style in STYLES.items()), ("My own words", _OWN_WORDS)],
        value="neutral",
        label="Style",
        filterable=False,
        elem_id=f"vt-{tab}-style",
    )
    own_words = gr.Textbox(
        label="How to write",
        placeholder="For example: write for children, in short sentences.",
        lines=2,
        max_length=settings.limits.max_instruction_characters,
        visible=False,
        elem_id=f"vt-{tab}-own-words",
    )
    style.change(None, style, own_words, js=visible_js(_OWN_WORDS), **QUIET)
    return StyleChoice(style, own_words)


def offer_style(around: Surroundings, choice: ModelAndFit, style: StyleChoice) -> None:
    """Let the style be chosen where the model follows one, and say so where it does not."""

    def offer(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            chats = choice.resolve(name, around.settings).info.chats
        except VidtextError:  # it is told in the header
            return gr.update(), gr.update()
        info = "" if chats else "This model writes captions and cannot follow a style. Choose a chat model for that."
        return gr.update(interactive=chats, info=info), gr.update(interactive=chats)

    outputs = [style.style, style.own_words]
    around.page.load(offer, choice.model, outputs, queue=False, **QUIET)
    choice.model.change(offer, choice.model, outputs, queue=False, **QUIET)
