from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media.clips import numbered_clip
from tests.tasks.scripted import with_work
from vidtext.batch import run
from vidtext.batch.items import Item
from vidtext.batch.run import by_model, local_engine, run_batch
from vidtext.errors import CancelledError, ModelError
from vidtext.job import Job, Progress
from vidtext.media.source.inputs import LocalFile
from vidtext.models.base import ModelInfo
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.options import CaptionOptions, QuestionOptions
from vidtext.text.timed import Segment, TimedText

CARD = ModelInfo("fake", "git", "MIT", 6, 224, "crop", 64, 0, "Nothing.")


def captioning(source: LocalFile, options: CaptionOptions, *, settings: Settings, job: Job) -> Iterator[CaptionResult]:
    """Say the file's name; a "bad" one is refused, an "odd" one meets a defect, at "stop" the job is stopped."""
    job.report("writing", 1, 2)
    if source.path.stem == "bad":
        raise ModelError("It is too much.")
    if source.path.stem == "odd":
        raise ZeroDivisionError("oh")
    if source.path.stem == "stop":
        job.stop()
        job.check()
    text = TimedText((Segment(0, 1, source.path.stem),), model="fake")
    yield CaptionResult(text, (), CARD, "cpu", 1, 1, 0.1)


TOYS = with_work(caption=captioning)


def item(name: str, model: str = "m") -> Item:
    return Item(f"{name}.mp4", {"caption": CaptionOptions(model)}, name)


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "bad", "odd", "stop"):
        numbered_clip(Path(f"{name}.mp4"), 6)


@pytest.mark.usefixtures("videos")
def test_what_fails_has_its_reason_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    items = [item("bad"), item("a"), item("odd"), item("missing"), item("b")]
    with caplog.at_level(logging.ERROR):
        steps = list(run_batch(items, local_engine(TOYS, Settings()), Job()))

    records = {step.outcome.item.name: step.outcome.record for step in steps}
    assert records["a"]["caption"]["segments"][0]["text"] == "a"
    assert records["b"]["files"] == ["b.srt", "b.vtt"]
    assert records["bad"]["error"] == {"kind": "ModelError", "message": "It is too much."}
    assert records["odd"]["error"] == {"kind": "ZeroDivisionError", "message": "ZeroDivisionError: oh"}
    assert records["missing"]["error"]["kind"] == "SourceError"
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert [(step.done, step.total) for step in steps] == [(n, 5) for n in range(1, 6)]


@pytest.mark.usefixtures("videos")
def test_a_stop_ends_it_after_what_is_finished() -> None:
    steps = run_batch([item("a"), item("stop"), item("b")], local_engine(TOYS, Settings()), Job())
    assert next(steps).outcome.item.name == "a"
    with pytest.raises(CancelledError):
        next(steps)


@pytest.mark.usefixtures("videos")
def test_progress_tells_how_long_the_others_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock moves by 30 s with each item that is begun."""
    now = [0.0]
    monkeypatch.setattr(run.time, "monotonic", lambda: now[0])
    said: list[str] = []

    def tell(progress: Progress) -> None:
        said.append(progress.doing)
        now[0] += 30

    steps = list(run_batch([item("a"), item("b"), item("bad")], local_engine(TOYS, Settings()), Job(tell)))

    assert said == [
        "0 of 3 videos: a, writing",
        "1 of 3 videos, about 1:00 left: b, writing",
        "2 of 3 videos, about 0:30 left: bad, writing",
    ]
    assert [step.seconds_left for step in steps] == [60, 30, 0]


def test_items_of_the_same_models_are_done_together() -> None:
    items = [item("a", "x"), item("b", "y"), item("c", "x"), item("d", "y")]
    chatting = Item("e", {"chat": QuestionOptions("x", questions=("Why?",))}, "e")
    assert [each.name for each in by_model([*items[:2], chatting, *items[2:]])] == ["a", "c", "b", "d", "e"]
