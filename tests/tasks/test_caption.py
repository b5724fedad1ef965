from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import vidtext
from tests.media.clips import number_of, numbered_clip, numbered_frame
from tests.media.test_chapter_marks import sounding_clip
from tests.tasks.models import loads
from vidtext.clock import to_milliseconds
from vidtext.errors import CancelledError, OptionError
from vidtext.job import Job, Progress
from vidtext.media.read.frames import Frames
from vidtext.models.base import GenerationOptions, ModelInfo, ResolvedModel
from vidtext.settings import Settings
from vidtext.tasks import caption as task
from vidtext.tasks.caption import caption, caption_stream
from vidtext.tasks.options import CaptionOptions
from vidtext.text.timed import Segment

CARD = ModelInfo("reader", "git", "MIT", 3, 32, "squash", 64, 0, "Reads the numbers off the frames.")


class Reader:
    """A captioner that says which numbered frames it was shown, and remembers how it was called."""

    info = CARD
    device = "cpu"

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.options: list[GenerationOptions] = []

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        job.check()
        self.batches.append(len(clips))
        self.options.append(options)
        return [self.says(clip) for clip in clips]

    def says(self, clip: Frames) -> str:
        return "frames " + " ".join(str(number_of(picture)) for picture in clip.pixels)


@pytest.fixture
def reader(monkeypatch) -> Reader:
    made = Reader()
    monkeypatch.setattr(
        task, "resolve_captioner", lambda name, _settings: ResolvedModel(CARD, None, f"asked for {name}")
    )
    monkeypatch.setattr(task, "acquire_model", loads(made))
    return made


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "clip.mp4", 60)  # 6 s, 10 frames a second


def test_one_caption_sees_the_middles_of_equal_parts(reader: Reader, clip: Path) -> None:
    text = caption(clip, model="reader")

    assert text.segments == (Segment(0, 6, "Frames 10 30 50."),)
    assert text.model == "reader"
    assert text.notes == ("asked for reader",)


def test_a_range_is_all_that_is_looked_at(reader: Reader, clip: Path) -> None:
    text = caption(clip, start_seconds=1, stop_seconds=4)

    assert text.segments == (Segment(1, 4, "Frames 15 25 35."),)


def test_a_window_each_in_their_order(reader: Reader, clip: Path) -> None:
    text = caption(clip, every_seconds=1.5)

    assert [segment.text for segment in text.segments] == [
        "Frames 2 7 12.",
        "Frames 17 22 27.",
        "Frames 32 37 42.",
        "Frames 47 52 57.",
    ]
    assert [segment.start_seconds for segment in text.segments] == [0, 1.5, 3, 4.5]


def test_neighbours_that_say_the_same_are_merged(reader: Reader, clip: Path, monkeypatch) -> None:
    monkeypatch.setattr(reader, "says", lambda shown: "early" if shown.seconds[0] < 3 else "late")

    text = caption(clip, every_seconds=1)

    assert text.segments == (Segment(0, 3, "Early."), Segment(3, 6, "Late."))


def test_results_come_as_they_are_made_the_first_one_alone(reader: Reader, clip: Path) -> None:
    results = list(
        caption_stream(
            clip, CaptionOptions(every_seconds=1), settings=Settings().override(tasks__window_batch=2), job=Job()
        )
    )

    assert reader.batches == [1, 2, 2, 1]
    assert [result.windows_done for result in results] == [1, 3, 5, 6]
    assert [len(result.text.segments) for result in results] == [1, 3, 5, 6]
    assert [len(result.clips) for result in results] == [1, 2, 2, 1]
    assert {result.windows_total for result in results} == {6}
    np.testing.assert_allclose(results[1].clips[0].seconds, [1.1, 1.5, 1.8], atol=0.001)


def test_stopping_keeps_what_is_finished(reader: Reader, clip: Path) -> None:
    job = Job()
    stream = caption_stream(
        clip, CaptionOptions(every_seconds=1), settings=Settings().override(tasks__window_batch=1), job=job
    )

    finished = [next(stream), next(stream)]
    job.stop()

    with pytest.raises(CancelledError):
        next(stream)
    assert len(finished[-1].text.segments) == 2
    assert reader.batches == [1, 1]


def test_closing_the_stream_ends_the_work_and_frees_the_file(reader: Reader, clip: Path, tmp_path: Path) -> None:
    stream = caption_stream(clip.read_bytes(), CaptionOptions(every_seconds=1), settings=Settings(), job=Job())
    next(stream)
    stream.close()

    assert reader.batches == [1]


def test_frames_of_finished_windows_are_let_go(reader: Reader, clip: Path, monkeypatch) -> None:
    alive: list[weakref.ref[Frames]] = []
    most: list[int] = []

    def says(shown: Frames) -> str:
        alive.append(weakref.ref(shown))
        most.append(sum(each() is not None for each in alive))
        return "words"

    monkeypatch.setattr(reader, "says", says)

    caption(clip, every_seconds=0.2, settings=Settings().override(tasks__window_batch=2))

    assert len(alive) == 30
    assert max(most) <= 6


def test_the_first_frames_are_read_before_the_job_has_a_device(reader: Reader, clip: Path, monkeypatch) -> None:
    reports: list[Progress] = []
    lent = task.acquire_model

    @contextmanager
    def loading(*arguments: Any, job: Job, **named: Any) -> Iterator[Any]:
        job.report("loading the model", 0, 1)
        with lent(*arguments, job=job, **named) as loaded:
            yield loaded

    monkeypatch.setattr(task, "acquire_model", loading)
    caption(clip, job=Job(on_progress=reports.append))
    doing = [report.doing for report in reports]
    assert "reading frames" in doing
    assert "reading frames" not in doing[doing.index("loading the model") :]


def test_progress_moves_forward_and_says_what_is_done(reader: Reader, clip: Path) -> None:
    reports: list[Progress] = []

    caption(clip, every_seconds=2, job=Job(on_progress=reports.append))

    read = [report.done for report in reports if report.doing == "reading frames"]
    assert read[:3] == [1, 2, 3]  # later ones are told only while the model waits for them
    assert read == sorted(set(read))


def test_frames_with_times_are_a_source_too(reader: Reader) -> None:
    frames = Frames.from_images([numbered_frame(number) for number in range(7)], [0, 1, 2, 3, 4, 5, 6])

    assert caption(frames).segments == (Segment(0, 7, "Frames 1 3 5."),)


@pytest.mark.parametrize("seconds", [[0, 1, 2], [12, 13, 14], [0.5, 0.6, 0.7]])
def test_as_many_frames_as_the_model_takes_are_all_looked_at(reader: Reader, seconds: list[float]) -> None:
    frames = Frames.from_images([numbered_frame(number) for number in (4, 5, 6)], seconds)

    text = caption(frames)

    assert text.segments[0].text == "Frames 4 5 6."
    assert text.segments[0].start_seconds == seconds[0]


def test_every_given_frame_has_a_window_of_its_own(reader: Reader) -> None:
    frames = Frames.from_images([numbered_frame(number) for number in (1, 2, 3)], [0, 1, 2])

    assert [each.text for each in caption(frames, every_seconds=1).segments] == [
        "Frames 1 1 1.",
        "Frames 2 2 2.",
        "Frames 3 3 3.",
    ]


def test_options_reach_the_model(reader: Reader, clip: Path) -> None:
    caption(clip, max_new_tokens=7, fit="pad")

    assert reader.options == [GenerationOptions(max_new_tokens=7, fit="pad")]


def test_a_range_that_is_cut_is_told(reader: Reader, clip: Path) -> None:
    text = caption(clip, stop_seconds=60)

    assert text.segments[0].stop_seconds == pytest.approx(6)
    assert "The range was cut at the end of the video, 0:06." in text.notes


def test_damage_found_on_the_way_is_told(reader: Reader, clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    whole = numbered_clip(tmp_path / "whole.mkv", 60).read_bytes()
    cut.write_bytes(whole[: len(whole) * 6 // 10])

    text = caption(cut)

    assert text.segments[0].stop_seconds < 6
    assert text.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens is 0; it must be a whole number of at least 1"),
        ({"max_new_tokens": 100_000}, "max_new_tokens is 100,000; up to 256 are allowed"),
        ({"every_seconds": 0}, "must be a number of seconds greater than 0"),
        ({"every_seconds": -2}, "must be a number of seconds greater than 0"),
        ({"every_seconds": 0.0001}, r"makes more than 3000 of them. Choose 0:00.002 or more"),
        ({"start_seconds": 9}, "start is 0:09, but the video is 0:06 long"),
        ({"start_seconds": 4, "stop_seconds": 4}, "must be after the start"),
    ],
)
def test_options_that_cannot_be_are_explained(reader: Reader, clip: Path, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        caption(clip, **options)
    assert reader.batches == []


def test_the_public_function_is_this_one() -> None:
    assert vidtext.caption is caption


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_times_are_of_the_file_whose_sound_begins_first(reader: Reader, tmp_path: Path, suffix: str) -> None:
    clip = sounding_clip(tmp_path / f"late{suffix}", start=2.95, sound_start=0)  # frame n is shown at 2.95 + n/10 s

    whole = caption(clip, every_seconds=3)
    part = caption(clip, start_seconds=4, stop_seconds=7)

    assert [segment.text for segment in whole.segments] == ["Frames 0 0 0.", "Frames 5 15 25.", "Frames 35 45 55."]
    assert [segment.start_seconds for segment in whole.segments] == [0, 3, 6]
    assert whole.segments[-1].stop_seconds == pytest.approx(
        8.95, abs=0.03
    )  # an encoder's silence comes before the sound
    assert part.segments == (Segment(4, 7, "Frames 15 25 35."),)
    assert [note for note in whole.notes + part.notes if note != "asked for auto"] == []


def test_a_stop_that_was_written_is_not_behind_the_end(reader: Reader, tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 50, rate=30)  # 1.6667 s
    stop_seconds = to_milliseconds(caption(clip).segments[-1].stop_seconds) / 1000

    assert stop_seconds == 1.667
    assert caption(clip, stop_seconds=stop_seconds).notes == ("asked for auto",)
    assert caption(clip, stop_seconds=1.668).notes != ("asked for auto",)


def test_the_former_name_of_info_is_deprecated(reader: Reader, clip: Path) -> None:
    (result,) = caption_stream(clip, CaptionOptions(), settings=Settings(), job=Job())
    with pytest.deprecated_call():
        assert result.card is result.info
