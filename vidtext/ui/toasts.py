"""Errors that a person can mend, as toasts in plain words. Everything else stays loud in the log."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

import gradio as gr

from vidtext.errors import ModelError, OptionError, VidtextError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOAST_SECONDS = 12


@contextmanager
def plain_words() -> Iterator[None]:
    """Turn a `VidtextError` into a toast."""
    try:
        yield
    except VidtextError as error:
        title = {OptionError: "Please check the options", ModelError: "The model cannot be used"}
        kind = next((title[cls] for cls in title if isinstance(error, cls)), "This video cannot be used")
        # Gradio puts the message into the page as HTML.
        raise gr.Error(escape(str(error)), title=kind, duration=_TOAST_SECONDS, print_exception=False) from None
