"""A line of a JSONL list: a source, and for each task that it names, the options that differ from the others'."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from vidtext.errors import OptionError
from vidtext.tasks.registry import TASKS
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from vidtext.batch.items import Tasks


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
        if name not in TASKS:
            raise OptionError(f"{where}: {name!r} is not known. Besides source, it may have {', '.join(TASKS)}.")
        if not isinstance(given, dict):
            raise OptionError(f"{where}: {name} is {given!r:.40}; give its options, or {{}} for the usual ones.")
    if not read:
        return source, usual
    own = {name: _changed(name, usual.get(name), read[name], f"{where}, {name}") for name in TASKS if name in read}
    return source, own


def _changed(name: str, usual: Any, given: dict[str, Any], where: str) -> Any:  # noqa: ANN401  options of any task
    values = {option: _formed(value) for option, value in given.items()}
    try:
        return dataclasses.replace(usual, **values) if usual else TASKS[name].options(**values)
    except OptionError as error:
        raise OptionError(f"{where}: {error}", option=error.option) from None


def _formed(value: Any) -> Any:  # noqa: ANN401  an option of any kind
    if isinstance(value, list):
        return tuple(map(_formed, value))
    return well_formed(value) if isinstance(value, str) else value
