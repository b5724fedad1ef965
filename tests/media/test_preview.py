"""What browsers play, and that a preview shows at each time what the video shows. Levels of grey tell the time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.stream import Disposition
from av.video.stream import VideoStream

from vidtext.errors import CancelledError, NoVideoStreamError, UnreadableMediaError
from vidtext.job import Job, Progress
from vidtext.media.read.probe import probe
from vidtext.media.write.preview import make_preview, plays_in_browsers
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from av.container import OutputContainer

RATE = 25
EVEN = tuple(i / RATE for i in range(40))


def level(index: int) -> int:
    """Return the grey of the frame with this index: neighbours differ by 5, so that compression cannot mix them up."""
    return 20 + (index * 5) % 200


def write(
    path: Path,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (96, 64),
    seconds: Sequence[float] = EVEN,
    start: float = 0.0,
    rotation: int = 0,
    aspect: Fraction = Fraction(1),
    sound: str | None = None,
    container: str | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip whose frame `i` is wholly `level(i)` and shown at `start + seconds[i]`."""
    with av.open(str(path), "w", format=container) as file:
        video = file.add_stream(codec, rate=RATE, options=options or {})
        assert isinstance(video, VideoStream)
        video.width, video.height, video.pix_fmt = *size, pixels
        video.codec_context.time_base = Fraction(1, RATE if path.suffix in (".avi", ".ts") else 1000)
        video.codec_context.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        audio = add_mono(file, sound) if sound else None
        for index, shown in enumerate(seconds):
            grey = np.full((size[1], size[0], 3), level(index), np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels)
            frame.time_base = video.codec_context.time_base
            frame.pts = round((start + shown) / frame.time_base)
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        if audio is not None:
            tone = np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000).astype(np.float32)[None]
            for begin in range(0, 48000, 960):
                part = av.AudioFrame.from_ndarray(tone[:, begin : begin + 960], format="fltp", layout="mono")
                part.rate, part.time_base = 48000, Fraction(1, 48000)
                part.pts = round(start * 48000) + begin
                file.mux(audio.encode(part))
            file.mux(audio.encode(None))
    return path


def add_mono(file: OutputContainer, codec: str) -> AudioStream:
    audio = file.add_stream(codec, rate=48000, layout="mono")
    assert isinstance(audio, AudioStream)
    return audio


@dataclass(frozen=True)
class Shown:
    """What a player shows of an MP4."""

    seconds: list[float]
    levels: list[float]
    width: int
    height: int
    rotation: int
    codecs: list[str]
    duration_seconds: float

    def at(self, seconds: float) -> float:
        return self.levels[np.searchsorted(self.seconds, seconds + 1e-6) - 1]


def play(path: Path) -> Shown:
    with av.open(str(path)) as file:
        video = file.streams.video[0]
        frames = list(file.decode(video))
        assert video.codec_context.pix_fmt == "yuv420p"
        return Shown(
            seconds=[frame.time for frame in frames],
            levels=[float(frame.to_ndarray(format="rgb24").mean()) for frame in frames],
            width=video.width,
            height=video.height,
            rotation=round(frames[0].rotation),
            codecs=[stream.codec_context.name for stream in file.streams],
            duration_seconds=(file.duration or 0) / av.time_base,
        )


def packet_sizes(path: Path) -> list[int]:
    with av.open(str(path)) as file:
        return [packet.size for packet in file.demux(video=0) if packet.size]


def assert_same_times(shown: Shown, seconds: Sequence[float], *, start: float = 0.0, tolerance: float = 3.0) -> None:
    """Hold that at all times the right frame is on screen, or one that is at most a fifteenth of a second older."""
    assert shown.seconds[0] == pytest.approx(start, abs=0.001)
    seconds = [each + shown.seconds[0] for each in seconds]
    for time in np.arange(seconds[0], seconds[-1], 0.01):
        right = [level(i) for i, at in enumerate(seconds) if time - 1 / 15 - 0.001 < at <= time + 0.001]
        right.append(level(int(np.searchsorted(seconds, time - 1 / 15 + 1e-6)) - 1))
        assert min(abs(shown.at(time) - grey) for grey in right) < tolerance, time


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    folder = tmp_path / "previews"
    folder.mkdir()
    return folder / "preview.mp4"


class TestWhatPlays:
    @pytest.mark.parametrize(
        ("name", "codec", "sound"),
        [
            ("a.mp4", "libx264", None),
            ("a.mp4", "libx264", "aac"),
            ("a.mov", "libx264", "libmp3lame"),
            ("A.MP4", "libx264", None),
            ("a.webm", "libvpx", "libopus"),
            ("a.webm", "libvpx-vp9", None),
        ],
    )
    def test_plays(self, tmp_path: Path, name: str, codec: str, sound: str | None) -> None:
        assert plays_in_browsers(write(tmp_path / name, codec=codec, sound=sound, container=name[2:].lower()))

    @pytest.mark.parametrize(
        ("name", "codec", "pixels", "sound", "container"),
        [
            ("a.mkv", "libx264", "yuv420p", None, "matroska"),
            ("a.webm", "libvpx-vp9", "yuv420p", None, "matroska"),  # by content it is Matroska
            ("a.mp4", "libvpx-vp9", "yuv420p", None, "webm"),  # it would be served as MP4
            ("a.mp4", "libx264", "yuv422p", None, "mp4"),
            ("a.mp4", "libx264", "yuv420p10le", None, "mp4"),
            ("a.mp4", "mpeg4", "yuv420p", None, "mp4"),
            ("a.mp4", "libx265", "yuv420p", None, "mp4"),
            ("a.mov", "libx264", "yuv420p", "pcm_s16le", "mov"),
            ("a.avi", "libx264", "yuv420p", None, "avi"),
        ],
    )
    def test_does_not_play(  # noqa: PLR0917  pytest gives them by name
        self, tmp_path: Path, name: str, codec: str, pixels: str, sound: str | None, container: str
    ) -> None:
        options = {"log-level": "none"} if codec == "libx265" else None
        clip = write(tmp_path / name, codec=codec, pixels=pixels, sound=sound, container=container, options=options)
        assert not plays_in_browsers(clip)

    def test_a_late_start_would_be_shown_at_other_times(self, tmp_path: Path) -> None:
        assert not plays_in_browsers(write(tmp_path / "a.mp4", start=5.0))

    def test_another_track_would_be_shown(self, tmp_path: Path, preview: Path) -> None:
        clip = tmp_path / "a.mp4"
        with av.open(str(clip), "w") as file:
            tracks = [file.add_stream("libx264", rate=RATE) for _ in range(2)]
            for track, size in zip(tracks, (64, 128), strict=True):
                assert isinstance(track, VideoStream)
                track.width, track.height, track.pix_fmt = size, size, "yuv420p"
            tracks[1].disposition = Disposition.default
            for track, size in zip(tracks, (64, 128), strict=True):
                assert isinstance(track, VideoStream)
                for shade in range(5):
                    grey = np.full((size, size, 3), level(shade), np.uint8)
                    file.mux(track.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
                file.mux(track.encode(None))
        assert not plays_in_browsers(clip)
        make_preview(clip, preview)
        assert play(preview).width == 128
        assert plays_in_browsers(preview)


class TestCopies:
    @pytest.mark.parametrize("name", ["a.mkv", "a.flv", "a.ts"])
    def test_only_the_container_changes(self, tmp_path: Path, preview: Path, name: str) -> None:
        clip = write(tmp_path / name, sound="aac")
        assert make_preview(clip, preview) == ()
        shown = play(preview)
        assert shown.codecs == ["h264", "aac"]
        if name != "a.ts":  # its packets start with codes that MP4 has not
            assert packet_sizes(preview) == packet_sizes(clip)
        assert len(shown.seconds) == len(EVEN)
        assert_same_times(shown, EVEN, start=probe(clip).first_frame_seconds)
        assert plays_in_browsers(preview)

    def test_a_late_start_moves_to_zero(self, tmp_path: Path, preview: Path) -> None:
        clip = write(tmp_path / "a.mp4", start=5.0, sound="aac")
        make_preview(clip, preview)
        assert packet_sizes(preview) == packet_sizes(clip)
        assert_same_times(play(preview), EVEN, start=probe(clip).first_frame_seconds)
        assert plays_in_browsers(preview)

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_rotation_is_carried_over(self, tmp_path: Path, preview: Path, rotation: int) -> None:
        clip = write(tmp_path / "a.mov", rotation=rotation, sound="pcm_s16le")
        make_preview(clip, preview)
        shown = play(preview)
        assert shown.rotation % 360 == rotation
        assert shown.codecs == ["h264", "aac"]
        assert packet_sizes(preview) == packet_sizes(clip)

    def test_pixel_shape_is_carried_over(self, tmp_path: Path, preview: Path) -> None:
        make_preview(write(tmp_path / "a.mkv", aspect=Fraction(2)), preview)
        with av.open(str(preview)) as file:
            assert file.streams.video[0].sample_aspect_ratio == 2

    def test_no_longer_than_wanted(self, tmp_path: Path, preview: Path) -> None:
        seconds = tuple(i / RATE for i in range(400))
        clip = write(tmp_path / "a.mkv", seconds=seconds)
        notes = make_preview(clip, preview, settings=Settings().override(output__preview_max_seconds=6))
        assert notes == ("The preview shows the first 0.1 minutes.",)
        assert 5.9 < play(preview).duration_seconds < 6.5


class TestEncodes:
    @pytest.mark.parametrize(
        ("name", "codec", "pixels"),
        [
            ("a.mp4", "libx265", "yuv420p10le"),
            ("a.webm", "libvpx-vp9", "yuv420p"),
            ("a.avi", "rawvideo", "bgr24"),
            ("a.avi", "libx264", "yuv420p"),  # B-frames, for which AVI has no times
            ("a.mkv", "libx264", "yuv422p"),
            ("a.mkv", "ffv1", "yuv420p"),
            ("a.ts", "mpeg2video", "yuv420p"),
        ],
    )
    def test_times_and_colours(self, tmp_path: Path, preview: Path, name: str, codec: str, pixels: str) -> None:
        options = {"log-level": "none"} if codec == "libx265" else None
        clip = write(tmp_path / name, codec=codec, pixels=pixels, options=options)
        assert make_preview(clip, preview) == ()
        shown = play(preview)
        assert shown.codecs == ["h264"]
        assert_same_times(shown, EVEN, tolerance=4.0)
        assert shown.duration_seconds == pytest.approx(40 / RATE, abs=0.07)
        assert plays_in_browsers(preview)

    def test_variable_frame_rate_is_kept(self, tmp_path: Path, preview: Path) -> None:
        seconds = (0.0, 0.01, 0.02, 3.0, 3.01, 5.5, 5.6, 9.0, 9.03, 9.06, 9.09, 9.12, 9.15)
        clip = write(tmp_path / "a.mkv", codec="libvpx-vp9", seconds=seconds, start=2.0)
        make_preview(clip, preview)
        shown = play(preview)
        assert_same_times(shown, seconds)
        assert shown.at(1.5) == pytest.approx(level(2), abs=3)  # the last of three quick ones, which stays on screen
        assert len(shown.seconds) < len(seconds)

    def test_high_frame_rates_are_thinned_out(self, tmp_path: Path, preview: Path) -> None:
        seconds = tuple(i / 60 for i in range(120))
        make_preview(write(tmp_path / "a.mkv", codec="mpeg4", seconds=seconds), preview)
        assert 26 <= len(play(preview).seconds) <= 34

    @pytest.mark.parametrize(
        ("size", "aspect", "rotation", "wanted"),
        [
            ((96, 64), Fraction(1), 0, (96, 64)),  # never made larger
            ((640, 480), Fraction(1), 0, (480, 360)),
            ((640, 480), Fraction(2), 0, (960, 360)),
            ((640, 480), Fraction(1), 90, (270, 360)),
            ((98, 50), Fraction(1), 0, (98, 50)),
        ],
    )
    def test_size(  # noqa: PLR0917
        self,
        tmp_path: Path,
        preview: Path,
        size: tuple[int, int],
        aspect: Fraction,
        rotation: int,
        wanted: tuple[int, int],
    ) -> None:
        clip = write(tmp_path / "a.mp4", codec="mpeg4", size=size, aspect=aspect, rotation=rotation, seconds=EVEN[:3])
        make_preview(clip, preview)
        shown = play(preview)
        assert (shown.width, shown.height, shown.rotation) == (*wanted, 0)

    def test_one_frame(self, tmp_path: Path, preview: Path) -> None:
        make_preview(write(tmp_path / "a.mp4", codec="mpeg4", seconds=(0.0,)), preview)
        assert play(preview).seconds == [0.0]

    @pytest.mark.parametrize(("name", "sound"), [("a.webm", "libopus"), ("a.avi", "pcm_s16le"), ("a.mkv", "flac")])
    def test_sound_is_kept(self, tmp_path: Path, preview: Path, name: str, sound: str) -> None:
        codec = "libvpx" if name == "a.webm" else "mpeg4"
        make_preview(write(tmp_path / name, codec=codec, sound=sound), preview)
        with av.open(str(preview)) as file:
            frames = list(file.decode(audio=0))
            samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
            rate = frames[0].sample_rate
        assert len(samples) / rate == pytest.approx(1.0, abs=0.1)
        spectrum = np.abs(np.fft.rfft(samples[rate // 4 : 3 * rate // 4]))
        assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=4)

    def test_limit_in_seconds(self, tmp_path: Path, preview: Path) -> None:
        seconds = tuple(i / RATE for i in range(100))
        clip = write(tmp_path / "a.mkv", codec="mpeg4", seconds=seconds)
        notes = make_preview(clip, preview, settings=Settings().override(output__preview_max_seconds=1.5))
        assert notes == ("The preview shows the first 0.025 minutes.",)
        assert 1.3 < play(preview).duration_seconds < 1.6


class TestTrouble:
    def test_damaged_video(self, tmp_path: Path, preview: Path) -> None:
        clip = write(tmp_path / "a.mkv", codec="mpeg4", seconds=tuple(i / RATE for i in range(200)), size=(320, 240))
        data = clip.read_bytes()
        clip.write_bytes(data[: len(data) * 6 // 10])
        make_preview(clip, preview)
        assert 3 < play(preview).duration_seconds < 7

    def test_nothing_is_left_after_an_error(self, tmp_path: Path, preview: Path) -> None:
        text = tmp_path / "a.mp4"
        text.write_text("not a video")
        with pytest.raises(UnreadableMediaError):
            make_preview(text, preview)
        with pytest.raises(UnreadableMediaError):
            plays_in_browsers(text)
        with av.open(str(tmp_path / "a.m4a"), "w", format="mp4") as file:
            audio = add_mono(file, "aac")
            part = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
            part.rate, part.pts = 48000, 0
            file.mux(audio.encode(part))
            file.mux(audio.encode(None))
        with pytest.raises(NoVideoStreamError):
            make_preview(tmp_path / "a.m4a", preview)
        assert list(preview.parent.iterdir()) == []

    @pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
    def test_stop(self, tmp_path: Path, preview: Path, codec: str) -> None:
        clip = write(tmp_path / "a.mkv", codec=codec, seconds=tuple(i / RATE for i in range(200)))
        preview.write_bytes(b"the one before")

        def stop_soon(progress: Progress) -> None:
            if progress.done >= 2:
                job.stop()

        job = Job(stop_soon)
        with pytest.raises(CancelledError):
            make_preview(clip, preview, job=job)
        assert [path.read_bytes() for path in preview.parent.iterdir()] == [b"the one before"]

    def test_progress(self, tmp_path: Path, preview: Path) -> None:
        reports: list[Progress] = []
        clip = write(tmp_path / "a.mkv", codec="mpeg4", seconds=tuple(i / RATE for i in range(100)))
        make_preview(clip, preview, job=Job(reports.append))
        assert {report.total for report in reports} == {4}
        assert [report.done for report in reports] == sorted(report.done for report in reports)
        assert {report.done for report in reports} == {0, 1, 2, 3}

    def test_index_is_at_the_front(self, tmp_path: Path, preview: Path) -> None:
        make_preview(write(tmp_path / "a.mkv"), preview)
        data = preview.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")
