import math

import pytest

from vidtext.text.timed import Segment, TimedText


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (0, 5), (2.5, 2.5), (3600, 14_400)])
def test_segments_that_are_possible(start: float, stop: float) -> None:
    segment = Segment(start, stop, "words")
    assert (segment.start_seconds, segment.stop_seconds, segment.text) == (start, stop, "words")


@pytest.mark.parametrize(
    ("start", "stop"), [(-0.001, 1), (5, 4.999), (0, math.inf), (math.inf, math.inf), (math.nan, 1), (0, math.nan)]
)
def test_segments_that_are_not(start: float, stop: float) -> None:
    with pytest.raises(ValueError, match="not possible"):
        Segment(start, stop, "words")


def test_neighbours_may_touch_and_gaps_are_allowed() -> None:
    assert TimedText((Segment(0, 5, "a"), Segment(5, 6, "b"), Segment(9, 9, "c"), Segment(9, 10, "d"))).text == (
        "a\nb\nc\nd"
    )


@pytest.mark.parametrize("later", [Segment(4.999, 8, "b"), Segment(0, 1, "b"), Segment(2, 3, "b")])
def test_segments_in_disorder_or_overlapping_are_refused(later: Segment) -> None:
    with pytest.raises(ValueError, match="overlap"):
        TimedText((Segment(0, 5, "a"), later))


def test_text_of_nothing() -> None:
    assert TimedText(()).text == ""


class TestFollowedBy:
    def test_adds_a_segment_and_keeps_the_rest(self) -> None:
        before = TimedText((Segment(0, 5, "a"),), model="m", notes=("n",))
        after = before.followed_by(Segment(5, 10, "b"))
        assert after == TimedText((Segment(0, 5, "a"), Segment(5, 10, "b")), model="m", notes=("n",))
        assert before.segments == (Segment(0, 5, "a"),)

    def test_the_first_segment(self) -> None:
        assert TimedText((), model="m").followed_by(Segment(0, 5, "a")).segments == (Segment(0, 5, "a"),)

    def test_neighbours_that_say_the_same_become_one(self) -> None:
        text = TimedText((Segment(0, 1, "x"), Segment(1, 5, "a"))).followed_by(Segment(5, 10, "a"))
        assert text.segments == (Segment(0, 1, "x"), Segment(1, 10, "a"))

    def test_the_same_words_after_a_gap_stay_apart(self) -> None:
        text = TimedText((Segment(0, 5, "a"),)).followed_by(Segment(6, 10, "a"))
        assert text.segments == (Segment(0, 5, "a"), Segment(6, 10, "a"))

    def test_a_segment_from_the_past_is_refused(self) -> None:
        with pytest.raises(ValueError, match="overlap"):
            TimedText((Segment(5, 10, "a"),)).followed_by(Segment(0, 5, "b"))
