"""Where videos may come from and results go: standard input and output, and files that are never half written."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from typing import TYPE_CHECKING

from vidtext.errors import OptionError, VidtextError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from vidtext.settings import Settings

BROKEN_PIPE_EXIT_CODE = 141  # what a shell gives for a process that a closed pipe ended (128 + SIGPIPE)


def write(document: str, output: Path | None) -> None:
    """Write to the file, or to standard output if there is none.

    Raises:
        VidtextError: the file cannot be written.
    """
    if output is None:
        print_document(document)
    else:
        _replace(output, document)


def check_output(output: Path, video: str, option: str = "--output") -> None:
    """Find out before the work whether its result can be stored.

    Raises:
        OptionError: it cannot, or the output is no ordinary file, or it is the video itself.
    """
    try:
        if output.exists() and not output.is_file():
            raise OptionError(f"{option} {output} is not an ordinary file. Leave it out to write to standard output.")
        if output.exists() and not os.access(output, os.W_OK):
            raise OptionError(f"{option} {output} may not be written. Choose another name.")
        if output.exists() and _is_same_file(output, video):
            raise OptionError(f"{option} {output} is the video itself. Choose another name.")
        part = _part(output)
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        raise OptionError(f"{option} {output} cannot be written: {error.strerror}.") from None


def _is_same_file(output: Path, video: str) -> bool:
    try:
        return output.samefile(video)
    except OSError:  # the video is an address, or does not exist
        return False


def _replace(output: Path, document: str) -> None:
    """Store the document so that its name never stands for half of it."""
    target, part = output.resolve(), _part(output)
    try:
        part.write_bytes(document.encode(errors="replace"))
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        raise VidtextError(f"{output} cannot be written: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _part(output: Path) -> Path:
    return output.resolve().with_name(f".vidtext-{uuid.uuid4().hex}.part")


def print_document(document: str, out: TextIO | None = None) -> None:
    """Write to standard output, or to what was it before the work, in UTF-8 and with the document's own line ends.

    Raises:
        VidtextError: it cannot be written; what follows goes nowhere.
        SystemExit: whoever read it has left, which is no error.
    """
    out = out or sys.stdout
    try:
        out.buffer.write(document.encode(errors="replace"))
        out.buffer.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # or Python complains again when it flushes at its end
        if isinstance(error, BrokenPipeError):
            raise SystemExit(BROKEN_PIPE_EXIT_CODE) from None
        raise VidtextError(
            f"Standard output cannot be written: {error.strerror}. Make room, or send it elsewhere."
        ) from None


def read_video(video: str, settings: Settings) -> str | bytes | Path:
    """Return what was named, or for "-" what standard input holds.

    Raises:
        OptionError: standard input is the terminal.
    """
    if video != "-":
        return video
    if sys.stdin.isatty():
        raise OptionError("- reads the video from standard input, but that is the terminal. Pipe a file into it.")
    return sys.stdin.buffer.read(
        settings.limits.max_source_bytes + 1
    )  # one more than allowed, for the size check to see
