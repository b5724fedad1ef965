"""Pictures that are files of their own, JPEG and PNG, as a viewer shows them: upright, in RGB, on a white page."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin

from vidtext.errors import MediaTooLargeError, UnreadableMediaError
from vidtext.media.sandbox.guard import guarded_stream
from vidtext.media.sandbox.messages import crosses_process

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.settings import Settings

_FORMATS = (JpegImagePlugin.JpegImageFile.format, PngImagePlugin.PngImageFile.format)

_CHANNELS = 3

_OPAQUE = 255

_PAGE = (255, 255, 255)
"""What transparent parts lie on: browsers, documents and printers have a white page."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by its orientation in EXIF 2.32, 4.6.4."""

_16_BIT_GREY = ("I;16", "I;16B", "I;16L", "I;16N", "I")
"""Pillow's modes for 16 bits of grey, which its own conversion to RGB clips at 255."""

_JPEG_MARKER = re.compile(rb"\xff++([^\x00\xff\xd0-\xd7])")
"""A marker that is neither a stuffed byte nor a restart inside of coded data (ITU-T T.81, B.1.1.2)."""
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_LENGTH = (0xD8, 0x01)

_MALFORMED = (
    ValueError, OSError, SyntaxError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error, OverflowError
)  # fmt: skip
"""What Pillow's readers raise of files that are not what they claim to be."""


@crosses_process
@dataclass(frozen=True, eq=False)
class Still:
    """A picture.

    Attributes:
        pixels: `(H, W, 3)` uint8, RGB, upright.
        notes: one sentence for each way in which it differs from what its file holds.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def read_stills(contents: Sequence[bytes], *, settings: Settings, job: Job) -> Generator[Still, None, None]:
    """Decode JPEG and PNG files, one after the other, in a worker where the settings say so.

    The orientation of EXIF is applied, 16 bits are scaled to 8, transparent parts lie on white, and of an animation the
    first picture is taken. Colour profiles are not applied.

    Raises:
        MediaTooLargeError: a file has too many bytes, pixels or scans, or the pictures together take more than
            `settings.limits.max_frames_bytes`.
        UnreadableMediaError: a file is no JPEG or PNG, is damaged, or takes too long.
        CancelledError: the job was stopped.
    """
    yield from guarded_stream(_read, contents, settings=settings, job=job)


def _read(contents: Sequence[bytes], *, settings: Settings, job: Job) -> Generator[Still, None, None]:
    room_bytes = settings.limits.max_frames_bytes
    for content in contents:
        job.check()
        still = _decoded(content, room_bytes, settings)
        room_bytes -= still.pixels.nbytes
        yield still


def _decoded(content: bytes, room_bytes: int, settings: Settings) -> Still:
    if len(content) > settings.limits.max_still_bytes:
        raise MediaTooLargeError(
            f"The picture has {len(content):,} bytes; at most {settings.limits.max_still_bytes:,} are taken. "
            "Make it smaller."
        )
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            _check(image, content, room_bytes, settings)
            image.load()
            orientation = _orientation(image)
    except Image.DecompressionBombError as error:
        raise MediaTooLargeError(f"The picture is too large: {error}") from None
    except _MALFORMED:
        raise UnreadableMediaError("The picture is no JPEG or PNG, or it is damaged. Encode it again.") from None
    return _as_shown(image, orientation)


def _check(image: Image.Image, content: bytes, room_bytes: int, settings: Settings) -> None:
    """Refuse before it is decoded what would take too much memory or time."""
    pixels, most = image.width * image.height, settings.limits.max_frame_pixels
    if pixels > most:
        raise MediaTooLargeError(
            f"The picture has {image.width} × {image.height} pixels; at most {most:,} are taken. Make it smaller."
        )
    if pixels * _CHANNELS > room_bytes:
        raise MediaTooLargeError(
            f"The pictures take more than {settings.limits.max_frames_bytes:,} bytes of memory once they are decoded. "
            "Give fewer or smaller ones."
        )
    if content.startswith(b"\xff\xd8") and (scans := _scans(content)) > settings.limits.max_jpeg_scans:
        raise MediaTooLargeError(
            f"The JPEG has {scans:,} scans; at most {settings.limits.max_jpeg_scans:,} are taken. Encode it again."
        )


def _scans(jpeg: bytes) -> int:
    """Count how many times a decoder goes over the whole picture."""
    scans, place = 0, 0
    while found := _JPEG_MARKER.search(jpeg, place):
        marker, place = found[1][0], found.end()
        if marker == _END:
            break
        scans += marker == _SCAN
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(jpeg[place : place + 2], "big")
    return scans


def _as_shown(image: Image.Image, orientation: int) -> Still:
    notes = []
    if image.format == PngImagePlugin.PngImageFile.format and getattr(image, "is_animated", False):
        notes.append("A picture is an animation; the first of its frames is used.")
    shown = _eight_bits(image)
    if shown.has_transparency_data:
        cut_out = shown.convert("RGBA")
        opacity = cut_out.getchannel("A")
        shown = Image.new("RGB", shown.size, _PAGE)
        shown.paste(cut_out, mask=opacity)
        if opacity.getextrema() != (_OPAQUE, _OPAQUE):
            notes.append("A picture is transparent in parts; it is seen on white.")
    shown = shown.convert("RGB")
    if orientation in _UPRIGHT:
        shown = shown.transpose(_UPRIGHT[orientation])
    return Still(np.array(shown), tuple(notes))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _MALFORMED:  # viewers show a picture whose EXIF cannot be read
        return 1


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the picture in 8 bits a channel: Pillow scales all others itself."""
    if image.mode not in _16_BIT_GREY:
        return image
    levels = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((levels + 128) // 257).astype(np.uint8))
    if (transparent := image.info.get("transparency")) is not None:
        grey.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return grey
