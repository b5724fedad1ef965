"""Errors that a person can mend, as toasts in plain words. Everything else stays loud in the log."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

import gradio as gr

from vidtext.errors import VidtextError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOAST_SECONDS = 12


@contextmanager
def plain_words() -> Iterator[None]:
    """Turn a `VidtextError` into a toast."""
    try:
        yield
    except VidtextError as error:
        # Gradio puts the message into the page as HTML.
        raise gr.Error(escape(str(error)), duration=_TOAST_SECONDS, print_exception=False) from None
