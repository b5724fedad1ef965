"""Files that were made to do harm, each with what it must get: `python -m tests.hostile.corpus` prints the table.

All are made by code, most of them by hand: no encoder writes such things.
"""

from __future__ import annotations

import io
import struct
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image

from tests.hostile.containers import CONTAINERS, whole_clip
from tests.hostile.visit import visit
from tests.media.clips import numbered_frame, write_clip
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Settings().override(
    sandbox__enabled=True, sandbox__total_seconds=6.0, sandbox__silent_seconds=5.0, sandbox__memory_bytes=1 << 30
)
"""Less time and memory than visitors are given, so that nothing takes long."""

TEN_YEARS_SECONDS = 10 * 365 * 86400
SECRET = "the words of a file that nobody uploaded"


@dataclass(frozen=True)
class Hostile:
    """A file, and what it must get.

    Attributes:
        name: what it is called.
        make: writes its bytes; is given a folder to work in.
        gets: the class of the error, "result", or several with a bar between where either is right.
    """

    name: str
    make: Callable[[Path], bytes]
    gets: str


def atom(kind: str, *parts: bytes) -> bytes:
    """Return an atom of an MP4 file."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind.encode()) + content


def full(kind: str, *parts: bytes) -> bytes:
    """Return an atom with a version and flags, both 0."""
    return atom(kind, bytes(4), *parts)


def numbers(*values: int) -> bytes:
    """Return numbers of 32 bits."""
    return struct.pack(f">{len(values)}I", *values)


def mp4(
    *, samples: int, delta: int = 1, rate: int = 25, width: int = 64, height: int = 48, compressed: bool = False
) -> bytes:
    """Return an MP4 whose samples are all the same picture, at the same place in the file.

    Args:
        samples: how many there are.
        delta: ticks from one to the next.
        rate: ticks a second.
        width: of the picture, as it says itself.
        height: the same.
        compressed: whether the header is compressed, as old QuickTime files are.
    """
    said = io.BytesIO()
    Image.fromarray(numbered_frame(7)).save(said, "JPEG")
    picture = said.getvalue()
    frame = picture.index(b"\xff\xc0")  # where a JPEG tells its size
    picture = picture[: frame + 5] + struct.pack(">HH", height, width) + picture[frame + 9 :]
    start = atom("ftyp", b"qt  ", bytes(4), b"qt  ")
    place = len(start) + 8
    matrix = numbers(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    length = min(samples * delta, 0xFFFFFFFF)
    entry = atom(
        "jpeg",
        bytes(6), b"\0\1", bytes(16), struct.pack(">HH", width, height), numbers(0x480000, 0x480000, 0), b"\0\1",
        bytes(32), b"\0\x18\xff\xff",
    )  # fmt: skip
    table = atom(
        "stbl",
        full("stsd", numbers(1), entry),
        full("stts", numbers(1, samples, delta)),
        full("stsc", numbers(1, 1, 1, 1)),
        full("stsz", numbers(len(picture), samples)),
        full("stco", numbers(samples), struct.pack(">I", place) * samples),
    )
    media = atom(
        "mdia",
        full("mdhd", numbers(0, 0, rate, length), bytes(4)),
        full("hdlr", b"mhlr", b"vide", bytes(13)),
        atom(
            "minf",
            full("vmhd", bytes(8)),
            atom("dinf", full("dref", numbers(1), full("url ")[:-1] + b"\1")),
            table,
        ),
    )
    track = atom(
        "trak",
        full("tkhd", numbers(0, 0, 1, 0, length), bytes(16), matrix, numbers(width << 16, height << 16))[:8]
        + b"\0\0\0\7"
        + numbers(0, 0, 1, 0, length)
        + bytes(16)
        + matrix
        + numbers((width << 16) & 0xFFFFFFFF, (height << 16) & 0xFFFFFFFF),
        media,
    )
    header = atom(
        "moov",
        full("mvhd", numbers(0, 0, rate, length, 0x10000), b"\1\0", bytes(10), matrix, bytes(24), numbers(2)),
        track,
    )
    if compressed:
        packed = zlib.compress(header, 9)
        header = atom("moov", atom("cmov", atom("dcom", b"zlib"), atom("cmvd", numbers(len(header)), packed)))
    return start + atom("mdat", picture) + header


def many_chunks(_: Path) -> bytes:
    """Return an AVI of a million empty packets behind one picture."""
    said = io.BytesIO()
    Image.fromarray(numbered_frame(7)).save(said, "JPEG")
    picture = said.getvalue() + b"\0" * (len(said.getvalue()) % 2)
    count = 1_000_000

    def chunk(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content

    def group(kind: bytes, *parts: bytes) -> bytes:
        return chunk(b"LIST", kind + b"".join(parts))

    stream = group(
        b"strl",
        chunk(b"strh", b"vidsMJPG" + struct.pack("<10I4H", 0, 0, 0, 1, 100, 0, count, 0, 0, 0, 0, 0, 64, 48)),
        chunk(b"strf", struct.pack("<3I2H4s5I", 40, 64, 48, 1, 24, b"MJPG", 0, 0, 0, 0, 0)),
    )  # fmt: skip
    header = group(
        b"hdrl", chunk(b"avih", struct.pack("<14I", 10000, 0, 0, 0x10, count, 0, 1, 0, 64, 48, 0, 0, 0, 0)), stream
    )
    content = group(b"movi", chunk(b"00dc", picture), chunk(b"00dc", b"") * (count - 1))
    return chunk(b"RIFF", b"AVI " + header + content)


def huge_gif(_: Path) -> bytes:
    """Return a GIF of 65535 × 65535 pixels in a few bytes."""
    size = struct.pack("<HH", 65535, 65535)
    return b"GIF89a" + size + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + b"," + bytes(4) + size + b"\0\2\2D\1\0;"


def growing(folder: Path) -> bytes:
    """Return an MPEG transport stream whose frames become larger than is allowed, behind a small first one."""
    small = write_clip(folder / "small.ts", [numbered_frame(n) for n in range(12)])
    large = write_clip(folder / "large.ts", [np.zeros((8192, 8192, 3), np.uint8)] * 2)
    return small.read_bytes() + large.read_bytes()


def large_pictures(folder: Path) -> bytes:
    """Return pictures just below what is allowed, and next to nothing in the file: 34 megapixels of one colour."""
    path = folder / "large.mov"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("png", rate=25)
        stream.width, stream.height, stream.pix_fmt = 5880, 5880, "gray"
        frame = av.VideoFrame(5880, 5880, "gray")
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.pts = 0
        packets = [*stream.encode(frame), *stream.encode(None)]
        for number in range(200):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.stream, copy.pts, copy.dts, copy.time_base = stream, number, number, Fraction(1, 25)
                copy.is_keyframe = True
                container.mux(copy)
    return path.read_bytes()


def attached(folder: Path) -> bytes:
    """Return a Matroska file with subtitles and an attachment beside its pictures."""
    whole = whole_clip(folder, "mkv")
    path = folder / "attached.mkv"
    (folder / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\n<script>alert(1)</script>\n", "utf-8")
    with (
        av.open(str(whole)) as source,
        av.open(str(folder / "words.srt")) as words,
        av.open(str(path), "w") as target,
    ):
        pictures = source.streams.video[0]
        kept = target.add_stream_from_template(pictures)
        target.add_attachment("font<b>.ttf", "application/x-truetype-font", b"\0" * 1000)
        subtitles = target.add_stream_from_template(words.streams[0])
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = kept
                target.mux(packet)
        for packet in words.demux():
            if packet.dts is not None:
                packet.stream = subtitles
                target.mux(packet)
    return path.read_bytes()


def elsewhere(kind: str, folder: Path) -> str:
    """Return the address of a file that must not be read."""
    secret = folder / "secret.txt"
    secret.write_text(SECRET, "utf-8")
    return f"{kind}{secret}"


def zipped(_: Path) -> bytes:
    """Return an archive."""
    said = io.BytesIO()
    with zipfile.ZipFile(said, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("video.mp4", bytes(10_000_000))
    return said.getvalue()


def external(folder: Path) -> bytes:
    """Return a QuickTime film whose pictures lie in another file."""
    film = mp4(samples=24)
    reference = full("alis", b"\0" * 2 + elsewhere("", folder).encode().ljust(80, b"\0"))[:-1]
    return film.replace(full("dref", numbers(1), full("url ")[:-1] + b"\1"), full("dref", numbers(1), reference))


def hls(kind: str, folder: Path) -> bytes:
    """Return a playlist that names a file, or an address."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{elsewhere(kind, folder)}\n#EXT-X-ENDLIST\n".encode()


NOT_A_VIDEO, TOO_LARGE = "UnreadableMediaError", "MediaTooLargeError"

CORPUS = (
    Hostile("65535x65535.gif", huge_gif, f"{NOT_A_VIDEO}|{TOO_LARGE}"),
    Hostile("65535x65535.mov", lambda _: mp4(samples=9, width=65535, height=65535), f"{NOT_A_VIDEO}|{TOO_LARGE}"),
    Hostile("34-megapixels-200-times.mov", large_pictures, f"result|{TOO_LARGE}"),
    Hostile("frames-that-grow.ts", growing, "result"),
    Hostile("a-million-packets.avi", many_chunks, f"result|{NOT_A_VIDEO}"),
    Hostile("100000-frames-in-10-kB.mov", lambda _: mp4(samples=100_000, compressed=True), f"result|{TOO_LARGE}"),
    Hostile("50-million-frames-in-200-kB.mov", lambda _: mp4(samples=50_000_000, compressed=True), f"{NOT_A_VIDEO}|{TOO_LARGE}"),
    Hostile("ten-years.mov", lambda _: mp4(samples=24, delta=TEN_YEARS_SECONDS // 24, rate=1), TOO_LARGE),
    Hostile("subtitles-and-attachment.mkv", attached, "result"),
    Hostile("pictures-in-another-file.mov", external, f"result|{NOT_A_VIDEO}"),
    Hostile("playlist.m3u8.mp4", lambda folder: hls("", folder), NOT_A_VIDEO),
    Hostile("playlist-of-file-addresses.mp4", lambda folder: hls("file://", folder), NOT_A_VIDEO),
    Hostile("playlist-of-a-server.mp4", lambda _: b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n", NOT_A_VIDEO),
    Hostile("concat.mp4", lambda folder: f"ffconcat version 1.0\nfile {elsewhere('', folder)}\n".encode(), NOT_A_VIDEO),
    Hostile("dash.mp4", lambda folder: f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>{elsewhere("file://", folder)}</BaseURL></Period></MPD>'.encode(), NOT_A_VIDEO),
    Hostile("session.sdp.mp4", lambda _: b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n", NOT_A_VIDEO),
    Hostile("empty.mp4", lambda _: b"", NOT_A_VIDEO),
    Hostile("zeros.mp4", lambda _: bytes(1_000_000), NOT_A_VIDEO),
    Hostile("words.mp4", lambda _: b"These are words and not a video. " * 1000, NOT_A_VIDEO),
    Hostile("archive.mp4", zipped, NOT_A_VIDEO),
    Hostile("page.mp4", lambda _: b"<!doctype html><script>alert(1)</script>" * 100, NOT_A_VIDEO),
    Hostile("an-mkv-that-is-named.mp4", lambda folder: whole_clip(folder, "mkv").read_bytes(), "result"),
)  # fmt: skip


def truncations(folder: Path, *, points: int = 50) -> Iterator[tuple[str, bytes]]:
    """Yield each container cut off at so many points, with names."""
    for suffix in CONTAINERS:
        whole = whole_clip(folder, suffix).read_bytes()
        for point in range(points):
            yield f"{suffix}-{point}.{suffix}", whole[: len(whole) * point // points]


def main() -> int:
    """Print what each file gets."""
    wrong = 0
    print("| file | bytes | gets | seconds | what is said |\n|---|--:|---|--:|---|")
    for hostile in CORPUS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, hostile.name)
            path.write_bytes(hostile.make(Path(folder)))
            outcome = visit(path, SETTINGS)
            wrong += outcome.kind not in hostile.gets.split("|")
            said = outcome.said.replace(path.name, "…")
            print(
                f"| {hostile.name} | {path.stat().st_size:,} | {outcome.kind} | {outcome.seconds:.1f} | {said} |",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
