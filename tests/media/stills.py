"""Pictures of every kind that JPEG and PNG can be, made by Pillow and by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 48, 64


def scene() -> np.ndarray:
    """Return a picture without any symmetry: a ramp in each channel, and a white corner."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([x * 3, y * 4, (x + y) * 2], axis=-1).astype(np.uint8)
    pixels[:8, :8] = 255
    return pixels


def png(rows: np.ndarray, bits: int, colour: int, chunks: bytes = b"") -> bytes:
    """Write a PNG (W3C, third edition) by hand: `rows` are `(H, bytes)` uint8 of samples as they are packed."""
    height = len(rows)
    width = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    header = struct.pack(">IIBBBBB", rows.shape[1] * 8 // (bits * width), height, bits, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunks + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _written(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)  # type: ignore[arg-type]  # its options have no types
    return content.getvalue()


def _oriented(orientation: int, kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    return _written(Image.fromarray(scene()), kind, exif=exif, **options)


def _sixteen(*channels: np.ndarray) -> np.ndarray:
    samples = np.stack(channels, axis=-1).astype(">u2")
    return np.ascontiguousarray(samples).view(np.uint8).reshape(len(samples), -1)


def kinds() -> dict[str, bytes]:
    """Return a file of each kind; all but those with "alpha" in their names are opaque."""
    rgb = Image.fromarray(scene())
    grey = rgb.convert("L")
    levels = np.asarray(grey).astype(np.uint32) * 257 * 12 // 100  # dark: 12 % of white at the most
    ramp = np.tile(np.linspace(0, 65535, WIDTH), (HEIGHT, 1))
    red, green, blue = (scene()[..., channel].astype(np.uint32) * 257 for channel in range(3))
    opacity = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH), (HEIGHT, 1)).astype(np.uint8))
    see_through = rgb.copy()
    see_through.putalpha(opacity)
    grey_alpha = grey.copy()
    grey_alpha.putalpha(opacity)
    bits = np.packbits(np.asarray(grey) > 100, axis=1)
    fours = np.asarray(grey) // 16
    return {
        "jpeg": _written(rgb, "JPEG", quality=95, subsampling=0),
        "progressive jpeg": _written(rgb, "JPEG", quality=95, subsampling=0, progressive=True),
        "grey jpeg": _written(grey, "JPEG", quality=95),
        "cmyk jpeg": _written(rgb.convert("CMYK"), "JPEG", quality=95),
        "png": _written(rgb, "PNG"),
        "tiny png": _written(rgb.resize((3, 5)), "PNG"),
        "1 bit": png(bits, 1, 0),
        "4 bit grey": png((fours[:, ::2] << 4 | fours[:, 1::2]).astype(np.uint8), 4, 0),
        "grey": _written(grey, "PNG"),
        "dark 16 bit grey": png(_sixteen(levels), 16, 0),
        "16 bit grey": png(_sixteen(ramp), 16, 0),
        "16 bit rgb": png(_sixteen(red, green, blue), 16, 2),
        "palette": _written(rgb.quantize(16), "PNG"),
        "palette alpha": _written(rgb.quantize(16), "PNG", transparency=bytes(range(0, 256, 16))),
        "alpha": _written(see_through, "PNG"),
        "grey alpha": _written(grey_alpha, "PNG"),
        "16 bit alpha": png(_sixteen(red, green, blue, ramp), 16, 6),
        "16 bit grey alpha": png(_sixteen(levels, ramp), 16, 4),
        "alpha of one colour": _written(rgb, "PNG", transparency=(255, 255, 255)),
        "alpha of one 16 bit grey": png(
            _sixteen(levels), 16, 0, chunk(b"tRNS", struct.pack(">H", int(levels[20, 20])))
        ),
        **{f"orientation {place}": _oriented(place, "JPEG") for place in range(1, 9)},
        "orientation 6 png": _oriented(6, "PNG"),
    }


def animation() -> bytes:
    """Return an APNG whose first frame is the scene."""
    others = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue")]
    return _written(Image.fromarray(scene()), "PNG", save_all=True, append_images=others, duration=60_000)


def many_scans(scans: int, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """Return a progressive JPEG of so many scans, all but the first of which change nothing and take ten bytes."""
    whole = _written(Image.new("RGB", (width, height), "grey"), "JPEG", progressive=True)
    head, first, *_ = whole.split(b"\xff\xda")
    refining_one_bit = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, 1, 0, 0, 0, 0x10) + b"\0"  # T.81, B.2.3
    return head + b"\xff\xda" + first + refining_one_bit * (scans - 1) + b"\xff\xd9"
