"""The chat command: questions from the command line, or line by line from standard input."""

from __future__ import annotations

import dataclasses
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from vidtext.cli.options import read_options
from vidtext.cli.output import check_output, print_document, read_video, write
from vidtext.cli.terminal import at_work, say_notes
from vidtext.errors import OptionError
from vidtext.tasks.options import ChatOptions
from vidtext.text.documents import render
from vidtext.text.transcript import read_transcript
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

    from vidtext.settings import Settings
    from vidtext.tasks.dialogue import Dialogue
    from vidtext.text.transcript import Transcript

_DEFAULT_FORMAT = "md"


def chat(arguments: argparse.Namespace, settings: Settings) -> None:
    """Answer questions about videos, each as it is written; then write the conversation if a file is named for it."""
    _check(arguments)
    opened = _opened(arguments.open, settings) if arguments.open else None
    options, dialogue = _begin(arguments, opened, settings)
    way, model = _Way(options, settings, None if arguments.json else sys.stdout), opened.model if opened else ""
    try:
        for question in arguments.ask or _typed_questions(sys.stdin):
            dialogue, model = _answer(dialogue, question, way)
            say_notes(dialogue.turns[-1].notes)
    except _StoppedError as stopped:
        dialogue, model = stopped.dialogue, stopped.model or model
        raise stopped.error from None
    finally:
        _keep(dialogue.transcript(model), arguments)


@dataclass(frozen=True)
class _Way:
    """How questions are answered, and where each answer goes as it is written: None for nowhere."""

    options: ChatOptions
    settings: Settings
    out: TextIO | None
    memory_key: str = field(default_factory=lambda: uuid4().hex)


class _StoppedError(Exception):
    """What an answer was until something ended it."""

    def __init__(self, dialogue: Dialogue, model: str, error: BaseException) -> None:
        super().__init__()
        self.dialogue, self.model, self.error = dialogue, model, error


def _keep(transcript: Transcript, arguments: argparse.Namespace) -> None:
    """Write the conversation to where it was asked for, and print it even if it cannot be written there."""
    try:
        if arguments.output:
            write(render(transcript, _format(arguments), TRANSCRIPT_FORMATS), arguments.output)
    finally:
        if arguments.json and transcript.exchanges:
            print_document(render(transcript, "json", TRANSCRIPT_FORMATS))


def _begin(
    arguments: argparse.Namespace, opened: Transcript | None, settings: Settings
) -> tuple[ChatOptions, Dialogue]:
    with at_work() as job:
        from vidtext.tasks.chat import begin_dialogue
        from vidtext.tasks.dialogue import turns_of

        options = read_options(arguments, ChatOptions, settings.models.default_chat)
        sources = [(read_video(video, settings), "") for video in arguments.videos]
        dialogue = begin_dialogue(sources, options, settings=settings, job=job)
    return options, dataclasses.replace(dialogue, turns=turns_of(opened)) if opened else dialogue


def _answer(dialogue: Dialogue, question: str, way: _Way) -> tuple[Dialogue, str]:
    """Print the answer as it is written, and return the conversation with it, and the model's name."""
    from vidtext.tasks.chat import answer_stream

    model = ""
    try:
        with at_work() as job, _line(way.out) as tell:
            for result in answer_stream(
                dialogue, question, way.options, settings=way.settings, job=job, memory_key=way.memory_key
            ):
                dialogue, model = result.dialogue, result.info.id
                tell(result.turn.answer.rstrip())
    except BaseException as error:  # noqa: BLE001  (it is raised again once what was said is kept)
        raise _StoppedError(dialogue, model, error) from None
    return dialogue, model


@contextmanager
def _line(out: TextIO | None) -> Iterator[Callable[[str], None]]:
    """Give what prints text as it grows, each time only what is new, and end the line behind it, if there is any."""
    told = 0

    def tell(written: str) -> None:
        nonlocal told
        if out and len(written) > told:
            print_document(written[told:], out)
            told = len(written)

    try:
        yield tell
    finally:
        if out and told:
            print_document("\n", out)


def _typed_questions(lines: TextIO) -> Iterator[str]:
    """Read a question a line; at a terminal, ask for it."""
    watched = lines.isatty()
    while True:
        if watched:
            print("> ", end="", file=sys.stderr, flush=True)
        line = lines.readline()
        if not line:
            return
        if line.strip():
            yield line.strip()


def _opened(file: Path, settings: Settings) -> Transcript:
    try:
        with file.open("rb") as saved:
            text = saved.read(settings.limits.max_saved_chat_bytes + 1)
    except OSError as error:
        raise OptionError(f"--open {file} cannot be read: {error.strerror}.") from None
    if len(text) > settings.limits.max_saved_chat_bytes:
        raise OptionError(
            f"--open {file} has more than the {settings.limits.max_saved_chat_bytes:,} bytes that are allowed."
        )
    return read_transcript(
        text.decode("utf-8", errors="replace"),
        most_turns=settings.limits.max_chat_turns,
        most_characters=settings.limits.max_question_characters,
        most_answer_characters=settings.limits.max_saved_answer_characters,
    )


def _check(arguments: argparse.Namespace) -> None:
    if "-" in arguments.videos and not arguments.ask:
        raise OptionError("Standard input cannot be the video and the questions. Give the questions with --ask.")
    if arguments.videos.count("-") > 1:
        raise OptionError("Standard input is one video. Give the path or the address of the other one.")
    if arguments.format and not arguments.output:
        raise OptionError("--format is how the conversation is written to a file; name it with --output, too.")
    if arguments.output:
        for video in arguments.videos:
            check_output(arguments.output, video)


def _format(arguments: argparse.Namespace) -> str:
    suffix = arguments.output.suffix.lower()
    fitting = [name for name, form in TRANSCRIPT_FORMATS.items() if form.suffix == suffix]
    return arguments.format or next(iter(fitting), _DEFAULT_FORMAT)
