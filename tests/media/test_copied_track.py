"""What a copy keeps of how its tracks are to be shown, as ffprobe reads it before and after."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.media.clips import numbered_clip
from tests.media.late_pictures import ffmpeg
from vidtext.job import Job
from vidtext.media.read.sampling import TimeRange
from vidtext.media.write.chapter_marks import ChapterMark, write_with_chapters
from vidtext.media.write.clips import write_reel
from vidtext.media.write.preview import make_preview
from vidtext.settings import Settings

MARKS = [ChapterMark(0, 6, "All of it")]


def box(name: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), name.encode()) + body


def full_box(name: str, *content: bytes) -> bytes:
    return box(name, bytes(4), *content)


SPHERE = box(
    "sv3d",
    full_box("svhd", b"a camera\0"),
    box("proj", full_box("prhd", struct.pack(">iii", 90 << 16, 0, 0)), full_box("equi", bytes(16))),
)
"""A 360° video whose middle is 90° from its front (Google's Spherical Video V2)."""

TOP_AND_BOTTOM = full_box("st3d", b"\1")
DOLBY_VISION = box("dvvC", bytes([1, 0, 0x10, 0x15, 0x40]), bytes(19))
"""Profile 8, level 2, with its metadata in the stream, compatible with HLG."""

LIGHT = (
    box("mdcv", struct.pack(">8HII", 8500, 39850, 6550, 2300, 35400, 14600, 15635, 16450, 10_000_000, 50)),
    box("clli", struct.pack(">HH", 1000, 400)),
)


def with_boxes(path: Path, entry: str, *boxes: bytes) -> Path:
    """Add boxes to the description of the pictures in an MP4 whose index is at its end."""
    data, added = path.read_bytes(), b"".join(boxes)
    place, end, parents = 0, len(data), []
    for name in ("moov", "trak", "mdia", "minf", "stbl", "stsd", entry):
        while data[place + 4 : place + 8] != name.encode():
            place += struct.unpack_from(">I", data, place)[0]
            assert place < end, name
        parents.append(place)
        end = place + struct.unpack_from(">I", data, place)[0]
        place += 16 if name == "stsd" else 8
    changed = bytearray(data)
    for parent in parents:
        struct.pack_into(">I", changed, parent, struct.unpack_from(">I", data, parent)[0] + len(added))
    changed[end:end] = added
    path.write_bytes(changed)
    return path


def probed(path: Path, entries: str, which: str = "v:0") -> Any:
    command = ["ffprobe", "-v", "error", "-select_streams", which, "-show_entries", entries, "-of", "json", str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)["streams"]


def side_data(path: Path) -> list[dict[str, Any]]:
    [stream] = probed(path, "stream_side_data")
    return sorted(stream.get("side_data_list", []), key=lambda each: str(each["side_data_type"]))


@pytest.fixture
def sphere(tmp_path: Path) -> Path:
    clip = numbered_clip(tmp_path / "sphere.mp4", keyframe_every=10, options={"bf": "0"})
    return with_boxes(clip, "avc1", TOP_AND_BOTTOM, SPHERE)


@pytest.fixture
def dolby(tmp_path: Path) -> Path:
    how = {"codec": "libx265", "pixel_format": "yuv420p10le", "codec_tag": "hvc1"}
    clip = numbered_clip(tmp_path / "dolby.mp4", options={"x265-params": "log-level=0"}, **how)
    return with_boxes(clip, "hvc1", DOLBY_VISION, *LIGHT)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
class TestChapters:
    def test_keep_360_and_3d(self, sphere: Path, tmp_path: Path, suffix: str) -> None:
        target = tmp_path / f"copy{suffix}"
        assert write_with_chapters(sphere, target, MARKS, job=Job()) == ()
        assert [each["side_data_type"] for each in side_data(sphere)] == ["Spherical Mapping", "Stereo 3D"]
        assert side_data(target) == side_data(sphere)

    def test_keep_dolby_vision_and_light(self, dolby: Path, tmp_path: Path, suffix: str) -> None:
        target = tmp_path / f"copy{suffix}"
        assert write_with_chapters(dolby, target, MARKS, job=Job()) == ()
        kinds = {each["side_data_type"] for each in side_data(dolby)}
        assert {"DOVI configuration record", "Mastering display metadata", "Content light level metadata"} <= kinds
        assert {each["side_data_type"] for each in side_data(target)} == kinds
        assert [each for each in side_data(target) if "dv_profile" in each] == [
            each for each in side_data(dolby) if "dv_profile" in each
        ]

    def test_keep_what_tracks_are_for(self, tmp_path: Path, suffix: str) -> None:
        source = tmp_path / f"source{suffix}"
        tones = [word for pitch in (440, 550, 660) for word in ("-f", "lavfi", "-i", f"sine={pitch}:d=6")]
        kinds = [("default", "eng"), ("comment", "deu"), ("hearing_impaired", "fra")]
        how = [
            word
            for number, (kind, language) in enumerate(kinds)
            for word in (f"-disposition:a:{number}", kind, f"-metadata:s:a:{number}", f"language={language}")
        ]
        maps = [word for number in range(4) for word in ("-map", str(number))]
        clip = numbered_clip(tmp_path / "plain.mp4")
        ffmpeg("-i", clip, *tones, *maps, "-c:v", "copy", "-c:a", "aac", *how, source)
        assert write_with_chapters(source, tmp_path / f"copy{suffix}", MARKS, job=Job()) == ()
        entries = "stream=codec_name:stream_disposition:stream_tags=language"
        assert probed(tmp_path / f"copy{suffix}", entries, "a") == probed(source, entries, "a")
        assert all(sum(each["disposition"].values()) for each in probed(source, entries, "a"))


def test_attachments_stay_in_mkv_and_are_told_of_in_mp4(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"a font")
    attached = ("-attach", tmp_path / "font.ttf", "-metadata:s:t", "mimetype=font/ttf")
    source = tmp_path / "source.mkv"
    ffmpeg("-i", numbered_clip(tmp_path / "plain.mp4"), "-c", "copy", *attached, source)
    assert write_with_chapters(source, tmp_path / "copy.mkv", MARKS, job=Job()) == ()
    entries = "stream=codec_type:stream_tags=filename,mimetype"
    assert probed(tmp_path / "copy.mkv", entries, "t") == probed(source, entries, "t")
    notes = write_with_chapters(source, tmp_path / "copy.mp4", MARKS, job=Job())
    assert notes == ("Tracks that were left out: 1 × attachments.",)


def test_transparency_stays_in_mkv_and_is_told_of_in_mp4(tmp_path: Path) -> None:
    see_through = "color=red@0.5:s=64x48:r=10:d=1,format=yuva420p"
    ffmpeg("-f", "lavfi", "-i", see_through, "-c:v", "libvpx-vp9", tmp_path / "source.webm")
    alpha = "mean of alpha: "
    notes = {}
    for name in ("source.webm", "copy.mkv", "copy.mp4"):
        if name != "source.webm":
            notes[name] = write_with_chapters(tmp_path / "source.webm", tmp_path / name, MARKS, job=Job())
        command = ["ffmpeg", "-v", "error", "-c:v", "libvpx-vp9", "-i", str(tmp_path / name), "-frames:v", "1"]
        command += ["-vf", "scale=1:1", "-pix_fmt", "rgba", "-f", "rawvideo", "-"]
        notes[alpha + name] = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout[3]
    assert notes[f"{alpha}source.webm"] == notes[f"{alpha}copy.mkv"] == pytest.approx(128, abs=3)
    assert notes["copy.mkv"] == ()
    assert notes["copy.mp4"] == ("MP4 has no room for the video's transparency; it was left out.",)


def reel(source: Path, target: Path, *, snap_seconds: float) -> tuple[bool, tuple[str, ...]]:
    settings = Settings().override(output__reel_snap_seconds=snap_seconds)
    made = write_reel(source, target, [TimeRange(2, 3)], settings=settings, job=Job())
    return made.copied, made.notes


def test_a_copied_clip_keeps_360_and_3d(sphere: Path, tmp_path: Path) -> None:
    assert reel(sphere, tmp_path / "reel.mp4", snap_seconds=3) == (True, ())
    assert side_data(tmp_path / "reel.mp4") == side_data(sphere)


def test_a_clip_that_is_encoded_says_what_it_lost(tmp_path: Path) -> None:
    clip = with_boxes(numbered_clip(tmp_path / "a.mp4", keyframe_every=60), "avc1", TOP_AND_BOTTOM, SPHERE)
    notes = ("Information about the pictures that was lost: 360° projection, 3D layout.",)
    assert reel(clip, tmp_path / "reel.mp4", snap_seconds=0.01) == (False, notes)


def test_a_clip_says_which_tracks_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nwords\n")
    clip = numbered_clip(tmp_path / "a.mp4", keyframe_every=10, options={"bf": "0"})
    ffmpeg("-i", clip, "-i", tmp_path / "a.srt", "-map", "0", "-map", "1", "-c", "copy", tmp_path / "b.mkv")
    notes = ("Tracks that were left out: 1 × subtitles.",)
    assert reel(tmp_path / "b.mkv", tmp_path / "reel.mp4", snap_seconds=3) == (True, notes)


def test_a_preview_keeps_360_and_3d(tmp_path: Path, sphere: Path) -> None:
    ffmpeg("-i", sphere, "-c", "copy", tmp_path / "sphere.mkv")
    make_preview(tmp_path / "sphere.mkv", tmp_path / "preview.mp4")
    assert side_data(tmp_path / "preview.mp4") == side_data(sphere)
