"""What each command does: read what was typed, run a task, write what it made."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from vidtext.cli.batch import batch
from vidtext.cli.chat import chat
from vidtext.cli.extras import EXTRAS
from vidtext.cli.models import models
from vidtext.cli.options import read_options
from vidtext.cli.output import check_output, print_document, read_video, write
from vidtext.cli.terminal import at_work, say_notes
from vidtext.tasks.registry import TASKS
from vidtext.text.documents import render

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask
    from vidtext.text.documents import Format

    Command = Callable[[argparse.Namespace, Settings], None]


def command_of(name: str) -> Command:
    """Return what a command does."""
    return _OTHERS[name] if name in _OTHERS else partial(_do, TASKS[name])


def _do(task: AnyTask, arguments: argparse.Namespace, settings: Settings) -> None:
    extra = EXTRAS[task.name]
    for name, flag in {"output": "--output", **extra.outputs}.items():
        output = getattr(arguments, name)
        if output is not None:
            check_output(output, arguments.video, flag)
    extra.check(arguments)
    form = _format(arguments, task.formats, task.printed)
    options = read_options(arguments, task.options, settings.models.default)

    def finish(result: Any, notes: Sequence[str]) -> None:  # noqa: ANN401  of any task
        content = task.content(result)
        content = dataclasses.replace(content, notes=(*content.notes, *notes))
        write(render(content, form, task.formats), arguments.output)
        say_notes((*content.notes, *extra.notes(content, form)))

    with ExitStack() as stack:
        source = read_video(arguments.video, settings)
        file: Path | None = None
        if extra.wanted(arguments):
            source = file = _local_source(source, settings, stack)
            extra.before(file, arguments, settings)
        last = _run(task, lambda job: task.run(source, options, settings=settings, job=job), finish)
        if file is not None:
            extra.after(file, task.content(last), arguments, settings)


def _probe(arguments: argparse.Namespace, settings: Settings) -> None:
    source = read_video(arguments.video, settings)
    with contextlib.redirect_stdout(sys.stderr):
        from vidtext.media.read.probe import probe

        info = probe(source, settings=settings)
    facts = dataclasses.asdict(info)
    if arguments.format == "json":
        print_document(json.dumps(facts, ensure_ascii=False, indent=2, default=_fraction) + "\n")
    else:
        notes = facts.pop("notes")
        print_document("".join(f"{name}: {value}\n" for name, value in facts.items()))
        say_notes(notes)


_OTHERS: dict[str, Command] = {"chat": chat, "probe": _probe, "models": models, "batch": batch}


def _run(task: AnyTask, start: Callable[[Job], Iterator[Any]], finish: Callable[[Any, Sequence[str]], None]) -> Any:  # noqa: ANN401  the result of any task
    """Follow a task to its end, and write its last result; whatever ends it earlier, what it had finished is kept.

    Args:
        task: says how much is done, should the work end too early.
        start: begins the work.
        finish: writes a result, with more notes than it has.
    """
    kept: list[Any] = []
    try:
        with at_work() as job:
            for result in start(job):
                kept[:] = [result]
    except BaseException:
        for result in kept:
            finish(result, [f"Incomplete: {task.progress(result)}."])
        raise
    finish(kept[0], [])
    return kept[0]


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _local_source(source: str | bytes | Path, settings: Settings, stack: ExitStack) -> Path:
    """Return a file that holds the video for as long as the stack is open, for work that reads it twice."""
    from vidtext.media.source.inputs import open_file

    with at_work() as job:
        return stack.enter_context(open_file(source, settings=settings, job=job))


def _format(arguments: argparse.Namespace, formats: Mapping[str, Format[Any]], otherwise: str) -> str:
    """Choose the format that was named, or else the one whose suffix, the longest one, ends the output's name."""
    output: Path | None = arguments.output
    fitting = [name for name, form in formats.items() if output and output.name.lower().endswith(form.suffix)]
    return arguments.format or max(fitting, key=lambda name: len(formats[name].suffix), default=otherwise)
