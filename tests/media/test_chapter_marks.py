"""A video with chapters in it: the same packets, and chapters that begin with the frames that they are about."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from tests.media.clips import number_of, numbered_clip, numbered_frame
from tests.media.full_disk import file_size_limit
from vidtext.errors import CancelledError, MediaError, OptionError, UnreadableMediaError, VidtextError
from vidtext.job import Job, Progress
from vidtext.media.read.opening import open_video
from vidtext.media.read.probe import probe
from vidtext.media.write.chapter_marks import ChapterMark, chaptered_suffix, write_with_chapters

MARKS = (
    ChapterMark(0, 1.3, "One = 1; # \\ é 😀"),
    ChapterMark(1.3, 4, "<b>Two</b> & three"),
    ChapterMark(4, 6, "שלום"),
)
TICKS_VFR = [0, 40, 90, 500, 533, 566, 1300, 1310, 2000, 2600, 4000, 4033, 5900]


def sounding_clip(path: Path, *, start: float = 0, sound_start: float = 0, tracks: int = 1, count: int = 60) -> Path:
    """Encode numbered frames at 10 a second from `start`, and tones from `sound_start`, one a track."""
    with av.open(str(path), "w") as file:
        video: Any = file.add_stream("libx264", rate=10, options={"crf": "4", "sc_threshold": "0"})
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 12
        video.codec_context.time_base = Fraction(1, 1000)
        sounds: list[Any] = [file.add_stream("aac", rate=48000, layout="mono") for _ in range(tracks)]
        for sound, language in zip(sounds, ("eng", "deu"), strict=False):
            sound.metadata["language"] = language
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            frame.time_base, frame.pts = Fraction(1, 1000), round(1000 * start) + 100 * number
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
        tone = np.sin(np.arange(4800) * 2 * np.pi * 440 / 48000).astype(np.float32)[None]
        for sound in sounds:
            for number in range(count):
                part = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                part.rate, part.time_base = 48000, Fraction(1, 48000)
                part.pts = round(48000 * sound_start) + 4800 * number
                file.mux(sound.encode(part))
            file.mux(sound.encode(None))
    return path


def shifted(source: Path, target: Path, seconds: float) -> Path:
    """Copy packets so that they are shown earlier: an MP4 hides what then comes before 0 with its edit list."""
    with av.open(str(source)) as file, av.open(str(target), "w", options={"avoid_negative_ts": "disabled"}) as out:
        tracks = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in file.streams}
        for packet in file.demux():
            if packet.size and packet.pts is not None and packet.dts is not None:
                ticks = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
                packet.stream = tracks[packet.stream_index]
                out.mux_one(packet)
    return target


def chapters_of(path: Path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as file:
        return [
            (
                float(each["start"] * each["time_base"]),
                float(each["end"] * each["time_base"]),
                each["metadata"]["title"],
            )
            for each in file.chapters()
            if each["time_base"] is not None
        ]


def frames_of(path: Path) -> list[tuple[float, int]]:
    """What is shown when, in the file's own time."""
    with av.open(str(path)) as file:
        video = file.streams.best("video")
        return [(frame.time, number_of(frame.to_ndarray(format="rgb24"))) for frame in file.decode(video)]


def packets_of(path: Path, **which: int) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(**which) if packet.size]


def chapter_frames(path: Path) -> list[int]:
    """The number of the frame that each chapter begins with."""
    frames = frames_of(path)
    return [max((time, number) for time, number in frames if time <= max(start, frames[0][0]) + 1e-4)[1]
            for start, _, _ in chapters_of(path)]  # fmt: skip


def assert_same_video(source: Path, target: Path, *, tolerance: float = 1e-6) -> None:
    """Hold that the packets are the same and the frames come at the same times, counted from the first one."""
    assert packets_of(target, video=0) == packets_of(source, video=0)
    old, new = frames_of(source), frames_of(target)
    assert [number for _, number in new] == [number for _, number in old]
    assert [time - new[0][0] for time, _ in new] == pytest.approx([time - old[0][0] for time, _ in old], abs=tolerance)


@pytest.fixture(params=[".mp4", ".mkv"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / f"chapters{request.param}"


class TestChapters:
    def test_are_read_back(self, tmp_path: Path, target: Path) -> None:
        assert write_with_chapters(numbered_clip(tmp_path / "a.mp4"), target, MARKS, job=Job()) == ()
        found = chapters_of(target)
        assert [title for _, _, title in found] == [mark.title for mark in MARKS]
        assert [time for start, stop, _ in found for time in (start, stop)] == pytest.approx(
            [time for mark in MARKS for time in (mark.start_seconds, mark.stop_seconds)], abs=1e-4
        )

    @pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
    def test_are_read_by_ffprobe(self, tmp_path: Path, target: Path) -> None:
        write_with_chapters(numbered_clip(tmp_path / "a.mp4"), target, MARKS, job=Job())
        command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(target)]
        found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]
        assert [each["tags"]["title"] for each in found] == [mark.title for mark in MARKS]
        assert [float(each["start_time"]) for each in found] == pytest.approx([0, 1.3, 4], abs=1e-4)

    def test_replace_those_that_are_there(self, tmp_path: Path, target: Path) -> None:
        write_with_chapters(numbered_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", MARKS, job=Job())
        notes = write_with_chapters(tmp_path / "b.mp4", target, [ChapterMark(0, 6, "Alone")], job=Job())
        assert [title for _, _, title in chapters_of(target)] == ["Alone"]
        assert notes == ()  # the track that MP4 keeps its chapters in is nothing that was lost

    def test_very_long_titles(self, tmp_path: Path, target: Path) -> None:
        mark = ChapterMark(0, 6, "ж" * 5000)
        notes = write_with_chapters(numbered_clip(tmp_path / "a.mp4"), target, [mark], job=Job())
        [(_, _, title)] = chapters_of(target)
        if target.suffix == ".mp4":
            assert title == "ж" * 126 + "…"
            assert notes == ("MP4 has no room for titles of more than 255 bytes; they were cut.",)
        else:
            assert (title, notes) == (mark.title, ())

    @pytest.mark.parametrize("title", ["", " \t", "two\nlines", "two\u2028lines"])
    def test_a_title_is_one_line(self, title: str) -> None:
        with pytest.raises(ValueError, match="a title of one line"):
            ChapterMark(0, 1, title)

    def test_times_are_possible(self) -> None:
        with pytest.raises(ValueError, match="from 2 to 1 s is not possible"):
            ChapterMark(2, 1, "a")


def marks_later_by(seconds: float) -> list[ChapterMark]:
    """The marks, in a file whose first frame is shown so late; the first one still begins at 0."""
    later = [replace(mark, start_seconds=mark.start_seconds + seconds, stop_seconds=mark.stop_seconds + seconds)
             for mark in MARKS]  # fmt: skip
    return [replace(later[0], start_seconds=0), *later[1:]]


class TestTimes:
    """Frame 13 is shown 1.3 s after the first frame, and frame 40 4 s after it."""

    def test_late_start(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4", ticks=range(10_000, 16_000, 100))
        write_with_chapters(source, target, MARKS, job=Job())
        assert_same_video(source, target)
        assert chapter_frames(target) == [0, 13, 40]

    @pytest.mark.parametrize(("start", "sound_start"), [(1.0, 0.4), (0.4, 1.0), (7.0, 6.0)])
    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
    def test_sound_that_starts_at_another_time(
        self, tmp_path: Path, target: Path, name: str, start: float, sound_start: float
    ) -> None:
        source = sounding_clip(tmp_path / name, start=start, sound_start=sound_start)
        write_with_chapters(source, target, marks_later_by(probe(source).first_frame_seconds), job=Job())
        assert_same_video(source, target, tolerance=0.001)
        assert chapter_frames(target) == [0, 13, 40]
        assert ahead(target) == pytest.approx(ahead(source), abs=0.002)

    def test_frames_that_an_edit_list_hides(self, tmp_path: Path) -> None:
        source = shifted(numbered_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", 0.5)
        assert frames_of(source)[0] == (0, 5)
        assert write_with_chapters(source, tmp_path / "c.mp4", MARKS, job=Job()) == ()
        assert_same_video(source, tmp_path / "c.mp4")
        assert chapter_frames(tmp_path / "c.mp4") == [5, 18, 45]

    def test_mkv_cannot_hide_frames(self, tmp_path: Path) -> None:
        source = shifted(numbered_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", 0.5)
        notes = write_with_chapters(source, tmp_path / "c.mkv", MARKS, job=Job())
        assert notes == ("Frames that the file's edit list hides are shown in the copy, since others need them.",)
        assert frames_of(tmp_path / "c.mkv")[0] == (0, 0)
        assert chapter_frames(tmp_path / "c.mkv")[1:] == [18, 45]

    def test_variable_frame_rate(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", count=len(TICKS_VFR), ticks=TICKS_VFR)
        write_with_chapters(source, target, MARKS, job=Job())
        assert_same_video(source, target)
        assert [round(1000 * time) for time, _ in frames_of(target)] == TICKS_VFR
        assert chapter_frames(target) == [0, 6, 10]

    def test_the_last_frame_stays_as_long(self, tmp_path: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4")
        write_with_chapters(source, tmp_path / "b.mp4", MARKS, job=Job())
        with av.open(str(tmp_path / "b.mp4")) as file:
            assert file.streams.video[0].duration * file.streams.video[0].time_base == 6

    def test_frames_that_avi_gives_no_times(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.avi")
        with open_video(source) as video:
            assert video.counted
        write_with_chapters(source, target, MARKS, job=Job())
        assert [number for _, number in frames_of(target)] == list(range(60))
        first = frames_of(target)[0][0]
        assert [time - first for time, _ in frames_of(target)] == pytest.approx([i / 10 for i in range(60)], abs=0.001)
        assert chapter_frames(target) == [0, 13, 40]


def ahead(path: Path) -> float:
    """How much the tone comes before the first picture. An encoder's silence before it, which MKV can hide, is none."""
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.5)
            if len(loud):
                return frames_of(path)[0][0] - frame.time - float(loud[0]) / frame.sample_rate
    raise AssertionError("no tone")


class TestWhatIsKept:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("a.mp4", "libx264"),
            ("a.mkv", "libx264"),
            ("a.mp4", "libx265"),
            ("a.webm", "libvpx-vp9"),
            ("a.avi", "mpeg4"),
        ],
    )
    def test_packets(self, tmp_path: Path, target: Path, name: str, codec: str) -> None:
        options = {"libx265": {"log-level": "none", "crf": "4"}, "libvpx-vp9": {"crf": "4"}}.get(codec)
        source = numbered_clip(tmp_path / name, codec=codec, options=options)
        assert write_with_chapters(source, target, MARKS, job=Job()) == ()
        assert_same_video(source, target, tolerance=0.001)

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_rotation(self, tmp_path: Path, target: Path, rotation: int) -> None:
        write_with_chapters(numbered_clip(tmp_path / "a.mp4", rotation=rotation), target, MARKS, job=Job())
        with av.open(str(target)) as file:
            assert next(file.decode(video=0)).rotation % 360 == rotation

    def test_shape_of_pixels(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mkv", sample_aspect_ratio=Fraction(2))
        write_with_chapters(source, target, MARKS, job=Job())
        with av.open(str(target)) as file:
            assert file.streams.video[0].sample_aspect_ratio == 2

    def test_sound_tracks_and_their_languages(self, tmp_path: Path, target: Path) -> None:
        source = sounding_clip(tmp_path / "a.mkv", tracks=2)
        assert write_with_chapters(source, target, MARKS, job=Job()) == ()
        assert packets_of(target, audio=0) == packets_of(source, audio=0)
        assert packets_of(target, audio=1) == packets_of(source, audio=1)
        with av.open(str(target)) as file:
            assert [stream.language for stream in file.streams.audio] == ["eng", "deu"]

    @pytest.mark.parametrize(
        ("name", "codec", "kept"),
        [("a.mp4", "mov_text", ".mp4"), ("a.mkv", "subrip", ".mkv"), ("a.mkv", "ass", ".mkv")],
    )
    def test_subtitles_that_the_target_can_hold(
        self, tmp_path: Path, target: Path, name: str, codec: str, kept: str
    ) -> None:
        source = with_subtitles(tmp_path / name, codec)
        notes = write_with_chapters(source, target, MARKS, job=Job())
        with av.open(str(target)) as file:
            subtitles = [stream.codec_context.codec.canonical_name for stream in file.streams.subtitles]
        if target.suffix == kept:
            assert (subtitles, notes) == ([codec], ())
            assert [text for text in packets_of(target, subtitles=0) if b"line" in text] == [
                text for text in packets_of(source, subtitles=0) if b"line" in text
            ]
            assert len(packets_of(source, subtitles=0)) >= 2
        else:
            assert (subtitles, notes) == ([], ("Tracks that were left out: 1 × subtitles.",))

    def test_the_picture_track_that_vidtext_reads(self, tmp_path: Path, target: Path) -> None:
        source = tmp_path / "a.mp4"
        with av.open(str(source), "w") as file:
            tracks: list[Any] = [file.add_stream("libx264", rate=10) for _ in range(2)]
            for track, size in zip(tracks, (64, 128), strict=True):
                track.width, track.height, track.pix_fmt = size, size, "yuv420p"
            tracks[1].disposition = Disposition.default
            for track, size in zip(tracks, (64, 128), strict=True):
                for number in range(5):
                    frame = av.VideoFrame.from_ndarray(numbered_frame(number, size, size), format="rgb24")
                    frame.pts, frame.time_base = number, Fraction(1, 10)
                    file.mux(track.encode(frame))
                file.mux(track.encode(None))
        notes = write_with_chapters(source, target, [ChapterMark(0, 0.5, "a")], job=Job())
        assert notes == (
            "Of the file's 2 picture tracks, that of 128×128 pixels is used; players may show another one.",
            "Tracks that were left out: 1 × other pictures.",
        )
        with av.open(str(target)) as file:
            assert [stream.width for stream in file.streams.video] == [128]

    def test_the_cover_picture(self, tmp_path: Path, target: Path) -> None:
        source = tmp_path / "a.mp4"
        with av.open(str(numbered_clip(tmp_path / "b.mp4"))) as file, av.open(str(source), "w") as out:
            video = out.add_stream_from_template(file.streams.video[0], opaque=True)
            cover: Any = out.add_stream("png", rate=1, width=64, height=48, pix_fmt="rgb24")
            cover.disposition = Disposition.attached_pic
            out.mux(cover.encode(av.VideoFrame.from_ndarray(numbered_frame(7), format="rgb24")))
            out.mux(cover.encode(None))
            for packet in file.demux(video=0):
                if packet.size:
                    packet.stream = video
                    out.mux(packet)
        assert write_with_chapters(source, target, MARKS, job=Job()) == ()
        assert len(frames_of(target)) == 60
        with av.open(str(target)) as file:
            [cover] = [stream for stream in file.streams.video if stream.disposition & Disposition.attached_pic]
            assert [number_of(frame.to_ndarray(format="rgb24")) for frame in file.decode(cover)] == [7]

    def test_tags_are_not(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "b.mp4")
        tagged = tmp_path / "a.mov"
        with (
            av.open(str(source)) as file,
            av.open(str(tagged), "w", options={"movflags": "use_metadata_tags"}) as out,
        ):
            out.metadata.update(location="+48.8584+002.2945/", title="Private", make="Acme", creation_time="2020-02-02")
            track = out.add_stream_from_template(file.streams.video[0], opaque=True)
            track.metadata["handler_name"] = "Private handler"
            for packet in file.demux(video=0):
                if packet.size:
                    packet.stream = track
                    out.mux(packet)
        secrets = (b"48.8584", b"Private", b"Acme", b"2020")
        assert all(secret in tagged.read_bytes() for secret in secrets[:3])
        [note] = write_with_chapters(tagged, target, MARKS, job=Job())
        assert all(tag in note for tag in ("location", "title", "make"))
        assert not any(secret in target.read_bytes() for secret in secrets)
        with av.open(str(target)) as file:
            assert {key.lower() for key in file.metadata} <= {
                "encoder",
                "major_brand",
                "minor_version",
                "compatible_brands",
            }


def with_subtitles(path: Path, codec: str) -> Path:
    with av.open(str(numbered_clip(path.with_name(f"plain{path.suffix}")))) as file, av.open(str(path), "w") as out:
        video = out.add_stream_from_template(file.streams.video[0], opaque=True)
        texts: Any = out.add_mux_stream(codec) if codec != "ass" else ass_track(out)
        texts.time_base = Fraction(1, 1000)
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = video
                out.mux(packet)
        for second in (1, 3):
            words = f"line {second}".encode()
            raw = {"mov_text": len(words).to_bytes(2, "big") + words, "ass": b"%d,0,Default,,0,0,0,," % second + words}
            packet = av.Packet(raw.get(codec, words))
            packet.pts = packet.dts = 1000 * second
            packet.duration, packet.time_base, packet.stream = 500, Fraction(1, 1000), texts
            out.mux(packet)
    return path


def ass_track(out: Any) -> Any:
    track = out.add_stream("ass")
    track.codec_context.subtitle_header = b"[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
    return track


class TestSuffix:
    @pytest.mark.parametrize(
        ("name", "codec", "suffix"),
        [
            ("a.mkv", "libx264", ".mp4"),
            ("a.avi", "libx264", ".mp4"),
            ("a.webm", "libvpx-vp9", ".mp4"),
            ("a.webm", "libvpx", ".mkv"),
            ("a.ts", "mpeg2video", ".mkv"),
        ],
    )
    def test_by_the_pictures(self, tmp_path: Path, name: str, codec: str, suffix: str) -> None:
        assert chaptered_suffix(numbered_clip(tmp_path / name, codec=codec, rate=25)) == suffix

    def test_by_the_sound(self, tmp_path: Path) -> None:
        assert chaptered_suffix(sounding_clip(tmp_path / "a.mkv")) == ".mp4"
        with av.open(str(tmp_path / "b.mkv"), "w") as file:
            video: Any = file.add_stream("libx264", rate=10, width=64, height=48, pix_fmt="yuv420p")
            sound: Any = file.add_stream("pcm_s16le", rate=48000, layout="mono")
            file.mux(video.encode(av.VideoFrame.from_ndarray(numbered_frame(1), format="rgb24")))
            file.mux(video.encode(None))
            part = av.AudioFrame.from_ndarray(np.zeros((1, 480), np.int16), format="s16", layout="mono")
            part.rate, part.pts = 48000, 0
            file.mux(sound.encode(part))
        assert chaptered_suffix(tmp_path / "b.mkv") == ".mkv"
        assert write_with_chapters(tmp_path / "b.mkv", tmp_path / "c.mkv", [ChapterMark(0, 1, "a")], job=Job()) == ()


class TestTrouble:
    def test_a_file_that_was_cut_off(self, tmp_path: Path, target: Path) -> None:
        source = fast_start(numbered_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4")
        data = source.read_bytes()
        source.write_bytes(data[: len(data) * 6 // 10])
        [note] = write_with_chapters(source, target, MARKS, job=Job())
        assert note.startswith("The file is cut off: its header promises 0:06, but its pictures end at 0:0")
        numbers = [number for _, number in frames_of(target)]
        assert len(numbers) > 10
        assert numbers == [number for _, number in frames_of(source)]

    def test_what_neither_container_holds(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.gif", codec="gif", pixel_format="rgb8")
        with pytest.raises(MediaError, match=f"{target.suffix[1:].upper()} cannot hold gif as it is. Convert"):
            write_with_chapters(source, target, MARKS, job=Job())
        assert list(target.parent.iterdir()) == []

    def test_another_kind_of_target(self, tmp_path: Path) -> None:
        with pytest.raises(OptionError, match=r"a\.avi cannot hold chapters: let its name end in \.mp4 or \.mkv"):
            write_with_chapters(numbered_clip(tmp_path / "b.mp4"), tmp_path / "a.avi", MARKS, job=Job())

    def test_what_is_no_video(self, tmp_path: Path, target: Path) -> None:
        (tmp_path / "a.mp4").write_text("#EXTM3U\nhttp://example.com/a.ts\n")
        with pytest.raises(UnreadableMediaError):
            write_with_chapters(tmp_path / "a.mp4", target, MARKS, job=Job())
        assert list(target.parent.iterdir()) == []

    def test_stop(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4")
        target.write_bytes(b"the one before")

        def stop_soon(progress: Progress) -> None:
            if progress.done >= 2:
                job.stop()

        job = Job(stop_soon)
        with pytest.raises(CancelledError):
            write_with_chapters(source, target, MARKS, job=job)
        assert [path.read_bytes() for path in target.parent.iterdir()] == [b"the one before"]

    def test_progress(self, tmp_path: Path, target: Path) -> None:
        reports: list[Progress] = []
        write_with_chapters(numbered_clip(tmp_path / "a.mp4"), target, MARKS, job=Job(reports.append))
        assert {(report.doing, report.total) for report in reports} == {("writing the video", 6)}
        assert [report.done for report in reports] == sorted(report.done for report in reports)
        assert {report.done for report in reports} >= set(range(5))

    def test_full_disk(self, tmp_path: Path, target: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4")
        with file_size_limit(source.stat().st_size // 2), pytest.raises(VidtextError, match="cannot be written: File"):
            write_with_chapters(source, target, MARKS, job=Job())
        assert list(target.parent.iterdir()) == []

    def test_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(VidtextError, match=r"c\.mp4 cannot be written: No such file or directory"):
            write_with_chapters(numbered_clip(tmp_path / "a.mp4"), tmp_path / "b" / "c.mp4", MARKS, job=Job())

    def test_a_target_that_replaces_the_source(self, tmp_path: Path) -> None:
        source = numbered_clip(tmp_path / "a.mp4")
        write_with_chapters(source, source, MARKS, job=Job())
        assert len(chapters_of(source)) == 3
        assert len(frames_of(source)) == 60


def fast_start(source: Path, target: Path) -> Path:
    with av.open(str(source)) as file, av.open(str(target), "w", options={"movflags": "+faststart"}) as out:
        track = out.add_stream_from_template(file.streams.video[0], opaque=True)
        for packet in file.demux(video=0):
            if packet.size:
                packet.stream = track
                out.mux(packet)
    return target
