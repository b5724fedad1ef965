"""Everything that a person may give by mistake: a message that says what to do, and nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

import vidtext
from tests.media.clips import numbered_clip
from vidtext.errors import (
    MediaTooLargeError,
    NoVideoStreamError,
    OptionError,
    SourceError,
    SourceRefusedError,
    SourceTooLargeError,
    UnknownModelError,
    UnreadableMediaError,
)
from vidtext.settings import Settings


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    left = [path.name for path in folder.iterdir()]
    assert [name for name in left if not name.startswith("torchinductor_")] == []  # made where torch is imported first


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "clip.mp4", 30)


@pytest.mark.parametrize("as_bytes", [False, True], ids=["path", "bytes"])
@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", UnreadableMediaError, "is empty"),
        (b"just words " * 100, UnreadableMediaError, "not a video that can be read"),
    ],
    ids=["empty", "text"],
)
def test_no_video(tmp_path: Path, content: bytes, error: type, message: str, *, as_bytes: bool) -> None:
    file = tmp_path / "film.mp4"
    file.write_bytes(content)

    with pytest.raises(error, match=message):
        vidtext.caption(content if as_bytes else file, model="embedded")


def test_a_truncated_video_without_its_index(clip: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="damaged or cut off"):
        vidtext.caption(clip.read_bytes()[:2000], model="embedded")


def test_sound_without_pictures(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "song.wav"), "wb") as song:
        song.setparams((1, 2, 8000, 0, "NONE", ""))
        song.writeframes(b"\0\0" * 8000)

    with pytest.raises((NoVideoStreamError, UnreadableMediaError)):
        vidtext.caption(tmp_path / "song.wav", model="embedded")


def test_a_single_frame_is_captioned(tmp_path: Path) -> None:
    text = vidtext.caption(numbered_clip(tmp_path / "one.mp4", 1), model="embedded")

    assert len(text.segments) == 1
    assert text.text


def test_a_video_of_no_duration_is_captioned_at_zero(tmp_path: Path) -> None:
    still = numbered_clip(tmp_path / "still.gif", 1, codec="gif", pixel_format="rgb8")

    text = vidtext.caption(still, model="embedded")

    assert len(text.segments) == 1
    assert text.segments[0].start_seconds == 0


def test_longer_than_the_limit(clip: Path) -> None:
    with pytest.raises(MediaTooLargeError, match="0:03 long; up to 0:02 is allowed"):
        vidtext.caption(clip, model="embedded", settings=Settings().override(limits__max_duration_seconds=2.0))


@pytest.mark.parametrize("as_bytes", [False, True], ids=["path", "bytes"])
def test_larger_than_the_limit(clip: Path, *, as_bytes: bool) -> None:
    with pytest.raises(SourceTooLargeError):
        vidtext.caption(
            clip.read_bytes() if as_bytes else clip,
            model="embedded",
            settings=Settings().override(limits__max_source_bytes=1000),
        )


@pytest.mark.parametrize("text", ["AAAA!not base64!" * 20, "data:video/mp4;base64,@@@@", "/no/such/file.mp4"])
def test_text_that_is_no_source(text: str) -> None:
    with pytest.raises(SourceError):
        vidtext.caption(text, model="embedded")


@pytest.mark.parametrize("url", ["http://127.0.0.1/a.mp4", "http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_private_address(url: str) -> None:
    with pytest.raises(SourceRefusedError):
        vidtext.caption(url, model="embedded")


def test_a_range_outside_the_video(clip: Path) -> None:
    with pytest.raises(OptionError, match="start is 1:00, but the video is 0:03 long"):
        vidtext.caption(clip, model="embedded", start_seconds=60)


def test_an_unknown_model(clip: Path) -> None:
    with pytest.raises(UnknownModelError, match="no model 'gpt-7'"):
        vidtext.caption(clip, model="gpt-7")


@pytest.mark.parametrize("frames", [0, -1])
def test_no_frames(clip: Path, frames: int) -> None:
    with pytest.raises(OptionError, match=f"{frames} frames were asked for; at least 1 is needed"):
        vidtext.sample(clip, frames=frames)


def test_too_many_frames(clip: Path) -> None:
    with pytest.raises(OptionError, match="5000 frames were asked for; up to 768 are allowed"):
        vidtext.sample(clip, frames=5000)
