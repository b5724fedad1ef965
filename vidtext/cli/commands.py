"""What each command does: unpack what was typed, run a task, write what it made."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vidtext.cli.batch import batch
from vidtext.cli.chat import chat
from vidtext.cli.models import models
from vidtext.cli.output import check_output, print_document, read_video, write
from vidtext.cli.terminal import at_work, say_notes
from vidtext.errors import OptionError
from vidtext.text.chapter_formats import CHAPTER_FORMATS, youtube_problems
from vidtext.text.documents import render
from vidtext.text.formats import FORMATS
from vidtext.text.summary_formats import SUMMARY_FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from fractions import Fraction

    from vidtext.job import Job
    from vidtext.settings import Settings
    from vidtext.tasks.caption import CaptionOptions, CaptionResult
    from vidtext.tasks.chapters import ChaptersResult
    from vidtext.tasks.summary import SummaryResult
    from vidtext.text.chapters import Chapters
    from vidtext.text.documents import Format

Result = TypeVar("Result")


def _caption(arguments: argparse.Namespace, settings: Settings) -> None:
    _check_outputs(arguments, ("output",))
    format_name = _format(arguments, FORMATS, "txt")
    source = read_video(arguments.video, settings)

    def start(job: Job) -> Iterator[CaptionResult]:
        from vidtext.tasks.caption import caption_stream

        return caption_stream(source, _caption_options(arguments, settings), settings=settings, job=job)

    def finish(result: CaptionResult, notes: Sequence[str]) -> None:
        text = dataclasses.replace(result.text, notes=(*result.text.notes, *notes))
        write(render(text, format_name, FORMATS), arguments.output)
        say_notes(text.notes)

    _run(start, finish, lambda result: f"{result.windows_done} of {result.windows_total} windows are captioned")


def _chapters(arguments: argparse.Namespace, settings: Settings) -> None:
    _check_outputs(arguments, ("output", "chaptered"))
    format_name = _format(arguments, CHAPTER_FORMATS, "youtube")

    def finish(result: ChaptersResult, notes: Sequence[str]) -> None:
        found = dataclasses.replace(result.chapters, notes=(*result.chapters.notes, *notes))
        write(render(found, format_name, CHAPTER_FORMATS), arguments.output)
        say_notes((*found.notes, *(youtube_problems(found) if format_name == "youtube" else ())))

    with ExitStack() as stack:
        source = read_video(arguments.video, settings)
        if arguments.chaptered is not None:
            source = _local_source(source, settings, stack)
            _check_chaptered_name(source, arguments.chaptered, settings)

        def start(job: Job) -> Iterator[ChaptersResult]:
            from vidtext.tasks.chapters import ChapterOptions, chapters_stream

            options = ChapterOptions(
                model=arguments.model or settings.default_model,
                count=arguments.count,
                min_seconds=arguments.min,
                shots=arguments.shots,
                style=arguments.style,
                fit=arguments.fit,
            )
            return chapters_stream(source, options, settings=settings, job=job)

        last = _run(start, finish, lambda at: f"{at.chapters_done} of {at.chapters_total} chapters are described")
        if isinstance(source, Path):
            _write_chaptered(source, arguments.chaptered, last.chapters, settings)


def _check_chaptered_name(source: Path, target: Path, settings: Settings) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        from vidtext.tasks.chapters import check_chaptered_name

        check_chaptered_name(source, target, settings=settings)


def _write_chaptered(source: Path, target: Path, chapters: Chapters, settings: Settings) -> None:
    from vidtext.tasks.chapters import video_with_chapters

    with at_work() as job:
        notes = video_with_chapters(source, chapters, target, settings=settings, job=job)
    say_notes(notes)


def _summary(arguments: argparse.Namespace, settings: Settings) -> None:
    _check_outputs(arguments, ("output", "reel"))
    if arguments.reel is None and arguments.seconds is not None:
        raise OptionError("--seconds is how long the clip of --reel is; name its file, too.")
    if arguments.reel is not None:
        _check_reel(arguments.reel, arguments.output)
    format_name = _format(arguments, SUMMARY_FORMATS, "txt")

    def finish(result: SummaryResult, notes: Sequence[str]) -> None:
        summary = dataclasses.replace(result.summary, notes=(*result.summary.notes, *notes))
        write(render(summary, format_name, SUMMARY_FORMATS), arguments.output)
        say_notes(summary.notes)

    with ExitStack() as stack:
        source = read_video(arguments.video, settings)
        if arguments.reel is not None:
            source = _local_source(source, settings, stack)

        def start(job: Job) -> Iterator[SummaryResult]:
            from vidtext.tasks.summary import SummaryOptions, summary_stream

            options = SummaryOptions(
                model=arguments.model or settings.default_model,
                length=arguments.length,
                look=arguments.look,
                style=arguments.style,
                fit=arguments.fit,
            )
            return summary_stream(source, options, settings=settings, job=job)

        last = _run(start, finish, lambda at: f"{at.windows_done} of {at.windows_total} parts were looked at")
        if isinstance(source, Path):
            _write_reel(source, last, arguments, settings)


def _check_reel(reel: Path, output: Path | None) -> None:
    """Find out before the work whether the highlights, and the subtitles beside them, can have their names."""
    subtitles = reel.with_suffix(".srt")
    if reel.suffix.lower() != ".mp4":
        raise OptionError(f"--reel {reel} is not an MP4: let its name end in .mp4.")
    if output is not None and output.resolve() in (reel.resolve(), subtitles.resolve()):
        raise OptionError(f"--output {output} is where --reel writes {output.name}. Choose another name.")
    if subtitles.exists():
        raise OptionError(
            f"--reel {reel} comes with {subtitles}, and there is such a file. Choose another name, or move it away."
        )


def _write_reel(source: Path, result: SummaryResult, arguments: argparse.Namespace, settings: Settings) -> None:
    from vidtext.tasks.highlights import highlight_reel

    highlights = result.summary.highlights
    with at_work() as job:
        reel = highlight_reel(source, highlights, arguments.reel, seconds=arguments.seconds, settings=settings, job=job)
    write(FORMATS["srt"].write(reel.captions), arguments.reel.with_suffix(".srt"))
    say_notes(reel.notes)


def _probe(arguments: argparse.Namespace, settings: Settings) -> None:
    source = read_video(arguments.video, settings)
    with contextlib.redirect_stdout(sys.stderr):
        from vidtext.media.probe import probe

        info = probe(source, settings=settings)
    facts = dataclasses.asdict(info)
    if arguments.format == "json":
        print_document(json.dumps(facts, ensure_ascii=False, indent=2, default=_fraction) + "\n")
    else:
        notes = facts.pop("notes")
        print_document("".join(f"{name}: {value}\n" for name, value in facts.items()))
        say_notes(notes)


COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], None]] = {
    "caption": _caption,
    "chapters": _chapters,
    "summary": _summary,
    "chat": chat,
    "probe": _probe,
    "models": models,
    "batch": batch,
}


def _run(
    start: Callable[[Job], Iterator[Result]],
    finish: Callable[[Result, Sequence[str]], None],
    how_far: Callable[[Result], str],
) -> Result:
    """Follow a stream to its end, and write its last result; whatever ends it earlier, what it had finished is kept.

    Args:
        start: begins the work.
        finish: writes a result, with more notes than it has.
        how_far: says how much is done, should the work end too early.
    """
    kept: list[Result] = []
    try:
        with at_work() as job:
            for result in start(job):
                kept[:] = [result]
    except BaseException:
        for result in kept:
            finish(result, [f"Incomplete: {how_far(result)}."])
        raise
    finish(kept[0], [])
    return kept[0]


def _caption_options(arguments: argparse.Namespace, settings: Settings) -> CaptionOptions:
    from vidtext.tasks.caption import CaptionOptions

    options = CaptionOptions(
        model=arguments.model or settings.default_model,
        every_seconds=arguments.every,
        start_seconds=arguments.start,
        stop_seconds=arguments.stop,
        fit=arguments.fit,
    )
    if arguments.max_new_tokens is None:
        return options
    return dataclasses.replace(options, max_new_tokens=arguments.max_new_tokens)


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _local_source(source: str | bytes | Path, settings: Settings, stack: ExitStack) -> Path:
    """Return a file that holds the video for as long as the stack is open, for work that reads it twice."""
    from vidtext.media.source import open_file

    with at_work() as job:
        return stack.enter_context(open_file(source, settings=settings, job=job))


def _check_outputs(arguments: argparse.Namespace, names: Iterable[str]) -> None:
    """Find out before the work whether its results can be stored."""
    for name in names:
        output = getattr(arguments, name)
        if output is not None:
            check_output(output, arguments.video, {"chaptered": "--video", "reel": "--reel"}.get(name, "--output"))


def _format(arguments: argparse.Namespace, formats: Mapping[str, Format[Any]], otherwise: str) -> str:
    """Choose the format that was named, or else the one whose suffix, the longest one, ends the output's name."""
    output: Path | None = arguments.output
    fitting = [name for name, form in formats.items() if output and output.name.lower().endswith(form.suffix)]
    return arguments.format or max(fitting, key=lambda name: len(formats[name].suffix), default=otherwise)
