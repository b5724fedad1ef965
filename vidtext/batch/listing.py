"""From what a person typed to the videos of a batch: folders, patterns, lists, and lists with options (JSONL)."""

from __future__ import annotations

import glob
import itertools
import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from vidtext.batch.items import Item, as_json
from vidtext.batch.options import tasks_of_line
from vidtext.errors import OptionError
from vidtext.media.source.inputs import is_there
from vidtext.options import options_of
from vidtext.tasks.registry import TASKS
from vidtext.text.names import stem_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vidtext.batch.items import Tasks
    from vidtext.settings import Settings

VIDEO_SUFFIXES = tuple(
    f".{each}"
    for each in "3gp asf avi dv flv gif ivf m2ts m4v mkv mov mp4 mpeg mpg mts mxf nut ogv rm ts vob webm wmv".split()  # noqa: SIM905
)
"""How names end of the files that are taken out of a folder: what `media.read.opening` opens, as it is named."""

STANDARD_INPUT = "-"
_STANDARD_INPUT_NAME = "standard input"

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)

_STEM_BYTES = 224
"""The longest stem of an item's name, in UTF-8: systems allow 255 bytes, with `-chapters.txt` and a number."""


@dataclass(frozen=True)
class Wish:
    """A video that was asked for, and what is to be done with it."""

    source: str
    tasks: Tasks


def read_wishes(given: Iterable[str], tasks: Tasks, settings: Settings) -> list[Wish]:
    """Find the videos that were asked for, in order, each once, however its path is written.

    Args:
        given: each a folder, whose videos are taken, without those in folders inside it; a pattern such as
            `clips/**/*.mp4`, whose `**` follows no links; a list, `.txt` with a source a line or `.jsonl` with an
            object a line; "-" for either from standard input; or a video's path or address.
        tasks: what is done where a line of a JSONL list does not name its own tasks.
        settings: the limits.

    Raises:
        OptionError: there is no such file, a folder or a list cannot be read, a list is too large or has a line that
            is not understood, or there is no video, or more of them than the settings allow.
    """
    wishes: dict[str, Wish] = {}
    for each in given:
        for wish in _wishes(each, tasks, settings):
            place = os.path.realpath(wish.source) if is_there(wish.source) else wish.source
            wishes.setdefault(key(place, as_json(wish.tasks)), wish)
            _check_count(len(wishes), settings)
    if not wishes:
        raise OptionError(f"There is no video in {', '.join(given)}. Name a folder, a list, a pattern or a video.")
    return list(wishes.values())


def key(source: str, asked: Mapping[str, object]) -> str:
    """Return what tells one piece of a batch's work from the others: the video, and what is done with it.

    Options that are not named, as in records from before they existed, have their defaults.
    """
    return json.dumps(
        [source, {name: _comparable(_whole(name, options)) for name, options in asked.items()}], sort_keys=True
    )


def _whole(name: str, options: object) -> object:
    if name not in TASKS or not isinstance(options, Mapping):
        return options
    return {option.name: option.default for option in options_of(TASKS[name].options)} | dict(options)


def _comparable(value: object) -> object:
    """Return a JSON value with all numbers as floats: 5 seconds are 5.0 seconds."""
    if isinstance(value, Mapping):
        return {name: _comparable(each) for name, each in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def named(wishes: Iterable[Wish], known: Mapping[str, str]) -> list[Item]:
    """Give each video a name for its files, no two alike on any system.

    Args:
        wishes: the videos.
        known: names from an earlier run, by `key`. They are kept.
    """
    names = _Names(known.values())
    items = []
    for wish in wishes:
        name = known.get(key(wish.source, as_json(wish.tasks))) or names.free(_stem(wish.source))
        items.append(Item(wish.source, wish.tasks, name))
    return items


class _Names:
    """The names that are taken, and for each stem the number to try next, so that it is not searched from 2 again."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = {_compared(name) for name in taken}
        self._numbers: dict[str, int] = {}

    def free(self, stem: str) -> str:
        """Return the stem, or the first of `stem-2`, `stem-3` … that is not taken, and take it."""
        name, number = stem, self._numbers.get(_compared(stem), 2)
        while self._has(_compared(name)):
            name, number = f"{stem}-{number}", number + 1
        self._taken.add(_compared(name))
        self._numbers[_compared(stem)] = number
        return name

    def _has(self, name: str) -> bool:
        """Whether the files of the name would meet others: the captions of `a-chapters` and the chapters of `a`."""
        return name in self._taken or any(
            name + tail in self._taken or name.removesuffix(tail) in self._taken
            for tail in (f"-{task.plural}" for task in TASKS.values())
        )


def _compared(name: str) -> str:
    """Return what two names share that are one on a system that tells neither case nor normalization apart."""
    return unicodedata.normalize("NFC", name.casefold())


def _wishes(given: str, tasks: Tasks, settings: Settings) -> Iterator[Wish]:
    path, there = Path(given), is_there(given)
    if given == STANDARD_INPUT:
        yield from _of_list(_read_input(settings), _STANDARD_INPUT_NAME, tasks)
    elif not there and _ADDRESS.match(given):
        yield Wish(given, tasks)
    elif not there and glob.has_magic(given):
        found = map(Path, filter(is_there, _matches(given)))  # without those in folders that may not be entered
        yield from (Wish(str(each), tasks) for each in _videos(found, settings))
    elif not there:
        raise OptionError(f"There is no file or folder {given!r:.200}. Name a folder, a list, a pattern or a video.")
    elif path.is_dir():
        yield from (Wish(str(each), tasks) for each in _of_folder(path, settings))
    elif path.suffix.lower() in (".txt", ".jsonl"):
        yield from _of_list(_read_list(path, settings), given, tasks)
    else:
        yield Wish(given, tasks)


def _of_folder(folder: Path, settings: Settings) -> list[Path]:
    try:
        return _videos(folder.iterdir(), settings)
    except OSError as error:
        where = error.filename or folder
        raise OptionError(
            f"{where} cannot be read: {error.strerror}. Change its permissions, or name another folder."
        ) from None


def _matches(pattern: str) -> Iterator[str]:
    """Find what a pattern names, as `glob` does, but for `**`: there it follows links, and so goes round in circles."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from glob.iglob(pattern)  # noqa: PTH207  (a path's own glob takes hidden files, and no absolute pattern)
        return
    place = parts.index("**")
    behind = [*itertools.dropwhile(lambda part: part == "**", parts[place:])] or ["*"]
    for base in glob.iglob(str(Path(*parts[:place]))):  # noqa: PTH207
        for folder, inner, _ in os.walk(base):
            inner[:] = [name for name in inner if not name.startswith(".")]
            yield from _matches(str(Path(glob.escape(folder), *behind)))


def _videos(paths: Iterable[Path], settings: Settings) -> list[Path]:
    found: set[Path] = set()
    for path in paths:
        if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
            found.add(path)
            _check_count(len(found), settings)
    return sorted(found)


def _check_count(videos: int, settings: Settings) -> None:
    if videos > settings.batch.max_items:
        raise OptionError(
            f"There are more than {settings.batch.max_items:,} videos, which is the most of one batch. Divide them "
            "into several batches."
        )


def _read_list(path: Path, settings: Settings) -> str:
    try:
        with path.open("rb") as file:
            return _decoded(file.read(settings.batch.max_list_bytes + 1), str(path), settings)
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}.") from None


def _read_input(settings: Settings) -> str:
    if sys.stdin.isatty():
        raise OptionError("- reads a list of videos from standard input, but that is the terminal. Pipe one into it.")
    return _decoded(sys.stdin.buffer.read(settings.batch.max_list_bytes + 1), _STANDARD_INPUT_NAME, settings)


def _decoded(read: bytes, where: str, settings: Settings) -> str:
    if len(read) > settings.batch.max_list_bytes:
        raise OptionError(
            f"The list in {where} has more than {settings.batch.max_list_bytes:,} bytes. Divide it into several."
        )
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OptionError(f"The list in {where} is not UTF-8 text ({error.reason} at byte {error.start}).") from None


def _of_list(text: str, where: str, tasks: Tasks) -> Iterator[Wish]:
    """Read a list: JSONL if its first line is an object, else a source a line; without blank lines and `#` lines."""
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    with_options = bool(lines) and lines[0][1].startswith("{")
    for number, line in lines:
        if with_options:
            source, own = tasks_of_line(line, tasks, f"line {number} of {where}")
            yield Wish(source, own)
        else:
            yield Wish(line, tasks)


def _stem(source: str) -> str:
    """Return what a video is called without its ending, as a name that every system allows."""
    is_address = _ADDRESS.match(source) and not is_there(source)
    name = _name_in(source) if is_address else Path(source).name
    return stem_of("" if source[:5].lower() == "data:" else name, _STEM_BYTES)


def _name_in(address: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(address).path)).name
    except ValueError:  # brackets that hold no IPv6 address: the download will tell the person
        return ""
