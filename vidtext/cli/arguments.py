"""What may be typed: commands, options and the help that teaches them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import vidtext
from vidtext.cli.extras import EXTRAS
from vidtext.cli.options import add_options
from vidtext.errors import OptionError
from vidtext.tasks.options import ChatOptions
from vidtext.tasks.registry import CAPTION, CHAT, TASKS
from vidtext.text.unicode import well_formed

if TYPE_CHECKING:
    from vidtext.tasks.registry import AnyTask

ENGINES = ("local", "ray")
"""Where a batch is done."""

_DESCRIPTION = """\
Turn a video into words.

  python -m vidtext caption clip.mp4               one sentence for the whole clip
  python -m vidtext caption clip.mp4 --every 5     one for each five seconds of it
  python -m vidtext chapters talk.mp4              where its chapters begin, and what they are called
  python -m vidtext summary talk.mp4               what it is about
  python -m vidtext chat clip.mp4                  ask about it
  python -m vidtext probe clip.mp4                 what the file is
  python -m vidtext models                         which models there are, and which one is used
  python -m vidtext batch clips --output results   all videos of a folder
"""

_EXAMPLES = {
    "caption": """\
examples:
  python -m vidtext caption clip.mp4 --start 1:30 --stop 2:00
  python -m vidtext caption clip.mp4 --every 0:10 --output clip.vtt
  python -m vidtext caption https://example.com/clip.mp4 --every 5 --format json > clip.json
  cat clip.mp4 | python -m vidtext caption -
""",
    "chapters": """\
examples:
  python -m vidtext chapters talk.mp4                          as YouTube reads them in a description
  python -m vidtext chapters talk.mp4 --count 8 --format md > talk.md
  python -m vidtext chapters talk.mp4 --min 2:00 --output talk.vtt
  python -m vidtext chapters talk.mp4 --video talk-with-chapters.mp4
""",
    "summary": """\
examples:
  python -m vidtext summary talk.mp4 --length short
  python -m vidtext summary talk.mp4 --style lecture --model llava-hf/LLaVA-NeXT-Video-7B-hf --output talk.md
  python -m vidtext summary talk.mp4 --reel best.mp4 --seconds 0:30     the highlights as a clip, and best.srt
""",
}

_CHAT_EXAMPLES = """\
examples:
  python -m vidtext chat clip.mp4                              type a question a line
  python -m vidtext chat clip.mp4 --ask "What moves?" --ask "Which way does it go?"
  python -m vidtext chat before.mp4 after.mp4 --ask "What is different in Video B?"
  python -m vidtext chat clip.mp4 --output talk.json           and later: --open talk.json
  python -m vidtext chat clip.mp4 --ask "What moves?" --json
  cat clip.mp4 | python -m vidtext chat - --ask "What moves?"

Ctrl-C ends the answer that is being written, and the conversation; what was said is kept.
"""

_BATCH_EXAMPLES = """\
examples:
  python -m vidtext batch clips --output results --tasks caption,chapters
  python -m vidtext batch 'films/**/*.mkv' --output results --every 10 --resume
  python -m vidtext batch list.jsonl --output results --json > lines.jsonl
  find . -name '*.mp4' | python -m vidtext batch - --output results
  python -m vidtext batch clips --output results --engine ray --workers 2

SOURCE is a folder, a pattern in quotation marks, a video's path or address, or a list: names.txt has a source a line,
list.jsonl an object a line, with the tasks of that video and the options in which they differ, each named as in Python:
  {"source": "a.mp4", "caption": {"every_seconds": 5}, "chapters": {}}
  {"source": "b.mp4", "chat": {"questions": ["What moves?"]}}
  {"source": "c.mp4"}

The folder gets results.jsonl, a line a video, and files beside it: NAME.srt and NAME.vtt, NAME-chapters.txt and
NAME-chapters.vtt, NAME-summary.md, NAME-chat.md. Each video is written when it is finished; one that fails is recorded
with its reason. --resume skips what is done with the same options and tries again what failed. Standard output gets the
paths of the files, or with --json the lines.

TIME is seconds (90, 7.5) or clock text (1:30). Ctrl-C ends the work and keeps what is finished.
"""

_TIMES_AND_STOP = """
TIME is seconds (90, 7.5) or clock text (1:30, 0:01:30.5).

Ctrl-C ends the work and writes what is finished; a second one ends it at once.
"""

_EXIT_CODES = """\
exit codes:
  0 done   1 failed   2 an option is wrong   3 the video cannot be fetched   4 it is not a usable video
  5 the model cannot do it   6 some videos of a batch failed   7 the device was not to be had
  130 stopped with Ctrl-C

Limits and defaults are read from VIDTEXT_… variables, such as VIDTEXT_LIMITS__MAX_DURATION_SECONDS=600.
"""

_LAYOUT: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(f"{message}. See {self.prog} --help.")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line.

    Its `parse_args` raises `OptionError`.
    """
    whole = _Parser(prog="python -m vidtext", description=_DESCRIPTION, epilog=_EXIT_CODES, **_LAYOUT)
    whole.add_argument("--version", action="version", version=f"vidtext {vidtext.__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)

    for task in TASKS.values():
        if not task.converses:
            _add_task(commands.add_parser(task.name, help=_lower(task.summary), epilog=_epilog(task), **_LAYOUT), task)

    _add_chat(commands.add_parser("chat", help=_lower(CHAT.summary), epilog=_CHAT_EXAMPLES, **_LAYOUT))

    probe = commands.add_parser("probe", help="tell what a video file is")
    probe.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
    _add_json(probe, "as one JSON object; frame_rate is a fraction, as 30000/1001")

    listed = commands.add_parser("models", help="list the models, and say which one is used where none is named")
    _add_json(listed, "as one JSON object")

    _add_batch(commands.add_parser("batch", help="do many videos", epilog=_BATCH_EXAMPLES, **_LAYOUT))
    return whole


def _add_json(command: argparse.ArgumentParser, meaning: str) -> None:
    command.add_argument("--json", action="store_const", const="json", dest="format", help=meaning)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _epilog(task: AnyTask) -> str:
    return _EXAMPLES.get(task.name, "") + _TIMES_AND_STOP


def _add_task(command: argparse.ArgumentParser, task: AnyTask) -> None:
    command.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
    add_options(command, task.options)
    command.add_argument(
        "--format", choices=tuple(task.formats), help=f"how to write it (as the output's name ends, or {task.printed})"
    )
    _add_json(command, "the same as --format json")
    command.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
    EXTRAS[task.name].add(command)


def _add_batch(batch: argparse.ArgumentParser) -> None:
    tasks = [task for task in TASKS.values() if not task.converses]
    names = ",".join(task.name for task in tasks)
    batch.add_argument("sources", metavar="SOURCE", nargs="+", help="a folder, pattern, list or video; - for a list")
    batch.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="where the results go")
    batch.add_argument("--resume", action="store_true", help="go on with the batch that is in that folder")
    batch.add_argument(
        "--tasks", type=_tasks, default=(CAPTION.name,), metavar="LIST", help=f"any of {names} ({CAPTION.name})"
    )
    add_options(batch, *(task.options for task in tasks))
    batch.add_argument(
        "--ask", action="append", type=well_formed, default=[], metavar="TEXT", help="also a question about each video"
    )
    batch.add_argument("--chat-model", metavar="MODEL", help="the name of the model that answers (the best one)")
    batch.add_argument("--engine", choices=ENGINES, default="local", help="one process here, or Ray (local)")
    batch.add_argument("--address", metavar="ADDRESS", help="of a Ray cluster (one that is started on this machine)")
    batch.add_argument("--workers", type=int, metavar="N", help="how many Ray has (one a GPU, or a machine)")
    _add_json(batch, "print each video's line of results.jsonl instead of the paths of its files")


def _add_chat(chat: argparse.ArgumentParser) -> None:
    chat.add_argument("videos", metavar="VIDEO", nargs="+", help="a path, an http(s) address, or, with --ask, -")
    chat.add_argument(
        "--ask",
        action="append",
        type=well_formed,
        metavar="TEXT",
        help="a question; without, they are read line by line",
    )
    add_options(chat, ChatOptions)
    chat.add_argument("--open", type=Path, metavar="FILE", help="go on with a conversation that was saved as JSON")
    chat.add_argument("--output", type=Path, metavar="FILE", help="write the conversation there at its end")
    chat.add_argument("--format", choices=tuple(CHAT.formats), help="how (as the output's name ends, or md)")
    chat.add_argument("--json", action="store_true", help="print the conversation as one JSON object at its end")


def _tasks(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    known = [task.name for task in TASKS.values() if not task.converses]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not a task. The tasks are {', '.join(known)}")
    return names
