import csv
import html
import io
import json
from collections.abc import Callable

import pysubs2
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from vidtext.errors import OptionError
from vidtext.text.documents import render
from vidtext.text.formats import FORMATS
from vidtext.text.timed import Segment, TimedText

Read = Callable[[TimedText], list[tuple[int, int]]]

STORY = TimedText(
    (
        Segment(0, 5, "A red circle moves left."),
        Segment(5, 7.5, 'It says "3 < 4 & 5 > 4", then\nbounces.'),
        Segment(36_000, 36_000, "Ten hours later: мяч, 球, كرة."),
    ),
    model="git-base-vatex",
    notes=("2 frames were damaged.", "The size was stepped down --> 224."),
)

STORY_SRT = """\
1
00:00:00,000 --> 00:00:05,000
A red circle moves left.

2
00:00:05,000 --> 00:00:07,500
It says "3 < 4 & 5 > 4", then
bounces.

3
10:00:00,000 --> 10:00:00,001
Ten hours later: мяч, 球, كرة.
"""

STORY_VTT = """\
WEBVTT

NOTE 2 frames were damaged.

NOTE The size was stepped down → 224.

00:00:00.000 --> 00:00:05.000
A red circle moves left.

00:00:05.000 --> 00:00:07.500
It says "3 &lt; 4 &amp; 5 &gt; 4", then
bounces.

10:00:00.000 --> 10:00:00.001
Ten hours later: мяч, 球, كرة.
"""

STORY_JSON = """\
{
  "model": "git-base-vatex",
  "segments": [
    {
      "start_seconds": 0.0,
      "stop_seconds": 5.0,
      "text": "A red circle moves left."
    },
    {
      "start_seconds": 5.0,
      "stop_seconds": 7.5,
      "text": "It says \\"3 < 4 & 5 > 4\\", then\\nbounces."
    },
    {
      "start_seconds": 36000.0,
      "stop_seconds": 36000.0,
      "text": "Ten hours later: мяч, 球, كرة."
    }
  ],
  "notes": [
    "2 frames were damaged.",
    "The size was stepped down --> 224."
  ]
}
"""

STORY_CSV = (
    "start_seconds,stop_seconds,text\r\n"
    "0.000,5.000,A red circle moves left.\r\n"
    '5.000,7.500,"It says ""3 < 4 & 5 > 4"", then\nbounces."\r\n'
    '36000.000,36000.000,"Ten hours later: мяч, 球, كرة."\r\n'
)

STORY_TXT = """\
[0:00.0–0:05.0] A red circle moves left.
[0:05.0–0:07.5] It says "3 < 4 & 5 > 4", then bounces.
[10:00:00.0–10:00:00.0] Ten hours later: мяч, 球, كرة.
"""

WHOLE = {"srt": STORY_SRT, "vtt": STORY_VTT, "json": STORY_JSON, "csv": STORY_CSV, "txt": STORY_TXT}
EMPTY = {
    "srt": "",
    "vtt": "WEBVTT\n",
    "json": '{\n  "model": "",\n  "segments": [],\n  "notes": []\n}\n',
    "csv": "start_seconds,stop_seconds,text\r\n",
    "txt": "",
}


def test_the_formats_are_the_five() -> None:
    assert set(FORMATS) == {"srt", "vtt", "json", "csv", "txt"}


@pytest.mark.parametrize("name", FORMATS)
def test_whole_document(name: str) -> None:
    assert FORMATS[name].write(STORY) == WHOLE[name]


@pytest.mark.parametrize("name", FORMATS)
def test_whole_document_of_nothing(name: str) -> None:
    assert FORMATS[name].write(TimedText(())) == EMPTY[name]


def test_render_names_the_formats_it_knows() -> None:
    assert render(STORY, "srt", FORMATS) == STORY_SRT
    with pytest.raises(OptionError, match=r"'doc' is not a format. The formats are srt, vtt, json, csv, txt."):
        render(STORY, "doc", FORMATS)


# What a text must not be able to do to its file.

NASTY = TimedText(
    (
        Segment(0, 1, "first\n\n\n2\n00:00:00,000 --> 00:00:09,000\r\n\r\nnot a cue\u2028  \u2028end"),
        Segment(1, 2, "  \n "),
        Segment(2, 3, "NOTE <b>bold</b> &amp; --> done"),
    ),
    notes=("one\n\n00:00.000 --> 00:09.000\ntwo",),
)


def test_blank_lines_and_arrows_do_not_break_srt() -> None:
    assert FORMATS["srt"].write(NASTY) == (
        "1\n00:00:00,000 --> 00:00:01,000\nfirst\n2\n00:00:00,000 → 00:00:09,000\nnot a cue\nend\n"
        "\n2\n00:00:02,000 --> 00:00:03,000\nNOTE <b>bold</b> &amp; → done\n"
    )


def test_blank_lines_and_arrows_do_not_break_vtt() -> None:
    document = webvtt.from_string(FORMATS["vtt"].write(NASTY))
    assert [html.unescape(cue.text) for cue in document] == [
        "first\n2\n00:00:00,000 --> 00:00:09,000\nnot a cue\nend",
        "NOTE <b>bold</b> &amp; --> done",
    ]
    assert FORMATS["vtt"].write(NASTY).startswith("WEBVTT\n\nNOTE one 00:00.000 → 00:09.000 two\n\n00:00:00.000 --> ")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1", "\0=1", "＝1", '=HYPERLINK("http://x.test","y")'],
)
def test_csv_defuses_formulas(text: str) -> None:
    row = list(csv.reader(io.StringIO(FORMATS["csv"].write(TimedText((Segment(0, 1, text),))), newline="")))[1]
    assert row == ["0.000", "1.000", "'" + text]


@pytest.mark.parametrize("text", ["a=b", "a man - a plan", "'quoted'", "5 + 5", ""])
def test_csv_leaves_other_text_alone(text: str) -> None:
    row = list(csv.reader(io.StringIO(FORMATS["csv"].write(TimedText((Segment(0, 1, text),))), newline="")))[1]
    assert row == ["0.000", "1.000", text]


def test_txt_has_one_line_for_each_segment() -> None:
    text = TimedText((Segment(0, 0, "one\r\ntwo\n\nthree"), Segment(3599.9996, 3600.5, "")))
    assert FORMATS["txt"].write(text) == "[0:00.0–0:00.0] one two three\n[1:00:00.0–1:00:00.5] \n"


# Times.


def milliseconds_in_srt(text: TimedText) -> list[tuple[int, int]]:
    return [(cue.start, cue.end) for cue in pysubs2.SSAFile.from_string(FORMATS["srt"].write(text), format_="srt")]


def milliseconds_in_vtt(text: TimedText) -> list[tuple[int, int]]:
    return milliseconds(webvtt.from_string(FORMATS["vtt"].write(text)))


def milliseconds(document: webvtt.WebVTT) -> list[tuple[int, int]]:
    return [(cue.start_time.in_milliseconds(), cue.end_time.in_milliseconds()) for cue in document]


@pytest.mark.parametrize("read", [milliseconds_in_srt, milliseconds_in_vtt])
class TestCueTimes:
    def test_round_up_to_a_millisecond(self, read: Read) -> None:
        assert read(TimedText((Segment(0.0004, 1.0001, "a"), Segment(1.0001, 59.9991, "b")))) == [
            (1, 1001),
            (1001, 60_000),
        ]

    def test_a_frame_alone_shows_for_a_millisecond(self, read: Read) -> None:
        assert read(TimedText((Segment(0, 0, "a"),))) == [(0, 1)]

    def test_cues_that_fall_into_one_millisecond_queue_up(self, read: Read) -> None:
        text = TimedText((Segment(5, 5, "a"), Segment(5, 5, "b"), Segment(5, 5.0004, "c"), Segment(5.0004, 9, "d")))
        assert read(text) == [(5000, 5001), (5001, 5002), (5002, 5003), (5003, 9000)]


# Read back with other libraries.

TIMES = st.lists(st.floats(0, 86_400), min_size=2, max_size=24).map(sorted)
# Letters, marks, digits and punctuation of all scripts and what the formats give a meaning to, line ends included.
TEXTS = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Zs"]) | st.sampled_from("\n\r\t&<>-\u2028 "),
    max_size=40,
)


@st.composite
def timed_texts(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> TimedText:
    times = draw(TIMES)
    pairs = zip(times[::2], times[1::2], strict=False)
    segments = tuple(Segment(start, stop, draw(texts)) for start, stop in pairs)
    return TimedText(segments, model=draw(TEXTS), notes=tuple(draw(st.lists(TEXTS, max_size=2))))


def as_shown(text: str) -> str:
    """What a player can show of a text: its lines that are not blank."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def shown(text: TimedText) -> list[Segment]:
    return [segment for segment in text.segments if as_shown(segment.text)]


def assert_times_hold(cues: list[tuple[int, int]], segments: list[Segment]) -> None:
    """Cues never overlap, always last, and stay within a millisecond of the truth for each that was pushed aside."""
    free_from = 0
    for index, ((start, stop), segment) in enumerate(zip(cues, segments, strict=True)):
        assert free_from <= start < stop
        assert -0.0011 <= start - 1000 * segment.start_seconds <= 1 + index
        assert -0.0011 <= stop - 1000 * segment.stop_seconds <= 2 + index
        free_from = stop


@given(timed_texts())
def test_vtt_reads_back(text: TimedText) -> None:
    document = webvtt.from_string(FORMATS["vtt"].write(text))
    assert [html.unescape(cue.text) for cue in document] == [as_shown(segment.text) for segment in shown(text)]
    assert_times_hold(milliseconds(document), shown(text))


# pysubs2 takes tags out, reads backslashes as commands, and takes a number in a line of its own for the next cue's: so
# a text here has words, and none of these.
PLAIN = st.text(
    st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo"]) | st.sampled_from("\n\r\u2028 ->"), max_size=40
)


@given(timed_texts(PLAIN))
def test_srt_reads_back(text: TimedText) -> None:
    document = pysubs2.SSAFile.from_string(FORMATS["srt"].write(text), format_="srt")
    assert [cue.text.replace(r"\N", "\n") for cue in document] == [
        as_shown(segment.text).replace("-->", "→") for segment in shown(text)
    ]
    assert_times_hold([(cue.start, cue.end) for cue in document], shown(text))


@given(timed_texts())
def test_pysubs2_reads_as_many_vtt_cues(text: TimedText) -> None:
    assert len(pysubs2.SSAFile.from_string(FORMATS["vtt"].write(text), format_="vtt")) == len(shown(text))


@given(timed_texts())
def test_json_reads_back(text: TimedText) -> None:
    document = json.loads(FORMATS["json"].write(text))
    assert document["model"] == text.model
    assert document["notes"] == list(text.notes)
    assert [segment["text"] for segment in document["segments"]] == [segment.text for segment in text.segments]
    for read, segment in zip(document["segments"], text.segments, strict=True):
        assert read["start_seconds"] == pytest.approx(segment.start_seconds, abs=0.001001)
        assert read["stop_seconds"] == pytest.approx(segment.stop_seconds, abs=0.001001)


@given(timed_texts())
def test_csv_reads_back(text: TimedText) -> None:
    header, *rows = csv.reader(io.StringIO(FORMATS["csv"].write(text), newline=""))
    assert header == ["start_seconds", "stop_seconds", "text"]
    for (start, stop, words), segment in zip(rows, text.segments, strict=True):
        assert float(start) == pytest.approx(segment.start_seconds, abs=0.001001)
        assert float(stop) == pytest.approx(segment.stop_seconds, abs=0.001001)
        assert words in {segment.text, "'" + segment.text}
