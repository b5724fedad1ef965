"""A conversation as words alone: what is written to a file, and what a file is read into again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vidtext.clock import MOST_SECONDS
from vidtext.errors import OptionError
from vidtext.settings import Settings
from vidtext.text.unicode import well_formed


@dataclass(frozen=True)
class TalkedAbout:
    """A video of a conversation: what it was called there, its file's name, and how long it is."""

    label: str
    name: str
    duration_seconds: float


@dataclass(frozen=True)
class Exchange:
    """One question with its answer.

    Attributes:
        question: as it was asked.
        answer: as far as it was written.
        notes: one sentence for each thing that went differently from what was asked for.
        finished: whether the answer is whole.
    """

    question: str
    answer: str
    notes: tuple[str, ...] = ()
    finished: bool = True


@dataclass(frozen=True)
class Transcript:
    """A conversation's videos, the model that answered last, and all that was said, in order."""

    exchanges: tuple[Exchange, ...]
    videos: tuple[TalkedAbout, ...] = ()
    model: str = ""


def read_transcript(
    text: str,
    *,
    most_turns: int,
    most_characters: int,
    most_answer_characters: int = Settings().limits.max_saved_answer_characters,
) -> Transcript:
    """Read a conversation that was saved as JSON.

    Args:
        text: what `render_transcript(…, "json")` wrote.
        most_turns: the most turns that are taken in.
        most_characters: the longest question or note that is taken in.
        most_answer_characters: the longest answer that is taken in.

    Raises:
        OptionError: the text is no such conversation, or longer than is allowed.
    """
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"This is not a saved conversation: it is not JSON ({error}).") from None
    turns = _list(read, "turns")
    if len(turns) > most_turns:
        raise OptionError(f"The saved conversation has {len(turns):,} turns; up to {most_turns:,} are allowed.")
    exchanges = tuple(
        _exchange(turn, f"turn {number}", most_characters, most_answer_characters)
        for number, turn in enumerate(turns, start=1)
    )
    videos = tuple(_video(video, f"video {number}") for number, video in enumerate(_list(read, "videos"), start=1))
    return Transcript(exchanges, videos, _text(read, "model", "the conversation", most_characters))


def _exchange(turn: object, where: str, most_characters: int, most_answer_characters: int) -> Exchange:
    question = _text(turn, "question", where, most_characters)
    if not question.strip():
        raise OptionError(f"This is not a saved conversation: the question of {where} is empty.")
    notes = _list(turn, "notes")
    if not all(isinstance(note, str) and len(note) <= most_characters for note in notes):
        raise OptionError(f"This is not a saved conversation: the notes of {where} are not sentences.")
    answer = _text(turn, "answer", where, most_answer_characters)
    return Exchange(question, answer, tuple(map(well_formed, notes)), _field(turn, "finished") is not False)


def _video(video: object, where: str) -> TalkedAbout:
    seconds = _field(video, "duration_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= MOST_SECONDS:
        raise OptionError(f"This is not a saved conversation: the duration of {where} is {seconds!r:.40}.")
    return TalkedAbout(_text(video, "label", where, 100), _text(video, "name", where, 1000), float(seconds))


def _field(thing: object, name: str) -> object:
    return thing.get(name) if isinstance(thing, dict) else None


def _list(thing: object, name: str) -> list[Any]:
    found = _field(thing, name)
    if not isinstance(found, list):
        raise OptionError(f'This is not a saved conversation: it has no list "{name}".')
    return found


def _text(thing: object, name: str, where: str, most_characters: int) -> str:
    found = _field(thing, name)
    if not isinstance(found, str):
        raise OptionError(f'This is not a saved conversation: {where} has no text "{name}".')
    if len(found) > most_characters:
        raise OptionError(
            f'The "{name}" of {where} has {len(found):,} characters; up to {most_characters:,} are allowed.'
        )
    return well_formed(found)
