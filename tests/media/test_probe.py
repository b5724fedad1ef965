from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.clips import numbered_clip, numbered_frame, write_clip
from vidtext.errors import CancelledError, MediaTooLargeError, NoVideoStreamError, UnreadableMediaError
from vidtext.job import Job
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import probe
from vidtext.settings import Settings


@pytest.mark.parametrize(
    ("name", "how", "codec", "container"),
    [
        ("clip.mp4", {}, "h264", "mov"),
        ("clip.mkv", {}, "h264", "matroska"),
        ("clip.webm", {"codec": "libvpx-vp9"}, "vp9", "matroska"),
        ("clip.avi", {"codec": "mpeg4"}, "mpeg4", "avi"),
        ("clip.ts", {}, "h264", "mpegts"),
        ("clip.mov", {"codec": "libx265", "options": {"x265-params": "log-level=0"}}, "hevc", "mov"),
    ],
)
def test_a_video_is_told_as_it_is_shown(tmp_path: Path, name: str, how: dict, codec: str, container: str) -> None:
    info = probe(numbered_clip(tmp_path / name, 50, rate=25, **how))

    assert (info.width, info.height, info.rotation_degrees) == (64, 48, 0)
    assert info.frame_rate == 25
    assert info.duration_seconds == pytest.approx(2.0, abs=0.002)
    assert (info.codec, info.container, info.has_audio, info.notes) == (codec, container, False, ())


def test_rotation_is_applied(tmp_path: Path) -> None:
    info = probe(numbered_clip(tmp_path / "phone.mp4", 5, rotation=-90))

    assert (info.width, info.height, info.rotation_degrees) == (48, 64, 90)


def test_pixels_that_are_not_square_are_undone(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "wide.mp4", 5, sample_aspect_ratio=Fraction(2, 1))

    assert (probe(clip).width, probe(clip).height) == (128, 48)


def test_a_late_start_is_told_and_not_part_of_the_duration(tmp_path: Path) -> None:
    info = probe(numbered_clip(tmp_path / "late.mkv", 20, rate=25, ticks=[5000 + 40 * number for number in range(20)]))

    assert info.start_seconds == pytest.approx(5.0, abs=0.002)
    assert info.duration_seconds == pytest.approx(0.8, abs=0.05)


def test_a_container_without_a_duration_is_measured(tmp_path: Path) -> None:
    clip = tmp_path / "live.mkv"
    buffer = io.BytesIO()
    buffer.seekable = lambda: False  # type: ignore[method-assign]  # as a recorder writes: nothing is filled in later
    with av.open(buffer, "w", format="matroska", options={"live": "1"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height = 64, 48
        for number in range(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")))
        container.mux(stream.encode(None))
    clip.write_bytes(buffer.getvalue())
    with av.open(str(clip)) as container:
        assert container.duration is None

    assert probe(clip).duration_seconds == pytest.approx(3.0, abs=0.11)


def test_sound_is_told_apart_from_pictures(tmp_path: Path) -> None:
    song = tmp_path / "song.mp4"
    with av.open(str(song), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    with pytest.raises(NoVideoStreamError, match=r"holds no pictures \(audio only\)"):
        probe(song)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"Dear diary, today I renamed a text file.\n" * 50, "is not a video that can be read"),
        (struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41"), "is not a video that can be read"),
        (b"#EXTM3U\n#EXTINF:5,\n/etc/hostname\n#EXT-X-ENDLIST\n", "is not a video that can be read"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "is not a video that can be read"),
    ],
    ids=["empty", "text", "header only", "playlist", "concat"],
)
def test_what_is_no_video_is_said_in_a_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "holiday.mp4"
    file.write_bytes(content)

    with pytest.raises(UnreadableMediaError, match=message) as caught:
        probe(file)
    assert "holiday.mp4" in str(caught.value)


def test_a_playlist_cannot_open_another_file(tmp_path: Path) -> None:
    secret = numbered_clip(tmp_path / "secret.mp4", 5)
    playlist = tmp_path / "playlist.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n")

    with pytest.raises(UnreadableMediaError):
        probe(playlist)


def test_a_video_longer_than_the_limit_is_refused_with_both_lengths(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 50)

    with pytest.raises(MediaTooLargeError, match=r"0:05 long; up to 0:03 is allowed"):
        probe(clip, settings=Settings().override(limits__max_duration_seconds=3.0))


def test_frames_larger_than_the_limit_are_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", [numbered_frame(0, 320, 240)] * 2)

    with pytest.raises(MediaTooLargeError, match="320×240 pixels; up to 50,000"):
        probe(clip, settings=Settings().override(limits__max_frame_pixels=50_000))


@pytest.mark.parametrize(
    ("width", "height", "error", "message"),
    [
        (16_000, 12_000, MediaTooLargeError, "16000×12000 pixels; up to 35,651,584"),
        (20_000, 20_000, UnreadableMediaError, "no frame size, or one far above the 35,651,584 pixels"),
    ],
)
def test_a_huge_header_is_refused_before_it_is_decoded(
    tmp_path: Path, width: int, height: int, error: type[Exception], message: str
) -> None:
    clip = tmp_path / "bomb.avi"
    write_clip(clip, [numbered_frame(0, 64, 48)] * 2, codec="rawvideo", pixel_format="yuv420p")
    content = bytearray(clip.read_bytes())
    header = content.index(b"strf") + 8  # BITMAPINFOHEADER: size, then width and height
    content[header + 4 : header + 12] = struct.pack("<ii", width, height)
    clip.write_bytes(content)

    with pytest.raises(error, match=message):
        probe(clip)


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    info = probe(numbered_clip(tmp_path / "one.mp4", 1, rate=10))

    assert info.duration_seconds == pytest.approx(0.1)


def test_an_impossible_frame_rate_is_counted_instead(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.flv", 30, rate=1000, ticks=[33 * number for number in range(30)])

    assert float(probe(clip).frame_rate) == pytest.approx(1000 / 33, abs=0.2)


def test_joined_recordings_are_read_up_to_the_jump_of_their_clock(tmp_path: Path) -> None:
    late = numbered_clip(tmp_path / "late.ts", 30, ticks=[50_000 + 100 * number for number in range(30)])
    early = numbered_clip(tmp_path / "early.ts", 30)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(late.read_bytes() + early.read_bytes())

    info = probe(joined)

    assert info.duration_seconds == pytest.approx(3.0, abs=0.2)
    assert "clock jumps back" in info.notes[0]


def test_an_impossible_pixel_shape_is_not_believed(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "wide.mp4", 5, sample_aspect_ratio=Fraction(2, 1))
    content = bytearray(clip.read_bytes())
    shape = content.index(b"pasp") + 4
    content[shape : shape + 8] = struct.pack(">II", 2000, 1)
    clip.write_bytes(content)

    info = probe(clip)

    assert (info.width, info.height) == (64, 48)
    assert info.notes == ("The header's pixel shape of 2000:1 was not believed.",)


def test_reading_headers_can_be_stopped(tmp_path: Path) -> None:
    job = Job()
    job.stop()

    with pytest.raises(CancelledError), open_video(numbered_clip(tmp_path / "clip.mkv", 5), job=job):
        pass
