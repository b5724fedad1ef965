from __future__ import annotations

import bisect
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.media.clips import number_of, numbered_clip, numbered_frame, write_clip
from vidtext.errors import CancelledError, OptionError
from vidtext.job import Job
from vidtext.media.read import decode
from vidtext.media.read.decode import Run, plan_runs, snapped
from vidtext.media.read.opening import open_video
from vidtext.media.read.sample import sample
from vidtext.media.read.video_file import Keyframe, VideoFile


def numbers(frames) -> list[int]:
    return [number_of(picture) for picture in frames.pixels]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("one_group.mp4", {"keyframe_every": 1000}),
        ("b_frames.mp4", {"keyframe_every": 12, "options": {"bf": "3", "b-pyramid": "strict"}}),
        ("open_groups.mkv", {"keyframe_every": 12, "options": {"bf": "3", "x264-params": "open-gop=1"}}),
        ("key_only.mp4", {"keyframe_every": 1}),
        ("ten_bit.mkv", {"codec": "libx265", "pixel_format": "yuv420p10le", "options": {"x265-params": "log-level=0"}}),
        ("vp9.webm", {"codec": "libvpx-vp9", "options": {"crf": "10", "auto-alt-ref": "1", "lag-in-frames": "16"}}),
        (
            "vp8.webm",
            {"codec": "libvpx", "options": {"crf": "4", "b": "2M", "auto-alt-ref": "1", "lag-in-frames": "16"}},
        ),
        ("mpeg4.avi", {"codec": "mpeg4", "bit_rate": 8_000_000}),
        (
            "mpeg4_b.avi",
            {
                "codec": "mpeg4",
                "bit_rate": 8_000_000,
                "options": {"bf": "2", "b_qfactor": "1", "b_qoffset": "0", "mbd": "rd"},
            },
        ),
        ("transport.ts", {"options": {"bf": "2"}}),
        ("flash.flv", {"options": {"bf": "2"}}),
    ],
)
@pytest.mark.parametrize("step", [0.05, 0.31, 1.7])
def test_exact_gives_the_frame_on_screen(tmp_path: Path, name: str, how: dict, step: float) -> None:
    clip = numbered_clip(tmp_path / name, **how)

    frames = sample(clip, every_seconds=step)

    wanted = np.arange(0, 6, step)[: len(frames)]
    assert len(frames) == len(np.arange(0, 6 - step / 1000, step))
    assert numbers(frames) == [int(time * 10 + 1e-6) for time in wanted]
    np.testing.assert_allclose(frames.seconds, [int(time * 10 + 1e-6) / 10 for time in wanted], atol=0.002)


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
def test_a_variable_frame_rate_is_followed(tmp_path: Path, name: str) -> None:
    ticks = np.cumsum([0, *np.random.default_rng(3).choice([20, 33, 40, 700], 79)]).tolist()
    clip = numbered_clip(tmp_path / name, 80, ticks=ticks, keyframe_every=15, options={"bf": "2"})
    times = np.random.default_rng(4).uniform(0, ticks[-1] / 1000, 40).round(4).tolist()

    frames = sample(clip, at_seconds=times)

    assert numbers(frames) == [bisect.bisect_right(ticks, time * 1000 + 1e-3) - 1 for time in sorted(times)]
    assert frames.notes == ()


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_times_count_from_the_first_frame(tmp_path: Path, name: str) -> None:
    clip = numbered_clip(tmp_path / name, 30, ticks=[7000 + 100 * number for number in range(30)])

    frames = sample(clip, at_seconds=[0.0, 1.05, 2.95])

    assert numbers(frames) == [0, 10, 29]
    np.testing.assert_allclose(frames.seconds, [0.0, 1.0, 2.9], atol=0.002)


def test_the_keyframe_snap_gives_the_nearest_keyframe(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 60, keyframe_every=20, options={"bf": "3"})

    frames = sample(clip, at_seconds=[0.3, 1.4, 2.2, 5.9], snap="keyframe")

    assert numbers(frames) == [0, 20, 20, 40]
    np.testing.assert_allclose(frames.seconds, [0, 2, 2, 4], atol=0.001)


def test_the_auto_snap_moves_a_time_by_no_more_than_its_fraction_of_the_gap(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 80, keyframe_every=20)

    # The gaps are 2.1 s and more, of which a twentieth is 0.105 s: 2.1 may become the keyframe at 2.0, 4.3 may not.
    frames = sample(clip, at_seconds=[0.0, 2.1, 4.3, 7.0], snap="auto")

    assert numbers(frames) == [0, 20, 43, 70]


def test_snapping_without_neighbours_stays_exact() -> None:
    assert snapped([105], [Keyframe(100, 100)], fraction=0.05) == [105]


def test_runs_start_anew_only_where_a_seek_saves_more_than_it_costs() -> None:
    keyframes = [Keyframe(tick, tick - 2) for tick in (0, 100, 200, 300)]

    runs = plan_runs([10, 90, 105, 290, 295], keyframes, seek_cost_ticks=20)

    assert runs == [
        Run(keyframes[0], (10, 90, 105)),  # 100 is only 10 ticks behind 90: going on is cheaper
        Run(keyframes[2], (290, 295)),
    ]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_each_seek_lands_on_its_keyframe(tmp_path: Path, name: str) -> None:
    options = {} if name.endswith("avi") else {"options": {"bf": "3", "b-pyramid": "strict"}}
    clip = numbered_clip(
        tmp_path / name, 120, keyframe_every=20, codec="mpeg4" if options == {} else "libx264", **options
    )

    with open_video(clip) as video:
        keyframes = video.keyframes()
        landed = [next(video.packets(keyframe.seek_tick)).pts for keyframe in keyframes]

    assert len(keyframes) >= 6
    assert landed == [keyframe.tick for keyframe in keyframes]


def test_an_index_that_lies_costs_time_but_not_the_right_frame(tmp_path: Path, monkeypatch) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 60, keyframe_every=20)
    true_keyframes = VideoFile.keyframes

    def late(video: VideoFile) -> list[Keyframe]:
        return [Keyframe(each.tick, each.seek_tick + 10_000_000) for each in true_keyframes(video)]

    monkeypatch.setattr(VideoFile, "keyframes", late)

    assert numbers(sample(clip, at_seconds=[1.5, 2.5, 4.1])) == [15, 25, 41]


@pytest.mark.parametrize(("rotation", "upper_left"), [(0, "red"), (-90, "blue"), (180, "white"), (90, "green")])
def test_phone_videos_stand_upright(tmp_path: Path, rotation: int, upper_left: str) -> None:
    colours = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "white": (240, 240, 240)}
    stored = np.zeros((48, 64, 3), dtype=np.uint8)
    stored[:24, :32], stored[:24, 32:] = colours["red"], colours["green"]
    stored[24:, :32], stored[24:, 32:] = colours["blue"], colours["white"]
    clip = write_clip(tmp_path / "phone.mp4", [stored] * 5, rotation=rotation)

    pixels = sample(clip, frames=1).pixels[0]

    assert pixels.shape == ((64, 48, 3) if rotation % 180 else (48, 64, 3))
    np.testing.assert_allclose(pixels[8, 8], colours[upper_left], atol=16)


def test_interlaced_frames_show_one_moment(tmp_path: Path) -> None:
    combed = np.full((96, 128, 3), 220, dtype=np.uint8)
    combed[1::2] = 20  # the second field is another moment
    clip = write_clip(
        tmp_path / "tape.mpg",
        [combed] * 10,
        rate=25,
        codec="mpeg2video",
        options={"flags": "+ildct+ilme", "q": "2", "qmin": "1"},
    )
    with av.open(str(clip)) as container:
        assert next(container.decode(video=0)).interlaced_frame

    shrunk = sample(clip, frames=2, size=24)

    np.testing.assert_allclose(shrunk.pixels, 220, atol=12)


def test_untagged_colours_follow_the_size_as_players_do(tmp_path: Path) -> None:
    green = np.full((720, 64, 3), (20, 180, 60), dtype=np.uint8)
    tall = write_clip(tmp_path / "hd.mkv", [green] * 2, options={"x264-params": "colormatrix=undef"})
    with av.open(str(tall)) as container:
        planes = next(container.decode(video=0)).to_ndarray(format="yuv444p")[:, 0, 0].astype(float)
    luma, blue, red = planes - (16, 128, 128)
    bt709 = [1.164 * luma + 1.793 * red, 1.164 * luma - 0.213 * blue - 0.533 * red, 1.164 * luma + 2.112 * blue]

    np.testing.assert_allclose(sample(tall, frames=1).pixels[0, 9, 9], np.clip(bt709, 0, 255), atol=2)


def test_shrinking_on_the_way_out_equals_shrinking_afterwards(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    textured = cv2.resize(noise, (640, 480), interpolation=cv2.INTER_CUBIC)
    clip = write_clip(tmp_path / "textured.mp4", [textured] * 3)

    small = sample(clip, frames=1, size=96).pixels[0]
    large = sample(clip, frames=1).pixels[0]

    expected = cv2.resize(large, (128, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(small.astype(int) - expected).mean() < 1
    assert abs(float(small.mean()) - float(expected.mean())) < 0.3


def test_another_decoder_sees_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    texture = cv2.resize(rng.integers(0, 255, (30, 60, 3)).astype(np.uint8), (480, 240), interpolation=cv2.INTER_CUBIC)
    moving = [np.ascontiguousarray(np.roll(texture, 5 * number, axis=1)[:120, :160]) for number in range(50)]
    clip = write_clip(tmp_path / "moving.mp4", moving, rate=25, options={"bf": "3"})
    reader = cv2.VideoCapture(str(clip))
    seen = [cv2.cvtColor(reader.read()[1], cv2.COLOR_BGR2RGB) for _ in range(50)]

    frames = sample(clip, frames=7)

    for pixels, seconds in zip(frames.pixels, frames.seconds, strict=True):
        differences = [np.abs(pixels.astype(int) - other).mean() for other in seen]
        assert int(np.argmin(differences)) == round(seconds * 25)
        assert min(differences) < 8  # OpenCV rounds colours more coarsely; the next frame is 44 away


def frames_decoded(clip: Path, monkeypatch, **how) -> int:
    """Sample, and count the frames that came out of the decoder."""
    decoded = []
    real = decode._decoded
    monkeypatch.setattr(decode, "_decoded", lambda *given: decoded.extend(frames := real(*given)) or frames)
    sample(clip, **how)
    monkeypatch.undo()
    return len(decoded)


@pytest.mark.parametrize(
    ("options", "ticks"),
    [
        ({"bf": "3", "b-pyramid": "strict"}, None),
        ({"bf": "3", "x264-params": "open-gop=1"}, None),
        ({"bf": "2"}, np.cumsum(np.random.default_rng(6).choice([20, 33, 40, 90], 200)).tolist()),
    ],
    ids=["closed groups", "open groups", "variable rate"],
)
def test_keyframes_cost_one_frame_each_and_are_what_they_say(
    tmp_path: Path, monkeypatch, options: dict, ticks: list[int] | None
) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 200, keyframe_every=20, options=options, ticks=ticks)
    with av.open(str(clip)) as container:
        true_keyframes = [number_of(f.to_ndarray(format="rgb24")) for f in container.decode(video=0) if f.key_frame]

    frames = sample(clip, frames=9, snap="keyframe")

    assert set(numbers(frames)) <= set(true_keyframes)
    assert frames_decoded(clip, monkeypatch, frames=9, snap="keyframe") <= 3 * 9
    assert frames_decoded(clip, monkeypatch, frames=9) < 200


def test_a_program_stream_is_read_from_its_start(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "disc.mpg", 120, rate=25, codec="mpeg2video", bit_rate=8_000_000)

    assert numbers(sample(clip, at_seconds=[0.5, 2.01, 4.5])) == [12, 50, 112]


def test_a_damaged_last_group_shows_the_frame_before_it(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "whole.mkv", 60, keyframe_every=20, options={"bf": "0"})
    with av.open(str(clip)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    broken = bytearray(clip.read_bytes())
    for position, size in places[40:]:
        broken[position + 12 : position + size] = b"\xff" * (size - 12)
    damaged = tmp_path / "damaged.mkv"
    damaged.write_bytes(broken)

    frames = sample(damaged, at_seconds=[1.0, 3.0, 4.5, 5.5])

    assert numbers(frames)[:2] == [10, 30]
    assert set(numbers(frames)[2:]) == {39}
    assert any("damaged" in note for note in frames.notes)


def test_odd_rotations_are_rounded_to_quarters(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "tilted.mp4", 5, rotation=80)

    assert sample(clip, frames=1).pixels.shape == (1, 64, 48, 3)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"every_seconds": 1e-9}, "frames were asked for; up to 768 are allowed"),
        ({"frames": 10**12}, "1000000000000 frames were asked for; up to 768"),
        ({"at_seconds": [0.0] * 1000}, "1000 frames were asked for; up to 768"),
        ({"size": (100_000, 100_000)}, "take more than 537 MB"),
        ({"size": (0, 10)}, "have no pixels"),
        ({"size": -5}, "have no pixels"),
        ({"frames": 2, "every_seconds": 1}, "Choose one of frames, every_seconds and at_seconds"),
    ],
)
def test_more_than_fits_is_refused_before_it_is_made(tmp_path: Path, how: dict, message: str) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 5)

    with pytest.raises(OptionError, match=message):
        sample(clip, **how)


def test_damaged_packets_are_left_out_and_told(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "whole.mp4", 60, keyframe_every=10)
    with av.open(str(clip)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    broken = bytearray(clip.read_bytes())
    for position, size in places[22:26]:
        broken[position + 4 : position + size] = b"\xff" * (size - 4)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(broken)

    frames = sample(damaged, at_seconds=[0.55, 1.55, 4.55])

    assert numbers(frames) == [5, 15, 45]
    assert len(sample(damaged, every_seconds=0.1)) == 60


def test_a_file_that_was_cut_off_ends_where_its_pictures_end(tmp_path: Path) -> None:
    whole = numbered_clip(tmp_path / "whole.mp4", 60, options={"bf": "0"}, keyframe_every=10)
    shifted = tmp_path / "faststart.mp4"
    with av.open(str(whole)) as source, av.open(str(shifted), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(shifted)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(shifted.read_bytes()[: places[30]])

    frames = sample(cut, frames=6)

    assert "cut off" in frames.notes[0]
    assert max(numbers(frames)) < 30
    assert numbers(frames) == sorted(set(numbers(frames)))


def test_stopping_ends_the_decoding(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4")
    reported = []

    def watch(progress) -> None:
        reported.append(progress.done)
        if progress.done == 3:
            job.stop()

    job = Job(on_progress=watch)

    with pytest.raises(CancelledError):
        sample(clip, frames=8, job=job)
    assert reported == [1, 2, 3]


def test_an_unknown_snap_is_named(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 5)

    with pytest.raises(OptionError, match="'nearest' is not known.*exact, keyframe, auto"):
        sample(clip, snap="nearest")  # type: ignore[arg-type]  # wrong on purpose


def test_memory_bound_frames_are_shrunk_with_a_note(tmp_path: Path) -> None:
    from vidtext.settings import Settings

    clip = write_clip(tmp_path / "clip.mp4", [numbered_frame(3, 320, 240)] * 12)

    frames = sample(clip, frames=4, settings=Settings().override(limits__max_frames_bytes=100_000))

    assert frames.pixels.nbytes <= 100_000
    assert frames.notes == ("The frames were shrunk from 320×240 to 105×79 to fit in memory.",)
