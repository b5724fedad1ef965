"""A line of a JSONL list: a source, and for each task that it names, the options that differ from the others'."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from vidtext.batch.items import Questions, Tasks
from vidtext.errors import OptionError
from vidtext.media.resize import FITS
from vidtext.media.shots import SHOT_MODES
from vidtext.tasks.caption import CaptionOptions
from vidtext.tasks.chapters import ChapterOptions
from vidtext.tasks.chat import ChatOptions
from vidtext.tasks.summary import LENGTHS, LOOKS, SummaryOptions
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from collections.abc import Sequence

Options = TypeVar("Options", CaptionOptions, ChapterOptions, SummaryOptions, ChatOptions)

TASK_NAMES = tuple(field.name for field in dataclasses.fields(Tasks))

_NUMBERS = {"every_seconds", "start_seconds", "stop_seconds", "min_seconds", "temperature", "top_p"}
_WHOLE_NUMBERS = {"max_new_tokens", "count", "frames"}
_CHOICES: dict[str, Sequence[str]] = {"fit": FITS, "shots": SHOT_MODES, "length": LENGTHS, "look": LOOKS}


def tasks_of_line(line: str, usual: Tasks, where: str) -> tuple[str, Tasks]:
    """Read `{"source": "a.mp4", "caption": {"every_seconds": 5}}`.

    Args:
        line: a JSON object. Where it names tasks, those are done, with the options that it gives and otherwise those
            of `usual`, or the defaults where `usual` lacks the task; where it names none, all of `usual` are.
        usual: the tasks of lines that name none.
        where: which line it is, for the person.

    Returns:
        The source as it stands, since lone surrogates are bytes of a file's name there (PEP 383), and its tasks.

    Raises:
        OptionError: it is no such object.
    """
    try:
        read = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{where} is not JSON ({error}).") from None
    if not isinstance(read, dict) or not isinstance(read.get("source"), str) or not read["source"]:
        raise OptionError(f'{where} has no source. A line looks like {{"source": "a.mp4", "caption": {{}}}}.')
    source = read.pop("source")
    for name, given in read.items():
        if name not in TASK_NAMES:
            raise OptionError(f"{where}: {name!r} is not known. Besides source, it may have {', '.join(TASK_NAMES)}.")
        if not isinstance(given, dict):
            raise OptionError(f"{where}: {name} is {given!r:.40}; give its options, or {{}} for the usual ones.")
    return source, _tasks(read, usual, where) if read else usual


def _tasks(given: dict[str, dict[str, Any]], usual: Tasks, where: str) -> Tasks:
    chat = None
    if "chat" in given:
        before = usual.chat or Questions(ChatOptions(), ())
        options = dict(given["chat"])
        questions = _questions(options.pop("questions", before.questions), where)
        chat = Questions(_changed(before.options, options, f"{where}, chat"), questions)
    return Tasks(
        _task(usual.caption or CaptionOptions(), given.get("caption"), f"{where}, caption"),
        _task(usual.chapters or ChapterOptions(), given.get("chapters"), f"{where}, chapters"),
        _task(usual.summary or SummaryOptions(), given.get("summary"), f"{where}, summary"),
        chat,
    )


def _questions(given: object, where: str) -> tuple[str, ...]:
    asked = tuple(given) if isinstance(given, list | tuple) else ()
    if not asked or not all(isinstance(question, str) and question.strip() for question in asked):
        raise OptionError(f'{where}, chat: give "questions" as a list of texts.')
    return tuple(map(well_formed, asked))


def _task(usual: Options, given: dict[str, Any] | None, where: str) -> Options | None:
    return None if given is None else _changed(usual, given, where)


def _changed(usual: Options, given: dict[str, Any], where: str) -> Options:
    known = [field.name for field in dataclasses.fields(usual)]
    for name, value in given.items():
        if name not in known:
            raise OptionError(f"{where}: {name!r} is not an option. The options are {', '.join(known)}.")
        wanted = _wanted(name)
        if not (_fits(name, value) or (value is None and getattr(type(usual)(), name) is None)):
            raise OptionError(f"{where}: {name} is {json.dumps(value):.60}; it must be {wanted}.")
    return dataclasses.replace(usual, **{name: _formed(value) for name, value in given.items()})


def _formed(value: Any) -> Any:  # noqa: ANN401  an option of any kind
    return well_formed(value) if isinstance(value, str) else value


def _wanted(name: str) -> str:
    if name in _CHOICES:
        return f"one of {', '.join(_CHOICES[name])}"
    return "a number" if name in _NUMBERS else "a whole number" if name in _WHOLE_NUMBERS else "a text"


def _fits(name: str, value: object) -> bool:
    if name in _CHOICES:
        return value in _CHOICES[name]
    if name in _NUMBERS:
        # JSON has whole numbers that are larger than any float.
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if name in _WHOLE_NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, str)
