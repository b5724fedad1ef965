from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tasks.models import colour_of
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.media.read.probe import probe
from vidtext.media.read.sample import sample
from vidtext.media.read.sampling import TimeRange
from vidtext.settings import Settings
from vidtext.tasks.highlights import Moment, highlight_reel, moments_that_differ, spans_of_length
from vidtext.text.timed import Segment, TimedText

Film = Callable[..., Path]


def moment(start: float, text: str, angle: float, weight: float = 1) -> Moment:
    feature = np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
    picture = Frames(np.zeros((1, 4, 4, 3), np.uint8), np.array([start]))
    return Moment(TimeRange(start, start + 1), text, weight, feature, picture)


def test_the_moments_that_differ_most_are_chosen_in_order() -> None:
    moments = [moment(0, "a", 0.0, 5), moment(1, "b", 0.1), moment(2, "c", 3.0), moment(3, "d", 1.5)]

    assert [each.text for each in moments_that_differ(moments, 3)] == ["a", "c", "d"]


def test_the_first_chosen_stands_for_most_of_the_video() -> None:
    assert [each.text for each in moments_that_differ([moment(0, "a", 0, 1), moment(1, "b", 1, 9)], 1)] == ["b"]


def test_no_two_highlights_say_the_same() -> None:
    moments = [moment(0, "A dog.", 0), moment(1, "a dog", 3), moment(2, "", 2), moment(3, "A cat.", 1)]

    assert [each.text for each in moments_that_differ(moments, 4)] == ["A dog.", "A cat."]


SPANS = [TimeRange(0, 4), TimeRange(10, 16), TimeRange(17, 20)]


def total(spans: list[TimeRange]) -> float:
    return sum(span.duration_seconds for span in spans)


@pytest.mark.parametrize("seconds", [1, 5, 13, 18, 20])
def test_spans_reach_the_wished_length(seconds: float) -> None:
    assert total(spans_of_length(SPANS, seconds, 20)) == pytest.approx(seconds, abs=0.01)


def test_spans_shrink_around_their_middles() -> None:
    assert [(span.start_seconds + span.stop_seconds) / 2 for span in spans_of_length(SPANS, 3, 20)] == pytest.approx(
        [2, 13, 18.5]
    )


def test_more_than_the_video_has_is_all_of_it() -> None:
    assert total(spans_of_length(SPANS, 500, 20)) == pytest.approx(20, abs=0.01)


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 10)), min_size=1, max_size=6),
    st.floats(0.1, 200),
)
def test_spans_never_overlap_or_leave_the_video(pieces: list[tuple[float, float]], seconds: float) -> None:
    spans, at = [], 0.0
    for gap, length in pieces:
        spans.append(TimeRange(at + gap, at + gap + length))
        at = spans[-1].stop_seconds

    found = spans_of_length(spans, seconds, at + 1)

    edges = [edge for span in found for edge in (span.start_seconds, span.stop_seconds)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= at + 1 + 1e-9
    assert total(found) <= seconds + 0.01


def test_the_reel_shows_the_moments_with_their_captions(film: Film, tmp_path: Path) -> None:
    source = film(("red", 6), ("green", 6), ("blue", 6))
    highlights = TimedText((Segment(1, 4, "Red."), Segment(14, 17, "Blue.")), model="m")
    target = tmp_path / "reel.mp4"

    reel = highlight_reel(source, highlights, target, seconds=4, settings=Settings(), job=Job())

    assert probe(target).duration_seconds == pytest.approx(4, abs=0.7)
    assert [segment.text for segment in reel.captions.segments] == ["Red.", "Blue."]
    for segment in reel.captions.segments:
        middle = (segment.start_seconds + segment.stop_seconds) / 2
        picture = sample(target, at_seconds=[middle]).pixels[0]
        assert colour_of(picture) == segment.text.rstrip(".").lower()


@pytest.mark.parametrize("seconds", [0, -1, 1e9, float("nan")])
def test_a_length_that_cannot_be_is_explained(film: Film, tmp_path: Path, seconds: float) -> None:
    highlights = TimedText((Segment(0, 1, "x"),))

    with pytest.raises(OptionError, match="is not possible"):
        highlight_reel(
            film(("red", 2)), highlights, tmp_path / "a.mp4", seconds=seconds, settings=Settings(), job=Job()
        )
    assert not (tmp_path / "a.mp4").exists()


def test_no_highlight_is_explained(film: Film, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="Summarize the video first"):
        highlight_reel(
            film(("red", 2)), TimedText(()), tmp_path / "a.mp4", seconds=None, settings=Settings(), job=Job()
        )
