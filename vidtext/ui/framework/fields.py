"""Fields whose values may be wrong, and how they are read: every error names its option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import gradio as gr

from vidtext.clock import parse_clock
from vidtext.errors import OptionError
from vidtext.ui.framework.errors import about

if TYPE_CHECKING:
    from gradio.components import Component


Bounded = TypeVar("Bounded", gr.Number, gr.Slider)


def checked_when_read(field: Bounded) -> Bounded:
    """Let `number_in` check the bounds of a field, because a field that is hidden is not in use.

    Gradio's own check would also name no field, and write a traceback into the log.
    """
    field.preprocess = lambda payload: payload
    return field


def number_in(field: gr.Number | gr.Slider, values: dict[Component, Any], option: str) -> float:
    """Read a number within the bounds of its field.

    Raises:
        OptionError: there is none, or it is out of bounds; about `option`.
    """
    number = values[field]
    if number is None:
        raise OptionError(f"{field.label}: enter a number.", option=option)
    if field.minimum is not None and number < field.minimum:
        raise OptionError(f"{field.label}: at least {field.minimum:g}.", option=option)
    if field.maximum is not None and number > field.maximum:
        raise OptionError(f"{field.label}: at most {field.maximum:g}.", option=option)
    return round(number) if field.precision == 0 else float(number)


def whole_number(typed: str | None, things: str, option: str = "") -> int | None:
    """Read a number of things that was typed; nothing stands for none.

    Raises:
        OptionError: it is not a whole number; about `option`.
    """
    if not typed or not typed.strip():
        return None
    try:
        return int(typed)
    except ValueError:
        message = f"{typed!r:.40} is not a number of {things}. Enter a whole number, or leave the field empty."
        raise OptionError(message, option=option) from None


def seconds_of(clock: str | None, option: str) -> float | None:
    """Read a time that was typed; nothing stands for none.

    Raises:
        OptionError: it is not a time; about `option`.
    """
    with about(option):
        return parse_clock(clock) if clock and clock.strip() else None
