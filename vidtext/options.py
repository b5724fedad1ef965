"""Options of tasks. Each is defined once, and every interface is derived from that definition.

To add an option to a task:

1. Add a field to the task's options in `vidtext.tasks.options`, with its type, what `option` takes, and a default.
2. Use it in the task.

The command line, the HTTP API with its OpenAPI document, the Gradio endpoints with their MCP tools, and batches get
it from there.
"""

from __future__ import annotations

import functools
import json
import types
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.fields import FieldInfo

    from vidtext.settings import Settings

Class = TypeVar("Class")

_CONFIG = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, validate_default=True)

_NOUNS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of texts",
}
_SHOWN_CHARACTERS = 60


def option(
    description: str, *, unit: str = "", setting: str = "", flag: str = "", example: object = None, **bounds: float
) -> Any:  # noqa: ANN401  (a type checker sees it in `Annotated`)
    """Describe a field of a task's options.

    Args:
        description: a sentence for help texts and schemas. Where the default is None, it says what that means.
        unit: the unit of a number. Options in "seconds" are read as clock text on the command line.
        setting: the field of `Settings` that has the largest number, or the most characters of a text.
        flag: the flag on the command line, if it is not made of the field's name.
        example: a value for the examples of the HTTP API.
        bounds: `ge`, `gt`, `le`, `lt`, `min_length` and `max_length` of pydantic.
    """
    extra: dict[str, Any] = {"unit": unit, "setting": setting, "flag": flag, "example": example}
    constraints: dict[str, Any] = dict(bounds)
    return Field(description=description, json_schema_extra=extra, **constraints)


@dataclass_transform(frozen_default=True)
def task_options(kind: type[Class]) -> type[Class]:
    """Make a frozen pydantic dataclass of a class with the options of a task.

    Creating one with a value that is not allowed raises `OptionError`, which names the option, what was given and what
    is allowed.
    """
    made: Any = pydantic_dataclass(frozen=True, config=_CONFIG)(kind)
    initialize: Callable[..., None] = made.__init__
    names = tuple(made.__pydantic_fields__)

    @functools.wraps(initialize)
    def checked(self: Any, *values: Any, **named: Any) -> None:  # noqa: ANN401
        given = dict(zip(names, values, strict=False))
        if len(values) > len(names) or given.keys() & named.keys():
            raise TypeError(f"{kind.__name__} takes {', '.join(names)}, each once")
        try:
            initialize(self, **given, **named)
        except ValidationError as error:
            raise _explained(made, error, given | named) from None

    made.__init__ = checked
    return made  # type: ignore[no-any-return]


def _explained(kind: type, error: ValidationError, given: dict[str, Any]) -> OptionError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    known = {each.name: each for each in options_of(kind)}
    if name not in known:
        return OptionError(f"{name!r} is not an option. The options are {', '.join(known)}.", option=name)
    value = given.get(name, first["input"])
    return OptionError(f"{name} is {_shown(value)}; it must be {known[name].allowed}.", option=name)


def _shown(given: object) -> str:
    try:
        text = json.dumps(given)
    except (TypeError, ValueError):
        text = repr(given)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


@dataclass(frozen=True)
class Option:
    """An option of a task, as `task_options` has it.

    Attributes:
        name: the field's name.
        kind: bool, int, float, str, or tuple for a tuple of texts.
        choices: the texts that are allowed; empty if others are.
        optional: whether it may be None.
        default: its value where none is given.
        description: a sentence.
        unit: the unit of a number, or "".
        setting: the field of `Settings` that limits it, or "".
        flag: the flag on the command line.
        example: a value for examples, or None.
        annotation: its type, with None.
        bounds: the constraints, as pydantic has them.
    """

    name: str
    kind: type
    choices: tuple[str, ...]
    optional: bool
    default: Any
    description: str
    unit: str
    setting: str
    flag: str
    example: Any
    annotation: Any
    bounds: tuple[Any, ...]

    @property
    def allowed(self) -> str:
        """What it must be, as the end of a sentence."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        noun = _NOUNS[self.kind] + (f" of {self.unit}" if self.unit else "")
        if self.kind is tuple:
            return f"{noun} that are not empty"
        return " ".join(
            [noun, *_limits({name: value for bound in self.bounds for name, value in asdict(bound).items()})]
        )

    def limit(self, settings: Settings) -> float | None:
        """Return the largest number, or the most characters, that the settings allow."""
        return attrgetter(self.setting)(settings) if self.setting else None


def _limits(bounds: dict[str, float]) -> list[str]:
    if "ge" in bounds and "le" in bounds:
        return [f"from {bounds['ge']:g} to {bounds['le']:g}"]
    low = [f"greater than {bounds['gt']:g}"] if "gt" in bounds else []
    low += [f"of at least {bounds['ge']:g}"] if "ge" in bounds else []
    high = [f"at most {bounds['le']:g}"] if "le" in bounds else []
    return [" and ".join([*low, *high])] if low or high else []


def options_of(kind: type) -> tuple[Option, ...]:
    """Return the options of a task, in order."""
    fields: dict[str, FieldInfo] = kind.__pydantic_fields__  # type: ignore[attr-defined]  # as `task_options` made it
    return tuple(_option(name, info) for name, info in fields.items())


def _option(name: str, info: FieldInfo) -> Option:
    union = get_origin(info.annotation) in (Union, types.UnionType)
    kinds = get_args(info.annotation) if union else (info.annotation,)
    kind = next(each for each in kinds if each is not type(None))
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return Option(
        name=name,
        kind=str if get_origin(kind) is Literal else get_origin(kind) or kind,
        choices=get_args(kind) if get_origin(kind) is Literal else (),
        optional=type(None) in kinds,
        default=info.default,
        description=info.description or "",
        unit=extra.get("unit", ""),
        setting=extra.get("setting", ""),
        flag=extra.get("flag") or "--" + name.removesuffix("_seconds").replace("_", "-"),
        example=extra.get("example"),
        annotation=info.annotation,
        bounds=tuple(info.metadata),
    )


def check_limits(options: object, settings: Settings) -> None:
    """Compare options with the limits in the settings.

    Raises:
        OptionError: one is larger, or a longer text, than the settings allow.
    """
    for each in options_of(type(options)):
        value, most = getattr(options, each.name), each.limit(settings)
        if value is None or most is None:
            continue
        if isinstance(value, str) and len(value) > most:
            words = each.name.replace("_", " ")
            raise OptionError(
                f"The {words} has {len(value):,} characters; up to {most:,} are allowed.", option=each.name
            )
        if not isinstance(value, str) and value > most:
            raise OptionError(f"{each.name} is {value:,}; up to {most:,} are allowed.", option=each.name)
