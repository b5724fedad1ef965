import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.clock import format_clock, format_timestamp, list_format, parse_clock, to_milliseconds
from vidtext.errors import OptionError

A_DAY = 86_400
TOO_LARGE = [math.nan, math.inf, -math.inf, 1e306, -1e306, pytest.param(10**400, id="10**400")]
IMPOSSIBLE = [-0.001, *TOO_LARGE]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (7.5, "0:07.5"),
        (59.9988, "0:59.999"),
        (59.9991, "1:00"),
        (75, "1:15"),
        (600.25, "10:00.25"),
        (3599.9999, "1:00:00"),
        (3723.45, "1:02:03.45"),
        (36_000, "10:00:00"),
        (360_000.001, "100:00:00.001"),
    ],
)
def test_format_clock(seconds: float, text: str) -> None:
    assert format_clock(seconds) == text


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        ([0, 1.6, 2], ["0:00.0", "0:01.6", "0:02.0"]),
        ([0, 61, 3600], ["0:00", "1:01", "1:00:00"]),
        ([0.25, 2.5], ["0:00.25", "0:02.50"]),
        ([1.9996, 3], ["0:02", "0:03"]),
        ([], []),
    ],
)
def test_the_times_of_a_list_have_as_many_decimals(times: list[float], texts: list[str]) -> None:
    write = list_format(times)
    assert [write(time) for time in times] == texts


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00:00.000"),
        (7.5, "00:00:07.500"),
        (59.9996, "00:01:00.000"),
        (3723.45, "01:02:03.450"),
        (360_000.001, "100:00:00.001"),
    ],
)
def test_format_timestamp(seconds: float, text: str) -> None:
    assert format_timestamp(seconds) == text
    assert format_timestamp(seconds, decimal_mark=",") == text.replace(".", ",")


@pytest.mark.parametrize("seconds", IMPOSSIBLE)
def test_times_that_no_video_has_are_refused(seconds: float) -> None:
    for write in (format_clock, format_timestamp):
        with pytest.raises(OptionError, match="not a time in a video"):
            write(seconds)


@pytest.mark.parametrize("seconds", TOO_LARGE)
def test_numbers_that_no_milliseconds_hold_are_refused(seconds: float) -> None:
    with pytest.raises(OptionError, match="not a time in a video"):
        to_milliseconds(seconds)


@pytest.mark.parametrize("text", ["999999999:59:59.999", "999999999"])
def test_the_latest_times_that_are_read_are_written(text: str) -> None:
    assert parse_clock(format_clock(parse_clock(text))) == pytest.approx(parse_clock(text))


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(0, 0), (1e-7, 0), (0.0004, 1), (0.001, 1), (0.0015, 2), (80 * 1001 / 30_000, 2670), (0.1 + 0.2, 300), (2, 2000)],
)
def test_times_round_up_to_a_millisecond_within_their_frame(seconds: float, milliseconds: int) -> None:
    assert to_milliseconds(seconds) == milliseconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90", 90),
        ("90.25", 90.25),
        ("1:30", 90),
        ("01:30", 90),
        ("0:01:30.5", 90.5),
        ("00:01:30,500", 90.5),
        ("1:02:03.45", 3723.45),
        (" 100:00:00 ", 360_000),
        ("99:00", 5940),
        ("1234:05", 74_045),
    ],
)
def test_parse_clock(text: str, seconds: float) -> None:
    assert parse_clock(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "-1", "+1", "1.", ".5", "1:", ":30", "1::30", "1:2:3:4", "1e3", "nan", "inf", "1:30 pm", "1_0"],
)
def test_text_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"is not a time\. Write seconds"):
        parse_clock(text)


@pytest.mark.parametrize("text", ["1:60", "0:1:60", "1:60:00", "0:99", "1:99", "99:99", "0:99:00"])
def test_minutes_and_seconds_end_at_59(text: str) -> None:
    with pytest.raises(OptionError, match="go up to 59"):
        parse_clock(text)


@pytest.mark.parametrize("text", ["9" * 400, "9" * 5000 + ":00:00"])
def test_numbers_beyond_any_video_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is not a time"):
        parse_clock(text)


@given(st.integers(0, A_DAY * 1000))
def test_written_times_read_back(milliseconds: int) -> None:
    seconds = timedelta(milliseconds=milliseconds).total_seconds()
    assert parse_clock(format_clock(seconds)) == pytest.approx(seconds, abs=1e-9)
    assert parse_clock(format_timestamp(seconds)) == pytest.approx(seconds, abs=1e-9)


@given(st.floats(0, A_DAY), st.floats(0, A_DAY))
def test_rounding_keeps_the_order(one: float, other: float) -> None:
    earlier, later = sorted([one, other])
    assert to_milliseconds(earlier) <= to_milliseconds(later)
