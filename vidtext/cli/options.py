"""Flags for the options of tasks, and the options that were given with them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, TypeVar

from vidtext.clock import parse_clock
from vidtext.errors import OptionError
from vidtext.options import options_of
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from vidtext.options import Option

Options = TypeVar("Options")

_VALUES: dict[type, dict[str, Any]] = {
    bool: {"action": argparse.BooleanOptionalAction},
    int: {"type": int, "metavar": "N"},
    float: {"type": float, "metavar": "X"},
    str: {"type": well_formed},
    tuple: {"action": "append", "type": well_formed, "metavar": "TEXT"},
}


def add_options(command: argparse.ArgumentParser, *kinds: type) -> None:
    """Add a flag for each option of tasks; several tasks share the flags of options with the same name."""
    added: set[str] = set()
    for kind in kinds:
        for option in options_of(kind):
            if option.name not in added:
                command.add_argument(option.flag, dest=option.name, help=_help(option), **_values(option))
                added.add(option.name)


def read_options(arguments: argparse.Namespace, kind: type[Options], model: str) -> Options:
    """Return the options of a task as they were given, with this model where none was."""
    values = {option.name: getattr(arguments, option.name, None) for option in options_of(kind)}
    if "model" in values:
        values["model"] = values["model"] or model
    given = {name: value for name, value in values.items() if value is not None}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def time_of(text: str) -> float:
    """Read seconds or clock text, for argparse."""
    try:
        return parse_clock(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _values(option: Option) -> dict[str, Any]:
    if option.choices:
        return {"choices": option.choices}
    if option.unit == "seconds":
        return {"type": time_of, "metavar": "TIME"}
    if option.name == "model":  # a path may hold bytes that are not UTF-8
        return {}
    return _VALUES[option.kind]


def _help(option: Option) -> str:
    text = option.description[:1].lower() + option.description[1:].rstrip(".")
    default = "" if option.default in (None, "", ()) else f" ({option.default})"
    return f"{text}{default}".replace("%", "%%")
