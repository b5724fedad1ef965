"""Errors that a person can mend, in plain words: at the field that has to change, else as a toast.

Everything else stays loud in the log. All errors go to the page as Gradio's toasts; a message that names its field is
moved there by `assets/errors.js`.
"""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

import gradio as gr

from vidtext.errors import ModelError, VidtextError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gradio.components import Component


@contextmanager
def plain_words(
    fields: Mapping[str, Component] | None = None, *, otherwise: Component | None = None, tab: str = ""
) -> Iterator[None]:
    """Show a `VidtextError` to the person.

    Args:
        fields: the field of each option, by the name that `VidtextError.option` has.
        otherwise: the field of all other errors; None for a toast.
        tab: the tab whose work is refused, so that an earlier result is not taken for its own.
    """
    try:
        yield
    except VidtextError as error:
        option = error.option or ("model" if isinstance(error, ModelError) else "")
        field = (fields or {}).get(option, otherwise)
        marks = [*([f"field:{field.elem_id}"] if field is not None else []), *([f"tab:{tab}"] if tab else [])]
        # Gradio puts the message into the page as HTML, of whose attributes it leaves the class.
        message = f'<span class="vt-refused {" ".join(marks)}">{escape(str(error))}</span>'
        raise gr.Error(message, duration=None, print_exception=False) from None


@contextmanager
def plain_text() -> Iterator[None]:
    """Tell a `VidtextError` to a program that calls an endpoint, as text."""
    try:
        yield
    except VidtextError as error:
        raise gr.Error(str(error), print_exception=False) from None


@contextmanager
def about(option: str) -> Iterator[None]:
    """Let errors that name no option be about this one."""
    try:
        yield
    except VidtextError as error:
        error.option = error.option or option
        raise
