"""What the commands of some tasks do besides: files that are made of the video and the result."""

from __future__ import annotations

import contextlib
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidtext.cli.options import time_of
from vidtext.cli.output import write
from vidtext.cli.terminal import at_work, say_notes
from vidtext.errors import OptionError
from vidtext.tasks.registry import CHAPTERS, SUMMARY
from vidtext.text.chapter_formats import youtube_problems
from vidtext.text.formats import FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from vidtext.settings import Settings
    from vidtext.text.chapters import Chapters
    from vidtext.text.summary import Summary


@dataclass(frozen=True)
class Extra:
    """What the command of a task has besides what all of them have.

    Attributes:
        add: adds its flags.
        outputs: the flag of each file that it writes, by the flag's destination.
        check: refuses flags that do not go together.
        before: refuses what cannot be done with the video, before the work.
        after: makes the files of the video and the content of the result.
        notes: what is to be said about the content in a format.
    """

    add: Callable[[argparse.ArgumentParser], None] = lambda _: None
    outputs: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[argparse.Namespace], None] = lambda _: None
    before: Callable[[Path, argparse.Namespace, Settings], None] = lambda *_: None
    after: Callable[[Path, Any, argparse.Namespace, Settings], None] = lambda *_: None
    notes: Callable[[Any, str], Sequence[str]] = lambda *_: ()

    def wanted(self, arguments: argparse.Namespace) -> bool:
        """Whether a file was asked for."""
        return any(getattr(arguments, name) is not None for name in self.outputs)


def _add_chaptered(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--video", type=Path, metavar="FILE", dest="chaptered", help="also write the video with the chapters in it"
    )


def _check_chaptered_name(source: Path, arguments: argparse.Namespace, settings: Settings) -> None:
    with contextlib.redirect_stdout(sys.stderr):
        from vidtext.tasks.chapters import check_chaptered_name

        check_chaptered_name(source, arguments.chaptered, settings=settings)


def _write_chaptered(source: Path, chapters: Chapters, arguments: argparse.Namespace, settings: Settings) -> None:
    from vidtext.tasks.chapters import video_with_chapters

    with at_work() as job:
        notes = video_with_chapters(source, chapters, arguments.chaptered, settings=settings, job=job)
    say_notes(notes)


def _add_reel(command: argparse.ArgumentParser) -> None:
    command.add_argument("--reel", type=Path, metavar="FILE", help="also write the highlights as an MP4, with its SRT")
    command.add_argument(
        "--seconds", type=time_of, metavar="TIME", help="how long that clip is (as the highlights are)"
    )


def _check_reel(arguments: argparse.Namespace) -> None:
    """Find out before the work whether the highlights, and the subtitles beside them, can have their names."""
    reel, output = arguments.reel, arguments.output
    if reel is None:
        if arguments.seconds is not None:
            raise OptionError("--seconds is how long the clip of --reel is; name its file, too.")
        return
    subtitles = reel.with_suffix(".srt")
    if reel.suffix.lower() != ".mp4":
        raise OptionError(f"--reel {reel} is not an MP4: let its name end in .mp4.")
    if output is not None and output.resolve() in (reel.resolve(), subtitles.resolve()):
        raise OptionError(f"--output {output} is where --reel writes {output.name}. Choose another name.")
    if subtitles.exists():
        raise OptionError(
            f"--reel {reel} comes with {subtitles}, and there is such a file. Choose another name, or move it away."
        )


def _write_reel(source: Path, summary: Summary, arguments: argparse.Namespace, settings: Settings) -> None:
    from vidtext.tasks.highlights import highlight_reel

    with at_work() as job:
        reel = highlight_reel(
            source, summary.highlights, arguments.reel, seconds=arguments.seconds, settings=settings, job=job
        )
    write(FORMATS["srt"].write(reel.captions), arguments.reel.with_suffix(".srt"))
    say_notes(reel.notes)


EXTRAS: defaultdict[str, Extra] = defaultdict(
    Extra,
    {
        CHAPTERS.name: Extra(
            add=_add_chaptered,
            outputs={"chaptered": "--video"},
            before=_check_chaptered_name,
            after=_write_chaptered,
            notes=lambda chapters, form: youtube_problems(chapters) if form == "youtube" else (),
        ),
        SUMMARY.name: Extra(add=_add_reel, outputs={"reel": "--reel"}, check=_check_reel, after=_write_reel),
    },
)
"""By the task's name; most tasks have nothing."""
