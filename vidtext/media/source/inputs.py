"""Getting a video in: whatever names or holds one becomes a file of bounded size that leaves nothing behind."""

from __future__ import annotations

import binascii
import os
import re
import stat
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, unquote_to_bytes

from vidtext.errors import OptionError, SourceError, SourceRefusedError, SourceTooLargeError, UnreadableMediaError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.media.source.download import download
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class LocalFile:
    """A regular file on this machine that is there while its `open_source` is open.

    Attributes:
        path: absolute, so that no part of it is taken for a protocol.
        name: what to call it before people: the file's own name, or "video from example.com".
        size_bytes: more than 0, at most `settings.limits.max_source_bytes`.
    """

    path: Path
    name: str
    size_bytes: int


Source: TypeAlias = str | os.PathLike[str] | bytes | Frames | LocalFile
"""A path; an http(s) URL, a `data:` URI or base64 text; the bytes of a file; frames with their times; what
`open_source` gives while it is open."""

ACCEPTED = "Give a path, an http(s) address, a data: URI, base64 text, bytes, or frames with their times."

_SHOWN_CHARACTERS = 60
_SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]+):", re.IGNORECASE)  # two letters at least: C:\clips is a path
_BASE64_START = re.compile(r"[A-Za-z0-9+/\s]{256}")  # no video is shorter, and no path so long without a dot
_BASE64_SLICE = 1 << 22  # a multiple of 4, so that each slice is base64 of its own
_LONGEST_PATH = 4096  # PATH_MAX of Linux; longer text need not be looked for on disk
_VIDEO_TYPES = re.compile(r"(video|application)/.+|image/(gif|webp|apng|avif)")  # application: mp4, ogg, octet-stream


@contextmanager
def open_source(
    source: Source, *, settings: Settings | None = None, job: Job | None = None, local_paths: bool = True
) -> Iterator[LocalFile | Frames]:
    """Bring a video into a local file for as long as the context lasts.

    A path gives that file itself; frames and open files pass through; everything else goes to a private temporary
    folder that is removed at the end, also after an error or a stop.

    Args:
        source: see `Source`. A URL may only lead to public addresses, see `vidtext.media.source.download`.
        settings: the limits on bytes, seconds and redirects.
        job: is told "downloading", bytes done, bytes in all (0 while unknown), and may stop it.
        local_paths: whether text may name a file on this machine. False for text from strangers, which then never
            touches the disk, not even to see whether a file exists. A `PathLike` is the caller's own choice and is
            always taken.

    Raises:
        SourceError: no such file, a broken data: URI or base64 text, a download that failed, or no room to store it.
        SourceRefusedError: an address or place that is not allowed.
        SourceTooLargeError: more bytes than `settings.limits.max_source_bytes`.
        UnreadableMediaError: the file is empty.
        CancelledError: the job was stopped.
    """
    settings = settings or Settings()
    if isinstance(source, Frames | LocalFile):
        yield source
    elif isinstance(source, os.PathLike) or (local_paths and isinstance(source, str) and is_there(source)):
        yield _existing_file(Path(source), settings)
    else:
        with ExitStack() as stack:
            with _told_storing_errors():
                path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vidtext-")), "video")
                name = _write(source, path, settings=settings, job=job or Job(), local_paths=local_paths)
            yield _checked(path, name, settings)


@contextmanager
def open_file(source: Source, *, settings: Settings | None = None, job: Job | None = None) -> Iterator[Path]:
    """Bring a video into a local file as `open_source` does, for work that copies parts of it.

    Raises:
        OptionError: the source is `Frames`, which are no file.
        SourceError: as with `open_source`.
    """
    with open_source(source, settings=settings, job=job) as opened:
        if isinstance(opened, Frames):
            raise OptionError("Frames are no file that could be copied; give a path, bytes or an address.")
        yield opened.path


def is_there(text: str) -> bool:
    """Whether the text names something on disk. Text that cannot be a path names nothing."""
    if not text or len(text) > _LONGEST_PATH or "\0" in text:
        return False
    try:
        return Path(text).exists()
    except OSError:  # a part that is longer than file names may be
        return False


def _existing_file(path: Path, settings: Settings) -> LocalFile:
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        raise SourceError(f"There is no file {_short(str(path))} that can be reached. {ACCEPTED}") from None
    if not is_file:
        raise SourceRefusedError(f"{_short(str(path))} is a folder or a device. Give the path of a video file.")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{_short(str(path))} may not be read by this program. Change the file's permissions.")
    name = path.name.encode("utf-8", "replace").decode()  # on Linux a name may be any bytes
    return _checked(path.absolute(), name, settings)


def _checked(path: Path, name: str, settings: Settings) -> LocalFile:
    """Hold the finished file against the rules for all sources."""
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise UnreadableMediaError(f"{_short(name)!r} is empty (0 bytes). Give a whole video.")
    _check_size(size_bytes, settings)
    return LocalFile(path, name, size_bytes)


@contextmanager
def _told_storing_errors() -> Iterator[None]:
    """Tell for a person what goes wrong while a video is stored.

    Raises:
        SourceError: there is no room for it, or no folder for temporary files.
    """
    try:
        yield
    except OSError as error:
        raise SourceError(
            f"The video cannot be stored here: {error.strerror or error}. Make room where temporary files go, or set "
            "TMPDIR to a folder that has room."
        ) from error


def _write(source: str | bytes, path: Path, *, settings: Settings, job: Job, local_paths: bool) -> str:
    """Bring what is not on disk yet into the file `path`, and say what to call it."""
    if isinstance(source, bytes):
        _check_size(len(source), settings)
        path.write_bytes(source)
        return "video"
    if not isinstance(source, str):
        raise SourceError(f"A video cannot be made of {type(source).__name__}. {ACCEPTED}")
    scheme = _SCHEME.match(source)
    kind = scheme[1].lower() if scheme else ""
    if kind == "data":
        _write_data_uri(source.strip(), path, settings)
        return "video"
    if kind in ("http", "https"):
        with path.open("wb") as file:
            host = download(source.strip(), file, settings=settings, job=job)
        return f"video from {host}"
    if kind:
        raise SourceRefusedError(f"Addresses that start with {kind}: are not opened, only http: and https:. {ACCEPTED}")
    if _BASE64_START.match(source):
        _write_base64(source, path, settings)
        return "video"
    if not local_paths:
        raise SourceRefusedError(
            f"{_short(source)!r} is not an http(s) address, a data: URI or base64 text, and paths of the server are "
            "not read. Upload the file, or give its public address."
        )
    raise SourceError(f"There is no file {_short(source)!r}. {ACCEPTED}")


def _write_data_uri(text: str, path: Path, settings: Settings) -> None:
    """Write what `data:video/mp4;base64,AAAA…` or its percent-encoded form holds (RFC 2397)."""
    head, comma, body = text.partition(",")
    if not comma:
        raise SourceError("The data: URI has no comma, so it holds no data. It looks like data:video/mp4;base64,AAAA…")
    media_type, *parameters = head[len("data:") :].lower().split(";")
    if media_type and not _VIDEO_TYPES.fullmatch(media_type.strip()):
        raise SourceError(f"The data: URI says that it holds {_short(media_type)!r}. Give one that holds video/…")
    if "base64" in (parameter.strip() for parameter in parameters):
        _write_base64(unquote(body) if "%" in body else body, path, settings)
    else:
        _check_size(len(body) - 2 * body.count("%"), settings)  # %41 is one byte
        path.write_bytes(unquote_to_bytes(body.encode(errors="replace")))


def _write_base64(text: str, path: Path, settings: Settings) -> None:
    """Write what strict base64 text (RFC 4648, line breaks allowed) holds, a slice at a time."""
    _check_size(len(text) * 3 // 4 - text.count("\n") - 2, settings)
    if any(blank in text for blank in " \t\r\n"):
        text = "".join(text.split())
    try:
        with path.open("wb") as file:
            for start in range(0, len(text), _BASE64_SLICE):
                file.write(binascii.a2b_base64(text[start : start + _BASE64_SLICE], strict_mode=True))
    except ValueError as error:
        raise SourceError(f"The base64 text is broken ({error}). Encode the file again.") from None


def _check_size(size_bytes: int, settings: Settings) -> None:
    if size_bytes > settings.limits.max_source_bytes:
        raise SourceTooLargeError(
            f"The video has {size_bytes / 1e6:.1f} MB; at most {settings.limits.max_source_bytes / 1e6:.1f} MB are "
            "taken. Give a shorter or smaller one."
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
