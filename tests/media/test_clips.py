"""Clips that are put together of parts: exactly the right frames and the right sound, at the right times."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from tests.media.clips import number_of, numbered_clip, numbered_frame
from tests.media.full_disk import file_size_limit
from vidtext.errors import CancelledError, NoVideoStreamError, OptionError, UnreadableMediaError, VidtextError
from vidtext.job import Job, Progress
from vidtext.media.read.sampling import TimeRange
from vidtext.media.write.clips import Reel, write_reel
from vidtext.media.write.reel_copy import CopiedPictures
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIMPLE = {"bf": "0"}  # each frame refers to earlier ones only, so a copy can end behind any of them
CUT = "The clip is cut where the video can be without loss, so its parts may begin earlier and end later."
TICKS_VFR = [0, 40, 90, 500, 533, 566, 1300, 1310, 2000, 2600, 4000, 4033, 5900]


@dataclass(frozen=True)
class Played:
    """What a player shows."""

    seconds: list[float]
    numbers: list[int]
    duration_seconds: float
    codecs: list[str]

    def at(self, seconds: float) -> int:
        return self.numbers[int(np.searchsorted(self.seconds, seconds + 1e-5)) - 1]


def play(path: Path) -> Played:
    with av.open(str(path)) as file:
        frames = [(frame.time, upright(frame)) for frame in file.decode(video=0)]
        return Played(
            seconds=[time for time, _ in frames],
            numbers=[number_of(pixels) for _, pixels in frames],
            duration_seconds=(file.duration or 0) / av.time_base,
            codecs=[stream.codec_context.name for stream in file.streams],
        )


def upright(frame: av.VideoFrame) -> Any:
    return np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))


def spans_of(*times: tuple[float, float]) -> list[TimeRange]:
    return [TimeRange(*each) for each in times]


def make(source: Path, target: Path, *times: tuple[float, float], **limits: Any) -> Reel:
    return write_reel(source, target, spans_of(*times), settings=Settings().override(**limits), job=Job())


def assert_shows(target: Path, reel: Reel, frame_seconds: Sequence[float]) -> None:
    """Hold that the clip has each frame that is on screen in its parts, in order, from when it is until when it is."""
    played = play(target)
    wanted: list[tuple[float, int]] = []
    for span, start in zip(reel.spans, reel.starts_seconds, strict=True):
        ends = [*frame_seconds[1:], 1e9]
        for number, (begin, end) in enumerate(zip(frame_seconds, ends, strict=True)):
            if begin < span.stop_seconds - 1e-4 and end > span.start_seconds + 1e-4:
                wanted.append((start + max(0.0, begin - span.start_seconds), number))
    assert played.numbers == [number for _, number in wanted]
    assert played.seconds == pytest.approx([time for time, _ in wanted], abs=1e-4)
    assert played.duration_seconds == pytest.approx(reel.duration_seconds, abs=0.025)  # AAC comes in 1024 samples
    starts = np.cumsum([0, *(span.duration_seconds for span in reel.spans)])
    assert [*reel.starts_seconds, reel.duration_seconds] == pytest.approx(list(starts))


TENTHS = [number / 10 for number in range(60)]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "reel.mp4"


class TestCopies:
    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts", "a.flv"])
    def test_parts_that_start_at_keyframes(self, tmp_path: Path, target: Path, name: str) -> None:
        source = numbered_clip(tmp_path / name, keyframe_every=10, options=SIMPLE, rate=10)
        reel = make(source, target, (1, 1.5), (4, 5))
        assert (reel.copied, reel.notes) == (True, ())
        assert reel.spans == tuple(spans_of((1, 1.5), (4, 5)))
        assert_shows(target, reel, TENTHS)

    def test_pictures_are_bit_identical(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE)
        make(source, target, (1, 1.5), (4, 5))
        with av.open(str(source)) as file:
            old = [frame.to_ndarray() for frame in file.decode(video=0)]
        with av.open(str(target)) as file:
            new = [frame.to_ndarray() for frame in file.decode(video=0)]
        assert len(new) == 15
        assert all(map(np.array_equal, new, [*old[10:15], *old[40:50]]))

    def test_starts_move_to_keyframes(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE)
        reel = make(source, target, (1.3, 2), (4.5, 5))
        assert (reel.copied, reel.notes) == (True, (CUT,))
        assert reel.spans == tuple(spans_of((1, 2), (4, 5)))
        assert_shows(target, reel, TENTHS)

    def test_no_further_than_is_allowed(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE)
        assert make(source, target, (1.3, 2), output__reel_snap_seconds=0.31).copied
        assert not make(source, target, (1.3, 2), output__reel_snap_seconds=0.29).copied

    def test_stops_move_behind_frames_that_others_need(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options={"bf": "3", "b-adapt": "0"})
        reel = make(source, target, (1, 1.2), (4, 4.3))
        assert (reel.copied, reel.notes) == (True, (CUT,))
        assert all(span.stop_seconds >= stop for span, stop in zip(reel.spans, (1.2, 4.3), strict=True))
        assert_shows(target, reel, TENTHS)

    def test_parts_that_come_to_overlap_become_one(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE)
        reel = make(source, target, (1, 2.3), (2.4, 3))
        assert (reel.copied, reel.notes) == (True, (CUT,))
        assert reel.spans == tuple(spans_of((1, 3)))
        assert_shows(target, reel, TENTHS)

    @pytest.mark.parametrize("bframes", ["0", "3"])
    def test_parts_that_touch(self, tmp_path: Path, target: Path, bframes: str) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options={"bf": bframes})
        reel = make(source, target, (3, 4), (2, 3))
        assert reel.spans == tuple(spans_of((2, 3), (3, 4)))
        assert reel.starts_seconds == (0, 1)
        assert_shows(target, reel, TENTHS)

    def test_late_start(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", keyframe_every=10, options=SIMPLE, ticks=range(7_000, 13_000, 100))
        reel = make(source, target, (1, 1.5), (4, 5))
        assert reel.copied
        assert_shows(target, reel, TENTHS)

    def test_variable_frame_rate(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(
            tmp_path / "a.mkv", count=len(TICKS_VFR), keyframe_every=3, options=SIMPLE, ticks=TICKS_VFR
        )
        reel = make(source, target, (0.5, 1.3), (2.6, 4.01))
        assert reel.copied
        assert_shows(target, reel, [tick / 1000 for tick in TICKS_VFR])

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_rotation(self, tmp_path: Path, target: Path, rotation: int) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE, rotation=rotation)
        assert make(source, target, (1, 2)).copied
        with av.open(str(target)) as file:
            assert next(file.decode(video=0)).rotation % 360 == rotation

    def test_not_at_keyframes_that_need_what_was_before(self, tmp_path: Path, target: Path) -> None:
        options = {"bf": "3", "x264-params": "open-gop=1"}
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=options)
        reel = make(source, target, (1, 2), (4, 5))
        assert not reel.copied
        assert_shows(target, reel, TENTHS)

    def test_hevc(self, tmp_path: Path, target: Path) -> None:
        options = {"log-level": "none", "crf": "4", "x265-params": "open-gop=0:keyint=10:min-keyint=10:bframes=0"}
        source = numbered_clip(tmp_path / "a.mkv", codec="libx265", options=options)
        reel = make(source, target, (1, 1.5), (4, 5))
        assert reel.copied
        assert play(target).codecs == ["hevc"]
        assert_shows(target, reel, TENTHS)


def test_packets_that_mp4_refuses_are_encoded(tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise av.ArgumentError(22, "Invalid argument")

    source = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options=SIMPLE)
    monkeypatch.setattr(CopiedPictures, "take", refuse)
    reel = make(source, target, (1.3, 2))
    assert (reel.copied, reel.spans, reel.notes) == (False, tuple(spans_of((1.3, 2))), ())
    assert_shows(target, reel, TENTHS)


class TestEncodes:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("a.mp4", "libx264"),
            ("a.mkv", "libx264"),
            ("a.avi", "libx264"),  # B-frames, for which AVI has no times
            ("a.avi", "mpeg4"),
            ("a.webm", "libvpx"),
            ("a.mpg", "mpeg2video"),
        ],
    )
    def test_exactly_the_frames_of_the_parts(self, tmp_path: Path, target: Path, name: str, codec: str) -> None:
        rate = 25 if name == "a.mpg" else 10
        even = {"sc_threshold": "1000000000"}  # no keyframes but those at regular distances
        options = {
            "libvpx": {"crf": "4", "b": "2M"},
            "mpeg4": {"qscale": "2", **even},
            "mpeg2video": {"b": "4M", **even},
        }.get(codec)
        source = numbered_clip(tmp_path / name, codec=codec, keyframe_every=60, rate=rate, options=options)
        step = 1 / rate
        times = ((7 * step, 14 * step), (40 * step, 55.5 * step))
        reel = make(source, target, *times)
        assert (reel.copied, reel.notes, reel.spans) == (False, (), tuple(spans_of(*times)))
        assert_shows(target, reel, [number * step for number in range(60)])
        assert play(target).codecs == ["h264"]

    def test_variable_frame_rate(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", count=len(TICKS_VFR), ticks=TICKS_VFR, keyframe_every=60)
        reel = make(source, target, (0.3, 0.55), (1.305, 3), (3, 5.0))
        assert not reel.copied
        assert_shows(target, reel, [tick / 1000 for tick in TICKS_VFR])

    def test_a_frame_that_stays_is_in_each_part(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", count=3, ticks=[0, 1000, 5000], keyframe_every=60)
        reel = make(source, target, (1.5, 2), (3, 4.5))
        assert play(target).numbers == [1, 1]
        assert play(target).seconds == pytest.approx([0, 0.5])
        assert reel.duration_seconds == 2

    def test_late_start(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", keyframe_every=60, ticks=range(7_000, 13_000, 100))
        reel = make(source, target, (1.7, 2.4), (4.2, 5))
        assert not reel.copied
        assert_shows(target, reel, TENTHS)

    def test_far_parts_are_reached_by_seeking(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", count=200, rate=5, keyframe_every=10)
        reel = make(source, target, (3.2, 3.6), (33.2, 35), output__reel_snap_seconds=0.01)
        assert not reel.copied
        assert_shows(target, reel, [number / 5 for number in range(200)])

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_frames_stand_upright(self, tmp_path: Path, target: Path, rotation: int) -> None:
        source = numbered_clip(tmp_path / "a.mp4", rotation=rotation, keyframe_every=60)
        make(source, target, (1.05, 2))
        with av.open(str(target)) as file:
            frame = next(file.decode(video=0))
            assert frame.rotation == 0
            assert (frame.width, frame.height) == ((64, 48) if rotation == 180 else (48, 64))

    @pytest.mark.parametrize(
        ("size", "aspect", "wanted"),
        [((64, 48), 1, (64, 48)), ((320, 240), 1, (160, 120)), ((320, 240), 2, (320, 120)), ((50, 38), 1, (50, 38))],
    )
    def test_size(
        self, tmp_path: Path, target: Path, size: tuple[int, int], aspect: int, wanted: tuple[int, int]
    ) -> None:
        source = tmp_path / "a.mkv"
        with av.open(str(source), "w") as file:
            video: Any = file.add_stream("mpeg4", rate=10, width=size[0], height=size[1], pix_fmt="yuv420p")
            video.codec_context.sample_aspect_ratio = Fraction(aspect)
            for number in range(10):
                frame = av.VideoFrame.from_ndarray(numbered_frame(number, *size), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 10)
                file.mux(video.encode(frame))
            file.mux(video.encode(None))
        make(source, target, (0.25, 0.75), output__reel_height_pixels=120, output__reel_snap_seconds=0.01)
        with av.open(str(target)) as file:
            assert (file.streams.video[0].width, file.streams.video[0].height) == wanted

    def test_parts_start_with_keyframes(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=60)
        reel = make(source, target, (0.7, 1.4), (2.2, 3))
        with av.open(str(target)) as file:
            keys = [float(packet.pts * packet.time_base) for packet in file.demux(video=0) if packet.is_keyframe]
        assert all(min(abs(key - start) for key in keys) < 1e-4 for start in reel.starts_seconds)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("long") / "a.mp4", count=120, keyframe_every=10)


SPANS = st.lists(
    st.tuples(st.floats(0, 11.9), st.floats(0.05, 3)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    min_size=1,
    max_size=4,
)


@checked(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=SPANS, snap=st.sampled_from([0.01, 0.5, 5.0]))
def test_any_parts(long_clip: Path, tmp_path: Path, times: list[tuple[float, float]], snap: float) -> None:
    reel = make(long_clip, tmp_path / "reel.mp4", *times, output__reel_snap_seconds=snap)
    assert_shows(tmp_path / "reel.mp4", reel, [number / 10 for number in range(120)])
    for start, stop in times:
        assert any(
            span.start_seconds - 1e-4 <= start and min(stop, 12) <= span.stop_seconds + 1e-4 for span in reel.spans
        )
    taken = [time for span in reel.spans for time in (span.start_seconds, span.stop_seconds)]
    assert taken == sorted(taken)


# Sound. In second n of these clips there is a tone of 400 + 100·n Hz.


def sounding_clip(path: Path, codec: str = "aac", *, keyframe_every: int = 10, seconds: int = 6) -> Path:
    with av.open(str(path), "w") as file:
        video: Any = file.add_stream("libx264", rate=10, options={"crf": "4", "bf": "0", "sc_threshold": "0"})
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", keyframe_every
        audio: Any = file.add_stream(codec, rate=48000, layout="mono")
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(video.encode(frame))
            if number < 10 * seconds:
                when = np.arange(4800 * number, 4800 * number + 4800) / 48000
                tone = 0.5 * np.sin(2 * np.pi * (400 + 100 * (number // 10)) * when)
                part = av.AudioFrame.from_ndarray(tone.astype(np.float32)[None], format="fltp", layout="mono")
                part.rate, part.time_base, part.pts = 48000, Fraction(1, 48000), 4800 * number
                file.mux(audio.encode(part))
        file.mux(video.encode(None))
        file.mux(audio.encode(None))
    return path


def collect_reply(path: Path) -> list[int]:
    """The tone in each tenth of a second of a clip, in Hz; 0 for silence."""
    with av.open(str(path)) as file:
        sound = np.zeros(48000 * 20, np.float32)
        for frame in file.decode(audio=0):
            start = round(frame.time * 48000)
            sound[start : start + frame.samples] = frame.to_ndarray()[0]
        length = round((file.duration or 0) / av.time_base * 10)
    tones = []
    for tenth in range(length):
        middle = sound[4800 * tenth + 1200 : 4800 * tenth + 3600]  # half of it, away from its borders
        spectrum = np.abs(np.fft.rfft(middle * np.hanning(2400), 48000))
        tones.append(round(int(np.argmax(spectrum)), -1) if np.abs(middle).max() > 0.1 else 0)
    return tones


class TestSound:
    @pytest.mark.parametrize(
        ("name", "codec", "written"),
        [
            ("a.mp4", "aac", "aac"),
            ("a.mkv", "libopus", "opus"),
            ("a.mkv", "libmp3lame", "aac"),
            ("a.mkv", "flac", "flac"),
        ],
    )
    def test_goes_with_copied_pictures(self, tmp_path: Path, target: Path, name: str, codec: str, written: str) -> None:
        reel = make(sounding_clip(tmp_path / name, codec), target, (1, 1.5), (4, 5))
        assert reel.copied
        assert play(target).codecs == ["h264", written]
        assert collect_reply(target)[:15] == pytest.approx([500] * 5 + [800] * 10, abs=20)
        assert_shows(target, reel, TENTHS)

    @pytest.mark.parametrize(("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.mkv", "pcm_s16le")])
    def test_goes_with_encoded_pictures(self, tmp_path: Path, target: Path, name: str, codec: str) -> None:
        reel = make(sounding_clip(tmp_path / name, codec, keyframe_every=60), target, (1.7, 2.4), (4.2, 5))
        assert (reel.copied, play(target).codecs) == (False, ["h264", "aac"])
        assert collect_reply(target)[:15] == pytest.approx([500] * 3 + [600] * 4 + [800] * 8, abs=20)
        assert_shows(target, reel, TENTHS)

    def test_copied_sound_is_not_encoded_anew(self, tmp_path: Path, target: Path) -> None:
        source = sounding_clip(tmp_path / "a.mp4")
        make(source, target, (1, 1.5), (4, 5))
        with av.open(str(source)) as file:
            old = {bytes(packet) for packet in file.demux(audio=0) if packet.size}
        with av.open(str(target)) as file:
            new = [bytes(packet) for packet in file.demux(audio=0) if packet.size]
        assert len(new) == pytest.approx(1.5 * 48000 / 1024, abs=2)
        assert set(new) <= old

    @pytest.mark.parametrize("keyframe_every", [10, 60])
    def test_parts_without_sound_are_silent(self, tmp_path: Path, target: Path, keyframe_every: int) -> None:
        source = sounding_clip(tmp_path / "a.mkv", keyframe_every=keyframe_every, seconds=3)
        reel = make(source, target, (1, 2), (4, 5))
        assert collect_reply(target)[:10] == pytest.approx([500] * 10, abs=20)
        assert set(collect_reply(target)[10:20]) <= {0}
        assert_shows(target, reel, TENTHS)

    def test_no_sound_where_the_video_has_none(self, tmp_path: Path, target: Path) -> None:
        make(numbered_clip(tmp_path / "a.mp4", keyframe_every=60), target, (1.7, 2.4))
        assert play(target).codecs == ["h264"]


class TestSpans:
    def test_are_sorted_and_merged_where_they_overlap(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=60)
        reel = make(source, target, (4, 5), (0.7, 1.2), (1.1, 1.5), (4.1, 4.2))
        assert reel.spans == tuple(spans_of((0.7, 1.5), (4, 5)))
        assert_shows(target, reel, TENTHS)

    def test_stop_with_the_video(self, tmp_path: Path, target: Path) -> None:
        reel = make(numbered_clip(tmp_path / "a.mp4", keyframe_every=60), target, (5.5, 9))
        assert reel.spans == tuple(spans_of((5.5, 6)))
        assert_shows(target, reel, TENTHS)

    @pytest.mark.parametrize("times", [(6.0, 7.0), (1.0, 1.0)])
    def test_that_are_empty_are_refused(self, tmp_path: Path, target: Path, times: tuple[float, float]) -> None:
        with pytest.raises(OptionError, match="is not a part of the video, which is 0:06 long"):
            make(numbered_clip(tmp_path / "a.mp4"), target, (0, 1), times)

    def test_none_is_refused(self, tmp_path: Path, target: Path) -> None:
        with pytest.raises(OptionError, match="at least one"):
            make(numbered_clip(tmp_path / "a.mp4"), target)


@pytest.mark.parametrize("keyframe_every", [10, 60])
def test_tags_are_not_in_the_clip(tmp_path: Path, target: Path, keyframe_every: int) -> None:
    source = tmp_path / "a.mov"
    plain = numbered_clip(tmp_path / "b.mp4", keyframe_every=keyframe_every)
    with av.open(str(plain)) as file, av.open(str(source), "w", options={"movflags": "use_metadata_tags"}) as out:
        out.metadata.update(location="+48.8584+002.2945/", title="Private")
        track = out.add_stream_from_template(file.streams.video[0], opaque=True)
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    make(source, target, (2, 3))
    for secret in (b"48.8584", b"Private"):
        assert secret in source.read_bytes()
        assert secret not in target.read_bytes()


@pytest.mark.parametrize("keyframe_every", [10, 60])
class TestTrouble:
    def test_stop(self, tmp_path: Path, target: Path, keyframe_every: int) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=keyframe_every)
        target.write_bytes(b"the one before")

        def stop_soon(progress: Progress) -> None:
            if progress.done >= 1:
                job.stop()

        job = Job(stop_soon)
        with pytest.raises(CancelledError):
            write_reel(source, target, spans_of((2, 3), (4, 6)), settings=Settings(), job=job)
        assert [path.read_bytes() for path in target.parent.iterdir()] == [b"the one before"]

    def test_progress(self, tmp_path: Path, target: Path, keyframe_every: int) -> None:
        reports: list[Progress] = []
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=keyframe_every)
        write_reel(source, target, spans_of((1, 3), (4, 6)), settings=Settings(), job=Job(reports.append))
        assert {(report.doing, report.total) for report in reports} == {("writing the clip", 4)}
        assert [report.done for report in reports] == sorted(report.done for report in reports)
        assert {report.done for report in reports} >= {0, 1, 2, 3}

    def test_full_disk(self, tmp_path: Path, target: Path, keyframe_every: int) -> None:
        source = numbered_clip(tmp_path / "a.mp4", keyframe_every=keyframe_every)
        with file_size_limit(1000), pytest.raises(VidtextError, match="cannot be written: File"):
            make(source, target, (1, 5))
        assert list(target.parent.iterdir()) == []

    def test_damaged_video(self, tmp_path: Path, target: Path, keyframe_every: int) -> None:
        source = numbered_clip(tmp_path / "a.mkv", keyframe_every=keyframe_every)
        data = source.read_bytes()
        source.write_bytes(data[: len(data) * 6 // 10])
        make(source, target, (0, 2))
        assert play(target).numbers[:18] == list(range(18))


def test_what_is_no_video(tmp_path: Path, target: Path) -> None:
    (tmp_path / "a.mp4").write_text("#EXTM3U\nhttp://example.com/a.ts\n")
    with pytest.raises(UnreadableMediaError):
        make(tmp_path / "a.mp4", target, (0, 1))
    with av.open(str(tmp_path / "b.mp4"), "w") as file:
        audio: Any = file.add_stream("aac", rate=48000, layout="mono")
        part = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        part.rate, part.pts = 48000, 0
        file.mux(audio.encode(part))
        file.mux(audio.encode(None))
    with pytest.raises(NoVideoStreamError):
        make(tmp_path / "b.mp4", target, (0, 1))
    assert list(target.parent.iterdir()) == []
