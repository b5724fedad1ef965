"""The command line: `python -m vidtext caption VIDEO` and `python -m vidtext probe VIDEO`.

The result goes to standard output and nothing else does; progress, notes and errors go to standard error. What the
libraries print goes there too. Everything heavy is imported when a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import vidtext
from vidtext.clock import parse_clock
from vidtext.errors import CancelledError, OptionError, VidtextError
from vidtext.job import Job, Progress
from vidtext.settings import Settings
from vidtext.text.formats import FORMATS, render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from vidtext.tasks.caption import CaptionOptions, CaptionResult
    from vidtext.text.timed import TimedText

FITS = ("crop", "pad", "squash")
"""`vidtext.media.resize.Fit`, whose module is too slow to import for a help text."""

BROKEN_PIPE_EXIT_CODE = 141  # what a shell gives for a process that a closed pipe ended (128 + SIGPIPE)

_DESCRIPTION = """\
Turn a video into words.

  python -m vidtext caption clip.mp4               one sentence for the whole clip
  python -m vidtext caption clip.mp4 --every 5     one for each five seconds of it
  python -m vidtext probe clip.mp4                 what the file is
"""

_CAPTION_EXAMPLES = """\
examples:
  python -m vidtext caption clip.mp4 --start 1:30 --stop 2:00
  python -m vidtext caption clip.mp4 --every 0:10 --output clip.vtt
  python -m vidtext caption https://example.com/clip.mp4 --every 5 --format json > clip.json
  cat clip.mp4 | python -m vidtext caption -

TIME is seconds (90, 7.5) or clock text (1:30, 0:01:30.5).

Ctrl-C ends the work and writes what is finished; a second one ends it at once.
"""

_EXIT_CODES = """\
exit codes:
  0 done   1 failed   2 an option is wrong   3 the video cannot be fetched   4 it is not a usable video
  5 the model cannot do it   130 stopped with Ctrl-C

Limits and defaults are read from VIDTEXT_… variables, such as VIDTEXT_MAX_DURATION_SECONDS=600.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. `arguments` are those of the process if none are given."""
    try:
        options = _parser().parse_args(arguments)
        settings = Settings.from_env(os.environ)
        if options.command == "probe":
            _probe(options, settings)
        else:
            _caption(options, settings)
    except VidtextError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("Stopped.")
        return CancelledError.exit_code
    return 0


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others: one line, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise OptionError(f"{message}. See {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = _Parser(prog="python -m vidtext", description=_DESCRIPTION, epilog=_EXIT_CODES, formatter_class=layout)
    parser.add_argument("--version", action="version", version=f"vidtext {vidtext.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    caption = commands.add_parser(
        "caption", help="say what a video shows", epilog=_CAPTION_EXAMPLES, formatter_class=layout
    )
    caption.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
    caption.add_argument("--every", type=_time, metavar="TIME", help="one caption for each window of this length")
    caption.add_argument("--start", type=_time, metavar="TIME", help="where to start (the video's start)")
    caption.add_argument("--stop", type=_time, metavar="TIME", help="where to stop (the video's end)")
    caption.add_argument("--model", help="the model's name (the best one that is at hand)")
    caption.add_argument("--fit", choices=FITS, help="how frames become square (the model's own way)")
    caption.add_argument("--max-new-tokens", type=int, metavar="N", help="the most tokens a caption has (30)")
    caption.add_argument("--format", choices=tuple(FORMATS), help="how to write it (as the output's name ends, or txt)")
    caption.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to standard output")

    probe = commands.add_parser("probe", help="tell what a video file is")
    probe.add_argument("video", metavar="VIDEO", help="a path, an http(s) address, or - for standard input")
    probe.add_argument(
        "--json", action="store_true", help="as one JSON object; frame_rate is a fraction, as 30000/1001"
    )
    return parser


def _time(text: str) -> float:
    try:
        return parse_clock(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def _caption(arguments: argparse.Namespace, settings: Settings) -> None:
    output: Path | None = arguments.output
    if output is not None:
        _check_output(output, arguments.video)
    suffix = output.suffix.lower().lstrip(".") if output is not None else ""
    format_name = arguments.format or (suffix if suffix in FORMATS else "txt")
    source = _source(arguments.video, settings)

    finished: CaptionResult | None = None
    try:
        with _at_work() as job:
            from vidtext.tasks.caption import caption_stream

            for result in caption_stream(source, _chosen(arguments, settings), settings=settings, job=job):
                finished = result
    except BaseException:  # whatever ended the work, the person keeps what it had finished
        if finished is not None and finished.text.segments:
            note = f"Incomplete: {finished.windows_done} of {finished.windows_total} windows are captioned."
            partial = dataclasses.replace(finished.text, notes=(*finished.text.notes, note))
            _write(partial, format_name, output)
        raise
    if finished is not None:
        _write(finished.text, format_name, output)


def _chosen(arguments: argparse.Namespace, settings: Settings) -> CaptionOptions:
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


def _probe(arguments: argparse.Namespace, settings: Settings) -> None:
    source = _source(arguments.video, settings)
    with contextlib.redirect_stdout(sys.stderr):
        from vidtext.media.probe import probe

        info = probe(source, settings=settings)
    facts = dataclasses.asdict(info)
    if arguments.json:
        _print(json.dumps(facts, ensure_ascii=False, indent=2, default=_fraction) + "\n")
    else:
        notes = facts.pop("notes")
        _print("".join(f"{name}: {value}\n" for name, value in facts.items()))
        _say_notes(notes)


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _source(video: str, settings: Settings) -> str | bytes:
    if video != "-":
        return video
    if sys.stdin.isatty():
        raise OptionError("- reads the video from standard input, but that is the terminal. Pipe a file into it.")
    return sys.stdin.buffer.read(settings.max_source_bytes + 1)  # one more than allowed, for the size check to see


@contextlib.contextmanager
def _at_work() -> Iterator[Job]:
    """Give a job that a terminal shows and Ctrl-C stops; a second Ctrl-C does what it did before.

    Whatever the libraries print meanwhile stays off the result.
    """
    watched = sys.stderr.isatty()
    if not watched:  # transformers and the hub draw their bars into log files as well
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    job = Job(_show) if watched else Job()
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        job.stop()

    signal.signal(signal.SIGINT, stop)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield job
    finally:
        signal.signal(signal.SIGINT, before)
        if watched:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _write(text: TimedText, format_name: str, output: Path | None) -> None:
    document = render(text, format_name)
    if output is None:
        _print(document)
    else:
        _replace(output, document)
    _say_notes(text.notes)


def _check_output(output: Path, video: str) -> None:
    """Find out before the work whether its result can be stored.

    Raises:
        OptionError: it cannot, or the output is no ordinary file, or it is the video itself.
    """
    try:
        if output.exists() and not output.is_file():
            raise OptionError(f"--output {output} is not an ordinary file. Leave it out to write to standard output.")
        if output.exists() and not os.access(output, os.W_OK):
            raise OptionError(f"--output {output} may not be written. Choose another name.")
        if output.exists() and _is_same_file(output, video):
            raise OptionError(f"--output {output} is the video itself. Choose another name.")
        part = _part(output)
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        raise OptionError(f"--output {output} cannot be written: {error.strerror}.") from None


def _is_same_file(output: Path, video: str) -> bool:
    try:
        return output.samefile(video)
    except OSError:  # the video is an address, or does not exist
        return False


def _replace(output: Path, document: str) -> None:
    """Store the document so that its name never stands for half of it."""
    target, part = output.resolve(), _part(output)
    try:
        part.write_bytes(document.encode())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        raise VidtextError(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _part(output: Path) -> Path:
    return output.resolve().with_name(f".vidtext-{os.getpid()}.part")


def _print(document: str) -> None:
    """Write to standard output, in UTF-8 and with the document's own line ends on every system."""
    try:
        sys.stdout.buffer.write(document.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever read it has left; Python would complain again when it flushes at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(BROKEN_PIPE_EXIT_CODE) from None


def _show(progress: Progress) -> None:
    share = f" {100 * progress.done // progress.total} %" if progress.total else ""
    print(f"\r\x1b[K{progress.doing}{share}", end="", file=sys.stderr, flush=True)


def _say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        _say(f"note: {note}")


def _say(message: str) -> None:
    print(f"vidtext: {' '.join(message.split())}", file=sys.stderr)
