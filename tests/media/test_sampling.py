from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.errors import OptionError
from vidtext.media.read.sampling import (
    TimeRange,
    checked_seconds,
    choose_range,
    split,
    stepped_seconds,
    uniform_seconds,
)

durations = st.floats(min_value=0.01, max_value=20_000, allow_nan=False)


def test_uniform_times_are_the_middles_of_equal_parts() -> None:
    assert uniform_seconds(4, TimeRange(2, 10)) == [3, 5, 7, 9]


@given(durations, st.integers(min_value=1, max_value=500))
def test_uniform_times_lie_inside_and_repeat(duration: float, count: int) -> None:
    span = TimeRange(0, duration)
    times = uniform_seconds(count, span)

    assert len(times) == count
    assert all(0 <= time < duration for time in times)
    assert times == sorted(times) == uniform_seconds(count, span)


def test_steps_start_at_the_range_and_stay_inside() -> None:
    assert stepped_seconds(2, TimeRange(1, 7)) == [1, 3, 5]


def test_windows_cover_the_range_without_gap_or_overlap() -> None:
    windows = split(TimeRange(0, 7), every_seconds=3)

    assert windows == [TimeRange(0, 3), TimeRange(3, 6), TimeRange(6, 7)]


@given(durations, st.floats(min_value=0.5, max_value=30))
def test_windows_meet(duration: float, every: float) -> None:
    windows = split(TimeRange(0, duration), every_seconds=every)

    assert windows[0].start_seconds == 0
    assert windows[-1].stop_seconds == duration
    for earlier, later in itertools.pairwise(windows):
        assert earlier.stop_seconds == later.start_seconds
        assert earlier.duration_seconds > 0


def test_a_rest_of_less_than_a_tenth_belongs_to_the_window_before() -> None:
    assert split(TimeRange(0, 4.1), every_seconds=2) == [TimeRange(0, 2), TimeRange(2, 4.1)]
    assert len(split(TimeRange(0, 4.3), every_seconds=2)) == 3


def test_no_choice_means_the_whole_video() -> None:
    assert choose_range(12.5) == TimeRange(0, 12.5)


def test_a_stop_behind_the_end_means_the_end() -> None:
    assert choose_range(12.5, start_seconds=2, stop_seconds=99) == TimeRange(2, 12.5)


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (13, None, "start is 0:13, but the video is 0:12.5 long"),
        (12.5, None, "start is 0:12.5, but the video is 0:12.5 long"),
        (-1, None, "must be 0:00 or later"),
        (math.nan, None, "must be 0:00 or later"),
        (5, 5, "must be after the start"),
        (5, 2, "must be after the start"),
        (None, -3, "must be after the start"),
        (None, math.nan, "must be after the start"),
    ],
)
def test_impossible_ranges_are_explained(start: float | None, stop: float | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        choose_range(12.5, start_seconds=start, stop_seconds=stop)


@pytest.mark.parametrize("count", [0, -1])
def test_no_frames_is_not_a_number_of_frames(count: int) -> None:
    with pytest.raises(OptionError, match=f"{count} frames were asked for; at least 1"):
        uniform_seconds(count, TimeRange(0, 5))


@pytest.mark.parametrize("every", [0, -1, math.nan, math.inf])
def test_windows_need_a_length(every: float) -> None:
    with pytest.raises(OptionError, match="must be longer than 0"):
        split(TimeRange(0, 5), every_seconds=every)


def test_given_times_are_sorted_and_checked() -> None:
    assert checked_seconds([3, 1], TimeRange(0, 5)) == [1, 3]
    with pytest.raises(OptionError, match="5 s is outside of the video, which goes from 0:00 to 0:05"):
        checked_seconds([1, 5], TimeRange(0, 5))
    with pytest.raises(OptionError, match="No times"):
        checked_seconds([], TimeRange(0, 5))
