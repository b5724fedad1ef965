"""What may be chosen about a conversation. Nothing has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import ModelError
from vidtext.tasks.options import ChatOptions
from vidtext.ui.framework.errors import about
from vidtext.ui.framework.fields import checked_when_read, number_in, whole_number
from vidtext.ui.framework.model_fields import ModelAndFit, build_model_and_fit
from vidtext.ui.framework.requests import QUIET
from vidtext.ui.model_line import display_name
from vidtext.ui.status import note_html

if TYPE_CHECKING:
    from pathlib import Path

    from gradio.components import Component

    from vidtext.ui.session.sessions import Visitors
    from vidtext.ui.surroundings import Surroundings


@dataclass(frozen=True)
class ChatForm:
    """The components that the options of a conversation are read from."""

    model: ModelAndFit
    frames: gr.Textbox
    tokens: gr.Slider
    temperature: gr.Slider
    top_p: gr.Slider
    system: gr.Textbox
    more: gr.File

    def components(self) -> set[Component]:
        """Return what the values are read from."""
        return {*self.fields().values()}

    def fields(self) -> dict[str, Component]:
        """Return the fields by the names of their options."""
        return {
            "frames": self.frames,
            "max_new_tokens": self.tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "system_prompt": self.system,
            "videos": self.more,
            **self.model.fields(),
        }

    def chosen(self, values: dict[Component, Any]) -> ChatOptions:
        """Read the options."""
        return ChatOptions(
            model=self.model.chosen_model(values),
            frames=whole_number(values[self.frames], "frames", "frames"),
            max_new_tokens=int(number_in(self.tokens, values, "max_new_tokens")),
            temperature=number_in(self.temperature, values, "temperature"),
            top_p=number_in(self.top_p, values, "top_p"),
            system_prompt=(values[self.system] or "").strip(),
            fit=self.model.chosen_fit(values),
        )

    def other_videos(self, values: dict[Component, Any], visitors: Visitors) -> list[Path]:
        """Read which videos are talked about besides the one in the player.

        Raises:
            SourceRefusedError: one is no upload, or no longer there.
        """
        with about("videos"):
            return [visitors.uploaded(path) for path in values[self.more] or ()]


def build_chat_form(around: Surroundings) -> ChatForm:
    """Put the choices into the Blocks that are being built."""
    most_tokens = around.settings.limits.max_answer_tokens
    model = build_model_and_fit(around, "chat", chat=True)
    with gr.Row():
        frames = gr.Textbox(
            label="Frames", placeholder="automatic", max_lines=1, elem_id="vt-chat-frames", min_width=120
        )
        tokens = checked_when_read(
            gr.Slider(
                1,
                most_tokens,
                value=min(ChatOptions().max_new_tokens, most_tokens),
                step=1,
                label="Tokens per answer",
                elem_id="vt-chat-tokens",
            )
        )
    with gr.Row():
        temperature = checked_when_read(
            gr.Slider(
                0,
                2,
                value=0,
                step=0.1,
                label="Temperature",
                info="At 0, answers do not vary.",
                elem_id="vt-chat-temperature",
            )
        )
        top_p = checked_when_read(
            gr.Slider(
                0.05,
                1,
                value=1,
                step=0.05,
                label="Top-p",
                info="Has no effect at temperature 0.",
                elem_id="vt-chat-top-p",
            )
        )
    system = gr.Textbox(
        label="Instructions to the model",
        placeholder="For example: answer in one sentence.",
        lines=2,
        max_length=around.settings.limits.max_instruction_characters,
        elem_id="vt-chat-system",
    )
    more = gr.File(
        label="More videos",
        file_count="multiple",
        file_types=["video"],
        elem_id="vt-chat-more",
        height=120,
    )
    one_video = gr.HTML("", elem_id="vt-chat-one-video")

    def offer(name: str, listed: list[str] | None) -> tuple[dict[str, Any], str]:
        """Offer more videos where the model takes them, and as long as there are any to take away."""
        try:
            info = model.resolve(name, around.settings).info
        except ModelError:  # it is told in the header
            return gr.update(), ""
        takes_one = info.max_clips == 1
        reason = f"{display_name(info)} talks about one video at a time." if takes_one else ""
        return gr.update(visible=not takes_one or bool(listed)), note_html(reason)

    around.page.load(offer, [model.model, more], [more, one_video], queue=False, **QUIET)
    for component in (model.model, more):
        component.change(offer, [model.model, more], [more, one_video], queue=False, **QUIET)
    return ChatForm(model, frames, tokens, temperature, top_p, system, more)
