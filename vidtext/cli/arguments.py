"""What may be typed: commands, options and the help that teaches them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

import vidtext
from vidtext.clock import parse_clock
from vidtext.errors import OptionError
from vidtext.text.chapter_formats import CHAPTER_FORMATS
from vidtext.text.formats import FORMATS
from vidtext.text.prompts import STYLES
from vidtext.text.summary_formats import SUMMARY_FORMATS
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS
from vidtext.text.unicode import well_formed

FITS = ("crop", "pad", "squash")
SHOT_MODES = ("auto", "exact", "fast")
LENGTHS = ("short", "medium", "long")
LOOKS = ("shots", "time")
BATCH_TASKS = ("caption", "chapters", "summary")
ENGINES = ("local", "ray")
"""What `vidtext.media.resize`, `vidtext.media.shots` and `vidtext.tasks.summary` allow, whose modules are too slow to
import for a help text; which tasks a batch does besides questions, and where."""

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

_CAPTION_EXAMPLES = """\
examples:
  python -m vidtext caption clip.mp4 --start 1:30 --stop 2:00
  python -m vidtext caption clip.mp4 --every 0:10 --output clip.vtt
  python -m vidtext caption https://example.com/clip.mp4 --every 5 --format json > clip.json
  cat clip.mp4 | python -m vidtext caption -
"""

_CHAPTER_EXAMPLES = """\
examples:
  python -m vidtext chapters talk.mp4                          as YouTube reads them in a description
  python -m vidtext chapters talk.mp4 --count 8 --format md > talk.md
  python -m vidtext chapters talk.mp4 --min 2:00 --output talk.vtt
  python -m vidtext chapters talk.mp4 --video talk-with-chapters.mp4
"""

_SUMMARY_EXAMPLES = """\
examples:
  python -m vidtext summary talk.mp4 --length short
  python -m vidtext summary talk.mp4 --style lecture --model llava-hf/LLaVA-NeXT-Video-7B-hf --output talk.md
  python -m vidtext summary talk.mp4 --reel best.mp4 --seconds 0:30     the highlights as a clip, and best.srt
"""

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

_LAYOUT = argparse.RawDescriptionHelpFormatter


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(f"{message}. See {self.prog} --help.")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line.

    Its `parse_args` raises `OptionError`.
    """
    whole = _Parser(prog="python -m vidtext", description=_DESCRIPTION, epilog=_EXIT_CODES, formatter_class=_LAYOUT)
    whole.add_argument("--version", action="version", version=f"vidtext {vidtext.__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(
        name: str, purpose: str, examples: str, formats: tuple[str, ...], first: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=purpose, epilog=examples + _TIMES_AND_STOP, formatter_class=_LAYOUT)
        made.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
        made.add_argument("--model", help="the model's name (the best one that is at hand)")
        made.add_argument("--fit", choices=FITS, help="how frames become square (the model's own way)")
        made.add_argument("--format", choices=formats, help=f"how to write it (as the output's name ends, or {first})")
        _add_json(made, "the same as --format json")
        made.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")
        return made

    _add_caption(command("caption", "say what a video shows", _CAPTION_EXAMPLES, tuple(FORMATS), "txt"))
    _add_chapters(command("chapters", "divide it", _CHAPTER_EXAMPLES, tuple(CHAPTER_FORMATS), "youtube"))
    _add_summary(command("summary", "say what it is about", _SUMMARY_EXAMPLES, tuple(SUMMARY_FORMATS), "txt"))

    _add_chat(
        commands.add_parser(
            "chat", help="answer questions about videos", epilog=_CHAT_EXAMPLES, formatter_class=_LAYOUT
        )
    )

    probe = commands.add_parser("probe", help="tell what a video file is")
    probe.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
    _add_json(probe, "as one JSON object; frame_rate is a fraction, as 30000/1001")

    listed = commands.add_parser("models", help="list the models, and say which one is used where none is named")
    _add_json(listed, "as one JSON object")

    _add_batch(commands.add_parser("batch", help="do many videos", epilog=_BATCH_EXAMPLES, formatter_class=_LAYOUT))
    return whole


def _add_json(command: argparse.ArgumentParser, meaning: str) -> None:
    command.add_argument("--json", action="store_const", const="json", dest="format", help=meaning)


def _add_batch(batch: argparse.ArgumentParser) -> None:
    batch.add_argument("sources", metavar="SOURCE", nargs="+", help="a folder, pattern, list or video; - for a list")
    batch.add_argument("--output", type=Path, metavar="FOLDER", required=True, help="where the results go")
    batch.add_argument("--resume", action="store_true", help="go on with the batch that is in that folder")
    batch.add_argument(
        "--tasks", type=_tasks, default=("caption",), metavar="LIST", help=f"any of {','.join(BATCH_TASKS)} (caption)"
    )
    batch.add_argument(
        "--ask", action="append", type=well_formed, default=[], metavar="TEXT", help="also a question about each video"
    )
    batch.add_argument("--every", type=_time, metavar="TIME", help="one caption for each window of this length")
    batch.add_argument("--length", choices=LENGTHS, default="medium", help="how much a summary tells (medium)")
    _add_style(batch)
    batch.add_argument("--model", help="the model's name (the best one that is at hand)")
    batch.add_argument("--chat-model", metavar="MODEL", help="the name of the model that answers (the best one)")
    batch.add_argument("--fit", choices=FITS, help="how frames become square (the model's own way)")
    batch.add_argument("--engine", choices=ENGINES, default="local", help="one process here, or Ray (local)")
    batch.add_argument("--address", metavar="ADDRESS", help="of a Ray cluster (one that is started on this machine)")
    batch.add_argument("--workers", type=int, metavar="N", help="how many Ray has (one a GPU, or a machine)")
    _add_json(batch, "print each video's line of results.jsonl instead of the paths of its files")


def _add_caption(caption: argparse.ArgumentParser) -> None:
    caption.add_argument("--every", type=_time, metavar="TIME", help="one caption for each window of this length")
    caption.add_argument("--start", type=_time, metavar="TIME", help="where to start (the video's start)")
    caption.add_argument("--stop", type=_time, metavar="TIME", help="where to stop (the video's end)")
    caption.add_argument("--max-new-tokens", type=int, metavar="N", help="the most tokens a caption has (30)")


def _add_chapters(chapters: argparse.ArgumentParser) -> None:
    chapters.add_argument("--count", type=int, metavar="N", help="how many chapters (as the content asks for)")
    chapters.add_argument("--min", type=_time, metavar="TIME", help="the shortest chapter (by the video's length)")
    chapters.add_argument(
        "--shots", choices=SHOT_MODES, default="auto", help="look at every frame, or at keyframes first (by its length)"
    )
    _add_style(chapters)
    chapters.add_argument(
        "--video", type=Path, metavar="FILE", dest="chaptered", help="also write the video with the chapters in it"
    )


def _add_summary(summary: argparse.ArgumentParser) -> None:
    summary.add_argument("--length", choices=LENGTHS, default="medium", help="how much to tell (medium)")
    summary.add_argument("--look", choices=LOOKS, default="shots", help="by shots, or every 5 %% of the time (shots)")
    _add_style(summary)
    summary.add_argument("--reel", type=Path, metavar="FILE", help="also write the highlights as an MP4, with its SRT")
    summary.add_argument("--seconds", type=_time, metavar="TIME", help="how long that clip is (as the highlights are)")


def _add_chat(chat: argparse.ArgumentParser) -> None:
    chat.add_argument("videos", metavar="VIDEO", nargs="+", help="a path, an http(s) address, or, with --ask, -")
    chat.add_argument(
        "--ask",
        action="append",
        type=well_formed,
        metavar="TEXT",
        help="a question; without, they are read line by line",
    )
    chat.add_argument("--model", help="the chat model's name (the best one that is at hand)")
    chat.add_argument(
        "--frames", type=int, metavar="N", help="how many frames of all videos (as the model was trained)"
    )
    chat.add_argument("--max-new-tokens", type=int, metavar="N", help="the most tokens an answer has (256)")
    chat.add_argument(
        "--temperature", type=float, metavar="X", help="0 to 2: how freely words are drawn (0: not at all)"
    )
    chat.add_argument("--top-p", type=float, metavar="X", help="draw only from the likeliest words of this share (1)")
    chat.add_argument("--system", type=well_formed, metavar="TEXT", help="what the model is told before all")
    chat.add_argument("--fit", choices=FITS, help="how frames become square (the model's own way)")
    chat.add_argument("--open", type=Path, metavar="FILE", help="go on with a conversation that was saved as JSON")
    chat.add_argument("--output", type=Path, metavar="FILE", help="write the conversation there at its end")
    chat.add_argument("--format", choices=tuple(TRANSCRIPT_FORMATS), help="how (as the output's name ends, or md)")
    chat.add_argument("--json", action="store_true", help="print the conversation as one JSON object at its end")


def _add_style(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--style",
        type=well_formed,
        default="neutral",
        help=f"{', '.join(STYLES)}, or your own words; only chat models follow it",
    )


def _tasks(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in BATCH_TASKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not a task. The tasks are {', '.join(BATCH_TASKS)}")
    return names


def _time(text: str) -> float:
    try:
        return parse_clock(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None
