"""One clock for all times: what ffmpeg, which subtracts the start of a file, says of the same file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest

from tests.media.clips import number_of, numbered_clip, numbered_frame
from tests.media.late_pictures import (
    CONTAINERS,
    FRAME_SECONDS,
    colour_at,
    ffmpeg,
    picture_changes,
    tone_starts,
    write_film,
    write_late_pictures,
)
from vidtext.clock import to_milliseconds
from vidtext.job import Job
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.read.sampling import TimeRange
from vidtext.media.shots.detect import find_shots
from vidtext.media.write.chapter_marks import ChapterMark, write_with_chapters
from vidtext.media.write.clips import write_reel
from vidtext.media.write.preview import make_preview
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidtext.media.read.frames import Frames


def colours(frames: Frames) -> list[str]:
    return ["red" if pixels[..., 0].mean() > pixels[..., 2].mean() else "blue" for pixels in frames.pixels]


class TestLatePictures:
    """The pictures begin 3 s after the sound, and change their colour when the tone begins."""

    @pytest.fixture(params=CONTAINERS)
    def film(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        return write_late_pictures(tmp_path / f"late{request.param}")

    def test_times_are_those_of_ffmpeg(self, film: Path) -> None:
        [change] = picture_changes(film)
        assert change == pytest.approx(tone_starts(film), abs=FRAME_SECONDS)
        for mode in ("exact", "fast"):
            _, blue = find_shots(film, mode=mode)
            assert blue.start_seconds == pytest.approx(change, abs=1e-4)
        times = [0, 2, change - 0.02, change + 0.001, change + 4]
        frames = sample(film, at_seconds=times)
        assert colours(frames) == ["red", "red", "red", "blue", "blue"]
        assert list(frames.seconds[:2]) == pytest.approx([3, 3], abs=0.01)
        assert frames.notes == ()

    def test_the_video_lasts_from_the_sound_to_the_last_picture(self, film: Path) -> None:
        info = probe(film)
        assert info.first_frame_seconds == pytest.approx(3, abs=0.01)
        assert info.duration_seconds == pytest.approx(10, abs=0.1)
        assert find_shots(film)[0].start_seconds == 0

    @pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
    def test_chapters_in_the_file(self, tmp_path: Path, film: Path, suffix: str) -> None:
        [red, blue] = find_shots(film)
        marks = [ChapterMark(shot.start_seconds, shot.stop_seconds, "a") for shot in (red, blue)]
        written = tmp_path / f"written{suffix}"
        assert write_with_chapters(film, written, marks, job=Job()) == ()
        [change] = picture_changes(written)
        assert change == pytest.approx(blue.start_seconds, abs=FRAME_SECONDS)
        assert change == pytest.approx(tone_starts(written), abs=FRAME_SECONDS)
        with av.open(str(written)) as file:
            first, second = [float(each["start"] * (each["time_base"] or 1)) for each in file.chapters()]
            start = (file.start_time or 0) / av.time_base
        assert first == 0
        assert second - start == pytest.approx(change, abs=1e-3)

    @pytest.mark.parametrize("snap_seconds", [3.0, 0.01])
    def test_reel(self, tmp_path: Path, film: Path, snap_seconds: float) -> None:
        [change] = picture_changes(film)
        settings = Settings().override(output__reel_snap_seconds=snap_seconds)
        reel = write_reel(film, tmp_path / "reel.mp4", [TimeRange(0, change + 2)], settings=settings, job=Job())
        assert reel.spans[0].start_seconds == 0
        assert picture_changes(tmp_path / "reel.mp4") == pytest.approx([change], abs=FRAME_SECONDS)
        assert tone_starts(tmp_path / "reel.mp4") == pytest.approx(change, abs=FRAME_SECONDS)

    def test_reel_of_what_comes_before_the_pictures(self, tmp_path: Path, film: Path) -> None:
        spans = [TimeRange(0.5, 1), TimeRange(1.5, 2.5), TimeRange(6, 7)]
        reel = write_reel(film, tmp_path / "reel.mp4", spans, settings=Settings(), job=Job())
        assert reel.duration_seconds == pytest.approx(2.5)
        assert colours(sample(tmp_path / "reel.mp4", at_seconds=[0, 1, 1.4, 1.6])) == ["red", "red", "red", "blue"]

    def test_preview(self, tmp_path: Path, film: Path) -> None:
        [change] = picture_changes(film)
        assert make_preview(film, tmp_path / "preview.mp4") == ()
        # Some 15 frames a second are kept of those that are encoded.
        assert picture_changes(tmp_path / "preview.mp4") == pytest.approx([change], abs=1 / 15)
        assert tone_starts(tmp_path / "preview.mp4") == pytest.approx(change, abs=FRAME_SECONDS)


@pytest.mark.parametrize(("start", "first"), [(0, 0), (2.5, 0)])
def test_a_file_all_of_which_starts_late_begins_at_0(tmp_path: Path, start: float, first: float) -> None:
    ticks = [round(1000 * start) + 100 * number for number in range(30)]
    info = probe(numbered_clip(tmp_path / "a.mkv", 30, ticks=ticks))
    assert (info.first_frame_seconds, info.start_seconds) == (first, start)


# MPEG-TS counts 2^33 ticks of 1/90000 s, 95443.7 s, and begins again.


@pytest.mark.parametrize("before_wrap", [5.5, 53.7, 70.0])
def test_a_clock_that_begins_again(tmp_path: Path, before_wrap: float) -> None:
    clip = numbered_clip(tmp_path / "a.mp4", 200, keyframe_every=20, options={"bf": "2"})
    wrapping = tmp_path / "wrapping.ts"
    offset = f"{2**33 / 90_000 - before_wrap:.3f}"
    ffmpeg("-i", clip, "-c", "copy", "-output_ts_offset", offset, "-muxdelay", "0", wrapping)
    times = [0, 0.15, 2.55, 5.35, 5.65, 12.05, 19.95]

    frames = sample(wrapping, at_seconds=times)

    assert [number_of(pixels) for pixels in frames.pixels] == [int(10 * time) for time in times]
    assert list(frames.seconds) == pytest.approx([int(10 * time) / 10 for time in times], abs=1e-4)
    assert probe(wrapping).duration_seconds == pytest.approx(20, abs=0.01)
    assert float(probe(wrapping).frame_rate) == 10


def test_shots_of_a_clock_that_begins_again(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4")
    ffmpeg("-i", film, "-c", "copy", "-output_ts_offset", "95433", "-muxdelay", "0", tmp_path / "wrapping.ts")
    for mode in ("exact", "fast"):
        _, blue = find_shots(tmp_path / "wrapping.ts", mode=mode)
        assert [blue.start_seconds] == pytest.approx(picture_changes(tmp_path / "wrapping.ts"), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [
        ("a.mp4", "libx264", "aac"),
        ("a.mkv", "libx264", "aac"),
        ("a.ts", "libx264", "mp2"),
        ("a.flv", "flv", "libmp3lame"),  # its index begins after 0, and has no place before its first
        ("a.mpg", "mpeg2video", "mp2"),
        ("a.avi", "mpeg4", "mp2"),
        ("a.asf", "wmv2", "wmav2"),
        ("a.ogv", "libtheora", "libvorbis"),
        ("a.webm", "libvpx", "libopus"),
        ("a.nut", "mpeg4", "mp2"),
        ("a.mxf", "mpeg2video", "pcm_s16le"),
    ],
)
@pytest.mark.parametrize("offset", [0, 5])  # seconds; AVI keeps its first packet at 0
def test_a_file_is_read_again_from_its_first_packet(
    tmp_path: Path, name: str, codec: str, sound: str, offset: int
) -> None:
    inputs = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=6", "-f", "lavfi", "-i", "sine=r=44100:d=6")
    audio = ("-c:a", sound, "-ar", "48000" if sound in ("libopus", "pcm_s16le") else "44100")
    ffmpeg(*inputs, "-c:v", codec, "-g", "12", *audio, "-output_ts_offset", str(offset), tmp_path / name)
    with av.open(str(tmp_path / name)) as file:
        first = [bytes(packet) for packet, _ in zip(file.demux(video=0), range(5), strict=False)]
    with open_video(tmp_path / name) as video:
        far = (video.stop_tick() or 0) - int(1 / video.time_base)
        assert [bytes(packet) for packet, _ in zip(video.packets(far), range(5), strict=False)] != first
        assert [bytes(packet) for packet, _ in zip(video.packets(), range(5), strict=False)] == first
        assert video.notes == []


# AVI keeps empty places for frames that were dropped.


def dropped_frames(path: Path, kept: Sequence[int], codec: str, *, b_frames: int) -> Path:
    """Write those of the numbered frames that were kept, 10 a second."""
    with av.open(str(path), "w") as file:
        options = {"crf": "4"} if codec == "libx264" else {"b_qfactor": "1", "b_qoffset": "0", "mbd": "rd"}
        video: Any = file.add_stream(codec, rate=10, options=options | {"bf": str(b_frames)})
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 12
        video.codec_context.bit_rate = 8_000_000 if codec == "mpeg4" else 0
        for number in kept:
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 10), number
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
    return path


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize(
    "kept",
    [[*range(40), *range(60, 100)], [*range(30), *range(31, 90, 2), *range(95, 100)]],
    ids=["a long gap", "short gaps"],
)
class TestDroppedFrames:
    def test_leave_the_others_where_they_are(self, tmp_path: Path, codec: str, b_frames: int, kept: list[int]) -> None:
        clip = dropped_frames(tmp_path / "a.avi", kept, codec, b_frames=b_frames)
        times = [number / 10 + 0.05 for number in range(97)]

        frames = sample(clip, at_seconds=times)

        assert [number_of(pixels) for pixels in frames.pixels] == [
            max(number for number in kept if number <= shown) for shown in range(97)
        ]
        assert frames.notes == ()
        assert probe(clip).duration_seconds == pytest.approx(10, abs=0.11)

    def test_are_gaps_in_a_copy(self, tmp_path: Path, codec: str, b_frames: int, kept: list[int]) -> None:
        clip = dropped_frames(tmp_path / "a.avi", kept, codec, b_frames=b_frames)
        write_with_chapters(clip, tmp_path / "b.mkv", [ChapterMark(0, 10, "a")], job=Job())
        make_preview(clip, tmp_path / "c.mp4")
        reel = write_reel(clip, tmp_path / "d.mp4", [TimeRange(0.5, 9.5)], settings=Settings(), job=Job())
        for name, start in (("b.mkv", 0), ("c.mp4", 0), ("d.mp4", reel.spans[0].start_seconds)):
            with av.open(str(tmp_path / name)) as file:
                shown = [(frame.time, number_of(frame.to_ndarray(format="rgb24"))) for frame in file.decode(video=0)]
            assert [round(10 * (time + start)) for time, _ in shown] == [number for _, number in shown]
            assert len(shown) >= len(kept) - 10


def test_dropped_frames_do_not_part_pictures_and_sound(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4")
    dropped = ("-vf", "select='not(between(n,60,120))'", "-fps_mode", "vfr")
    ffmpeg("-i", film, *dropped, "-c:v", "mpeg4", "-bf", "2", "-c:a", "pcm_s16le", tmp_path / "capture.avi")
    tone = tone_starts(tmp_path / "capture.avi")

    [red, blue] = find_shots(tmp_path / "capture.avi")
    marks = [ChapterMark(shot.start_seconds, shot.stop_seconds, "a") for shot in (red, blue)]
    write_with_chapters(tmp_path / "capture.avi", tmp_path / "chapters.mkv", marks, job=Job())

    assert blue.start_seconds == pytest.approx(tone, abs=FRAME_SECONDS)
    assert picture_changes(tmp_path / "chapters.mkv") == pytest.approx([tone], abs=FRAME_SECONDS)
    assert tone_starts(tmp_path / "chapters.mkv") == pytest.approx(tone, abs=FRAME_SECONDS)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_written_times_are_of_the_frame_that_is_meant(tmp_path: Path, suffix: str) -> None:
    film = write_film(tmp_path / f"film{suffix}")
    [_, blue] = find_shots(film)

    written = to_milliseconds(blue.start_seconds) / 1000

    assert 0 <= written - blue.start_seconds < 0.001
    assert colours(sample(film, at_seconds=[written - 0.001, written])) == ["red", "blue"]
    assert sample(film, at_seconds=[written]).seconds[0] == blue.start_seconds
    assert colour_at(film, written) == "blue"
