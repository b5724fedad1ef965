from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.text.asked_times import asked_time

MINUTES = 60.0
LENGTH = 10 * MINUTES


@pytest.mark.parametrize(
    ("question", "start", "stop"),
    [
        ("What happens at 0:45?", 43, 47),
        ("What happens at 1:02:03?", None, None),
        ("What is seen around 45 seconds?", 43, 47),
        ("what do you see at second 30", 28, 32),
        ("And at minute 3?", 178, 182),
        ("And at 0:01?", 0, 3),
        ("What happens 2 minutes 30 seconds in?", 148, 152),
        ("What happens at 2 minutes and 30 seconds?", 148, 152),
        ("one minute, twenty seconds in", 78, 82),
        ("between 1 minute 10 seconds and 2 minutes", 70, 120),
        ("between 1 minute and 90 seconds", 60, 90),
        ("from 1 minute 10 seconds to 2 minutes", 70, 120),
        ("What is in the first 1 minute and 5 seconds?", 0, 65),
        ("What happens between 1:00 and 2:00?", 60, 120),
        ("What happens from 1:00 to 1:30?", 60, 90),
        ("Describe 0:10-0:20.", 10, 20),
        ("Describe 0:10 – 0:20.", 10, 20),
        ("between 10 and 20 seconds", 10, 20),
        ("from 2:00 to 1:00", 60, 120),
        ("between 30 seconds and 2 minutes", 30, 120),
        ("What is in the first 10 seconds?", 0, 10),
        ("What is in the first two minutes?", 0, 120),
        ("What is in the first minute?", 0, 60),
        ("What happens in the last ten seconds?", 590, 600),
        ("in the final minute", 540, 600),
        ("What happens before 0:30?", 0, 30),
        ("What is there after the first 10 seconds?", 10, 600),
        ("everything but the last minute", 0, 540),
        ("What happens before the last 10 seconds?", 0, 590),
        ("What happens 10 seconds before the end?", 588, 592),
        ("10 seconds into the video", 8, 12),
        ("What moves in the 5 seconds before 0:30?", 25, 30),
        ("the 5 seconds after 0:30", 30, 35),
        ("What is at 0:05, and what at 0:10?", 3, 12),
        ("What happens after 9:00?", 540, 600),
        ("What changes from 9:30 on?", 570, 600),
        ("What happens at the end?", 570, 600),
        ("How does it end?", 570, 600),
        ("How does the film end?", 570, 600),
        ("What is there at the beginning?", 0, 30),
        ("How does the video start?", 0, 30),
        ("What is in the middle?", 285, 315),
        ("What happens halfway through?", 285, 315),
    ],
)
def test_a_time_is_found(question: str, start: float | None, stop: float | None) -> None:
    found = asked_time(question, LENGTH)

    assert found is not None
    if start is None:
        assert (found.start_seconds, found.stop_seconds) == (0, LENGTH)
        assert found.note == "1:02:03 is behind the end of the video, 10:00: all of it was looked at."
    else:
        assert (found.start_seconds, found.stop_seconds) == pytest.approx((start, stop))
        assert found.note == ""


@pytest.mark.parametrize(
    "question",
    [
        "What moves?",
        "Is this 16:9?",
        "How many people are there, two or three?",
        "Which one moves first?",
        "Is it a second circle?",
        "Who is at the table?",
        "What does the end credit say about version 2.0?",
        "Give me 5 words.",
        "Describe the video every 5 seconds.",
        "Does it move for 10 seconds?",
        "Is it longer than 2 minutes?",
        "What happens at 9:99?",
        "What happens at 1:30:75?",
        "What happens at 1:75:00?",
        "",
    ],
)
def test_no_time_is_made_up(question: str) -> None:
    assert asked_time(question, LENGTH) is None


def test_a_range_is_cut_at_the_end() -> None:
    found = asked_time("between 9:00 and 20:00", LENGTH)

    assert found is not None
    assert (found.start_seconds, found.stop_seconds) == (540, 600)


def test_the_ends_of_a_short_video_are_at_least_two_seconds() -> None:
    found = asked_time("What happens at the end?", 8)

    assert found is not None
    assert (found.start_seconds, found.stop_seconds) == (6, 8)


@given(st.text(alphabet="0123456789:.- abdefhimnorstu?", max_size=40), st.floats(0, 20_000))
def test_whatever_is_asked_a_time_lies_in_the_video(question: str, duration: float) -> None:
    found = asked_time(question, duration)

    if found is not None:
        assert 0 <= found.start_seconds <= found.stop_seconds
        assert found.start_seconds <= duration or duration == 0


@pytest.mark.parametrize(
    ("question", "start"),
    [("1 hour 20 minutes in", 4798), ("at 100:30", 6028), ("at 1:30:05", 5403), ("at 1:39", 97), ("at 99:00", 5938)],
)
def test_a_time_in_a_long_recording(question: str, start: float) -> None:
    found = asked_time(question, 4 * 3600.0)
    assert found is not None
    assert found.start_seconds == pytest.approx(start)


def test_a_single_frame_has_no_later_time() -> None:
    found = asked_time("What is there at 0:45?", 0.0)
    assert found is not None
    assert "behind the end" in found.note
