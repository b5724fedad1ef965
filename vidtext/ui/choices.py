"""Choices that several tabs offer, each built in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.clock import parse_clock
from vidtext.errors import OptionError, VidtextError
from vidtext.media.resize import FITS
from vidtext.models.catalog import AUTO
from vidtext.text.prompts import STYLES
from vidtext.ui.model_line import advice_text, model_choices, model_html, problem_html
from vidtext.ui.offered_models import offer_usable
from vidtext.ui.tab_work import QUIET

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradio.components import Component

    from vidtext.media.resize import Fit
    from vidtext.models.base import Resolution
    from vidtext.settings import Settings
    from vidtext.ui.surroundings import Surroundings

_FIT_LABELS = {
    "crop": "Middle square, sides cut off",
    "pad": "Whole frame with black borders",
    "squash": "Whole frame squeezed",
}

_OWN_WORDS = "own"


@dataclass(frozen=True)
class ModelAndFit:
    """Which model, and how frames are brought into its square.

    Attributes:
        resolve: which model a name stands for.
        describe: says of a model's name what it is.
    """

    model: gr.Dropdown
    fit: gr.Dropdown
    resolve: Callable[[str, Settings], Resolution]
    describe: Callable[[str], str]
    settings: Settings

    def components(self) -> set[Component]:
        """Return what their values are read from."""
        return {self.model, self.fit}

    def chosen_model(self, values: dict[Component, Any]) -> str:
        """Read the model's name; the one that "auto" stands for now, which the header explains, not each result.

        Raises:
            ModelError: there is none.
        """
        name = str(values[self.model])
        return self.resolve(name, self.settings).card.id if name == AUTO else name

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
        return model_html(resolution.card, device=services.device(), note=advice)

    model = gr.Dropdown(
        model_choices(services.chat_models if chat else services.models),
        value=settings.default_chat_model if chat else settings.default_model,
        label="Model",
        filterable=False,
        elem_id=f"vt-{tab}-model",
    )
    fit = gr.Dropdown(
        [("As the model was trained", ""), *((_FIT_LABELS[name], name) for name in FITS)],
        value="",
        label="Frames that are not square",
        filterable=False,
        elem_id=f"vt-{tab}-fit",
    )
    offer_usable(model, around, services.chat_models if chat else services.models, resolve)
    model.change(describe, model, around.model_line, queue=False, **QUIET)
    return ModelAndFit(model, fit, resolve, describe, settings)


@dataclass(frozen=True)
class StyleChoice:
    """How chat models are told to write."""

    style: gr.Dropdown
    own_words: gr.Textbox

    def components(self) -> set[Component]:
        """Return what its value is read from."""
        return {self.style, self.own_words}

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
        max_length=settings.max_instruction_characters,
        visible=False,
        elem_id=f"vt-{tab}-own-words",
    )
    style.change(lambda chosen: gr.update(visible=chosen == _OWN_WORDS), style, own_words, queue=False, **QUIET)
    return StyleChoice(style, own_words)


def offer_style(around: Surroundings, choice: ModelAndFit, style: StyleChoice) -> None:
    """Let the style be chosen where the model follows one, and say so where it does not."""

    def offer(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            chats = choice.resolve(name, around.settings).card.chats
        except VidtextError:  # it is told in the header
            return gr.update(), gr.update()
        info = "" if chats else "This model writes captions and cannot follow a style. Choose a chat model for that."
        return gr.update(interactive=chats, info=info), gr.update(interactive=chats)

    outputs = [style.style, style.own_words]
    around.page.load(offer, choice.model, outputs, queue=False, **QUIET)
    choice.model.change(offer, choice.model, outputs, queue=False, **QUIET)


def whole_number(typed: str | None, things: str) -> int | None:
    """Read a number of things that was typed; nothing stands for none.

    Raises:
        OptionError: it is not a whole number.
    """
    if not typed or not typed.strip():
        return None
    try:
        return int(typed)
    except ValueError:
        raise OptionError(f"{typed!r} is not a number of {things}. Write a whole number, or nothing.") from None


def seconds_of(clock: str | None) -> float | None:
    """Read a time that was typed; nothing stands for none.

    Raises:
        OptionError: it is not a time.
    """
    return parse_clock(clock) if clock and clock.strip() else None
