"""Pictures as viewers show them, against FFmpeg and Pillow; and what is refused before or while it is decoded."""

from __future__ import annotations

import io
import random
import subprocess
import threading
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image, ImageOps

from tests.media.stills import animation, kinds, many_scans
from tests.ui.serving import wait_until
from vidtext.errors import CancelledError, MediaTooLargeError, UnreadableMediaError
from vidtext.job import Job
from vidtext.media.read.still import Still, read_stills
from vidtext.settings import Settings

KINDS = kinds()
GUARDED = Settings().override(sandbox__enabled=True)


def read(*contents: bytes, settings: Settings | None = None, job: Job | None = None) -> list[Still]:
    return list(read_stills(contents, settings=settings or Settings(), job=job or Job()))


def workers() -> list[psutil.Process]:
    servers = [
        child for child in psutil.Process().children() if "vidtext.media.sandbox.worker" in " ".join(child.cmdline())
    ]
    return [worker for server in servers for worker in server.children()]


def of_ffmpeg(content: bytes, size: tuple[int, int]) -> Any:
    """Decode with FFmpeg, which turns JPEGs upright, and lay the result on white."""
    command = ["ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgba"]
    made = subprocess.run(
        [*command, "-sws_flags", "accurate_rnd+full_chroma_int", "pipe:1"],
        input=content,
        capture_output=True,
        check=True,
    )
    pixels = np.frombuffer(made.stdout, np.uint8).reshape(*size, 4).astype(float)
    opacity = pixels[..., 3:] / 255
    return pixels[..., :3] * opacity + 255 * (1 - opacity)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "orientation 6 png"])
def test_every_kind_is_seen_as_ffmpeg_shows_it(kind: str) -> None:
    (still,) = read(KINDS[kind])
    assert still.pixels.dtype == np.uint8
    assert np.abs(of_ffmpeg(KINDS[kind], still.pixels.shape[:2]) - still.pixels).max() <= 2
    assert bool(still.notes) == ("alpha" in kind)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("orientation")])
def test_pictures_are_upright_as_pillow_turns_them(kind: str) -> None:
    with Image.open(io.BytesIO(KINDS[kind])) as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(read(KINDS[kind])[0].pixels, upright)


def test_the_first_frame_of_an_animation_is_taken_and_told() -> None:
    (still,) = read(animation())
    assert np.array_equal(still.pixels, read(KINDS["png"])[0].pixels)
    assert len(still.notes) == 1


def test_a_worker_decodes_them_all_the_same() -> None:
    plain, guarded = read(*KINDS.values()), read(*KINDS.values(), settings=GUARDED)
    for one, other in zip(plain, guarded, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert one.notes == other.notes
    assert workers() == []


@pytest.mark.parametrize("settings", [{}, {"sandbox__enabled": True}])
@pytest.mark.parametrize(
    ("limit", "content", "words"),
    [
        ({"limits__max_still_bytes": 100}, KINDS["png"], "at most 100 are taken"),
        ({"limits__max_frame_pixels": 64 * 48 - 1}, KINDS["jpeg"], "64 × 48 pixels; at most 3,071"),
        ({"limits__max_frames_bytes": 64 * 48 * 3 - 1}, KINDS["jpeg"], "more than 9,215 bytes of memory"),
        ({"limits__max_jpeg_scans": 200}, many_scans(201), "201 scans; at most 200"),
    ],
)
def test_what_is_too_large_is_refused(
    settings: dict[str, Any], limit: dict[str, Any], content: bytes, words: str
) -> None:
    with pytest.raises(MediaTooLargeError, match=words):
        read(content, settings=Settings().override(**settings, **limit))


def test_all_pictures_together_are_bounded_too() -> None:
    settings = Settings().override(limits__max_frames_bytes=64 * 48 * 3)
    with pytest.raises(MediaTooLargeError):
        read(KINDS["png"], KINDS["png"], settings=settings)


def test_scans_are_counted_and_those_of_a_thumbnail_are_not() -> None:
    thumbnail = many_scans(150)
    segment = b"Exif\0\0" + thumbnail
    jpeg = KINDS["jpeg"]
    with_thumbnail = jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]
    assert np.array_equal(read(with_thumbnail)[0].pixels, read(jpeg)[0].pixels)
    assert read(many_scans(100))[0].pixels.shape == (48, 64, 3)
    for kind in ("progressive jpeg", "cmyk jpeg", "grey jpeg"):
        assert read(KINDS[kind], settings=Settings().override(limits__max_jpeg_scans=12))


ENDLESS = many_scans(20_000, 8192, 4352)
"""A JPEG that takes minutes."""

WITHOUT_BOUND = Settings().override(sandbox__enabled=True, limits__max_jpeg_scans=1_000_000)


def test_stopping_the_job_ends_the_decoder() -> None:
    job = Job()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            read(ENDLESS, settings=WITHOUT_BOUND, job=job)
        except CancelledError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: any(worker.cpu_times().user > 0.1 for worker in workers()), what="a decoder at work")
    job.stop()
    thread.join(60)
    assert len(failed) == 1
    assert workers() == []


def test_a_picture_that_takes_too_long_is_given_up() -> None:
    settings = Settings().override(sandbox__enabled=True, limits__max_jpeg_scans=1_000_000, sandbox__silent_seconds=0.5)
    with pytest.raises(UnreadableMediaError):
        read(ENDLESS, settings=settings)
    assert workers() == []


def test_what_is_damaged_is_a_sentence_or_a_picture_and_never_another_error() -> None:
    chance = random.Random(0)
    for kind, content in KINDS.items():
        for _ in range(40):
            damaged = bytearray(content)
            for _ in range(chance.choice((1, 4, 40))):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            if chance.random() < 0.3:
                del damaged[chance.randrange(len(damaged)) :]
            try:
                (still,) = read(bytes(damaged))
            except (MediaTooLargeError, UnreadableMediaError):
                continue
            assert still.pixels.ndim == 3, kind


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff", b"GIF89a" + bytes(100)])
def test_what_is_no_picture_is_told(content: bytes) -> None:
    with pytest.raises(UnreadableMediaError):
        read(content)
