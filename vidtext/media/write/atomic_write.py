"""Files that appear when they are whole, and leave nothing behind where they do not get so far."""

from __future__ import annotations

import errno
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import av

from vidtext.errors import MediaError, VidtextError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Hand out a path beside the target. What is written there becomes the target when the context ends well.

    Raises:
        MediaError, VidtextError: as `told_write_errors`.
    """
    target = target.absolute()  # so that FFmpeg takes no part of it for a protocol
    part = target.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with told_write_errors(target):
            yield part
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def told_write_errors(target: Path) -> Iterator[None]:
    """Tell for a person what goes wrong while a file is written.

    Raises:
        MediaError: FFmpeg refused what was to be written.
        VidtextError: the file cannot be written: a full disk, a folder that is missing or may not be written.
    """
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise _told(error, target) from error


def _told(error: av.FFmpegError | OSError, target: Path) -> VidtextError:
    number = error.errno or 0
    # FFmpeg's own errors are not among the system's; its containers refuse what they cannot hold with EINVAL.
    if isinstance(error, av.FFmpegError) and (number == errno.EINVAL or number not in errno.errorcode):
        return MediaError(
            f"What the video holds cannot be put into a {target.suffix} file as it is ({error.strerror}). "
            "Convert it to H.264 and AAC in an MP4 and try again."
        )
    return VidtextError(f"{target.name} cannot be written: {error.strerror}. Make room or choose another place.")
