"""Chapters as documents, each read back with another program's reader."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pysubs2
import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vidtext.clock import parse_clock
from vidtext.errors import OptionError
from vidtext.text.chapter_formats import CHAPTER_FORMATS, youtube_problems
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.documents import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STORY = Chapters(
    (
        Chapter(0, 12.5, "A red circle", "It moves left.\nThen it stops."),
        Chapter(12.5, 3723.45, 'It says "3 < 4 & 5"'),
        Chapter(3723.45, 3800, "The end; really", "A dark room."),
    ),
    model="git-base-vatex",
    notes=("2 frames were damaged.",),
)

WHOLE = {
    "youtube": '0:00 A red circle\n0:12 It says "3 ‹ 4 & 5"\n1:02:03 The end; really\n',
    "vtt": """\
WEBVTT

NOTE 2 frames were damaged.

00:00:00.000 --> 00:00:12.500
A red circle

00:00:12.500 --> 01:02:03.450
It says "3 &lt; 4 &amp; 5"

01:02:03.450 --> 01:03:20.000
The end; really
""",
    "ffmetadata": """\
;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=12500
title=A red circle
[CHAPTER]
TIMEBASE=1/1000
START=12500
END=3723450
title=It says "3 < 4 & 5"
[CHAPTER]
TIMEBASE=1/1000
START=3723450
END=3800000
title=The end\\; really
""",
    "json": """\
{
  "model": "git-base-vatex",
  "chapters": [
    {
      "start_seconds": 0.0,
      "stop_seconds": 12.5,
      "title": "A red circle",
      "description": "It moves left.\\nThen it stops."
    },
    {
      "start_seconds": 12.5,
      "stop_seconds": 3723.45,
      "title": "It says \\"3 < 4 & 5\\"",
      "description": ""
    },
    {
      "start_seconds": 3723.45,
      "stop_seconds": 3800.0,
      "title": "The end; really",
      "description": "A dark room."
    }
  ],
  "notes": [
    "2 frames were damaged."
  ]
}
""",
    "csv": (
        "start_seconds,stop_seconds,title,description\r\n"
        '0.000,12.500,A red circle,"It moves left.\nThen it stops."\r\n'
        '12.500,3723.450,"It says ""3 < 4 & 5""",\r\n'
        "3723.450,3800.000,The end; really,A dark room.\r\n"
    ),
    "md": """\
- **0:00.00** A red circle

  It moves left.

  Then it stops.

- **0:12.50** It says "3 \\< 4 \\& 5"

- **1:02:03.45** The end; really

  A dark room.

""",
}
EMPTY = {
    "youtube": "",
    "vtt": "WEBVTT\n",
    "ffmetadata": ";FFMETADATA1\n",
    "json": '{\n  "model": "",\n  "chapters": [],\n  "notes": []\n}\n',
    "csv": "start_seconds,stop_seconds,title,description\r\n",
    "md": "",
}

NASTY_TITLES = (
    'He said "hi"',
    "a=b; c # d \\ e\\",
    "tab\there",
    "cut --> here",
    "<b>bold</b> & <script>alert(1)</script> &amp;",
    "- minus",
    "=1+1",
    "+1",
    "@SUM(A1)",
    "1. first",
    "# heading",
    "[link](http://example.com) ![image](x.png) `code` *a* _b_ ~~c~~ www.example.com a@b.c",
    "NOTE STYLE",
    "[CHAPTER]",
    "title=x",
    "00:01 a time",
    "👩‍👩‍👧 🎬",
    "שלום עולם",
    "x" * 5000,
    "a\0b",
    "end of line\n",
    "end of line\u2028",
    " \t spaces  around ",
)
NASTY = Chapters(
    tuple(Chapter(20 * number, 20 * number + 20, title, title) for number, title in enumerate(NASTY_TITLES))
)
CROWDED = Chapters(
    (Chapter(0, 4.9996, "a"), *(Chapter(4.9996, 4.9996, title) for title in "bc"), Chapter(4.9996, 5.0004, "d"))
)

# Letters, marks, digits and punctuation of all scripts, and what the formats give a meaning to.
TITLES = st.text(
    st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Zs"]) | st.sampled_from("\t&<>-=;#\\[]*_`"),
    min_size=1,
    max_size=30,
).filter(lambda text: text.strip() and len(text.splitlines()) == 1)
DESCRIPTIONS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n\r\u2028-+#>&"),
    max_size=30,
)


@st.composite
def chapters(draw: st.DrawFn) -> Chapters:
    stops = sorted(draw(st.lists(st.floats(0, 36_000), max_size=8)))
    starts = [0.0, *stops][: len(stops)]
    return Chapters(
        tuple(Chapter(start, stop, draw(TITLES), draw(DESCRIPTIONS)) for start, stop in zip(starts, stops, strict=True))
    )


def flat(text: str) -> str:
    """A text as one line: blanks of all kinds are one space."""
    return " ".join(text.split())


def titles(text: Chapters) -> list[str]:
    return [flat(chapter.title) for chapter in text.segments]


def assert_times_hold(times: Sequence[tuple[float, float]], text: Chapters) -> None:
    """Chapters always last, never overlap, and are within a millisecond of the truth for each that was pushed aside."""
    free_from = 0.0
    for index, ((start, stop), chapter) in enumerate(zip(times, text.segments, strict=True)):
        assert free_from <= start < stop
        assert start == pytest.approx(chapter.start_seconds, abs=0.0010001 + 0.001 * index)
        assert stop == pytest.approx(chapter.stop_seconds, abs=0.0020001 + 0.001 * index)
        free_from = stop


# Whole documents.


def test_the_formats_have_endings_and_media_types() -> None:
    assert {name: (form.suffix, form.media_type) for name, form in CHAPTER_FORMATS.items()} == {
        "youtube": (".txt", "text/plain"),
        "vtt": (".vtt", "text/vtt"),
        "ffmetadata": (".ffmeta.txt", "text/plain"),
        "json": (".json", "application/json"),
        "csv": (".csv", "text/csv"),
        "md": (".md", "text/markdown"),
    }


@pytest.mark.parametrize("name", CHAPTER_FORMATS)
def test_whole_document(name: str) -> None:
    assert render(STORY, name, CHAPTER_FORMATS) == WHOLE[name]


@pytest.mark.parametrize("name", CHAPTER_FORMATS)
def test_whole_document_of_nothing(name: str) -> None:
    assert render(Chapters(()), name, CHAPTER_FORMATS) == EMPTY[name]


def test_render_names_the_formats_it_knows() -> None:
    known = "youtube, vtt, ffmetadata, json, csv, md"
    with pytest.raises(OptionError, match=rf"'doc' is not a format\. The formats are {known}\."):
        render(STORY, "doc", CHAPTER_FORMATS)


# YouTube.


def youtube_lines(text: Chapters) -> list[tuple[int, str]]:
    """Read a list as YouTube does: a time at the start of each line, then its title."""
    document = render(text, "youtube", CHAPTER_FORMATS)
    assert document.count("\n") == len(text.segments)
    found = [re.fullmatch(r"(\d{1,2}:\d\d|\d+:\d\d:\d\d) (\S.*)", line) for line in document.split("\n")[:-1]]
    return [(round(parse_clock(line[1])), line[2]) for line in found if line]


def assert_youtube_takes(text: Chapters) -> None:
    lines = youtube_lines(text)
    seconds = [second for second, _ in lines]
    assert seconds == sorted(set(seconds))
    assert len(lines) == len(text.segments)
    for index, ((second, _), chapter) in enumerate(zip(lines, text.segments, strict=True)):
        assert -1 < second - chapter.start_seconds < 1e-3 + index
    cleaned = [title.replace("-->", "→").replace("<", "‹").replace(">", "›") for title in titles(text)]
    assert [title for _, title in lines] == cleaned


@pytest.mark.parametrize("text", [STORY, NASTY, CROWDED])
def test_youtube_list_is_in_order_with_all_titles(text: Chapters) -> None:
    assert_youtube_takes(text)


@given(chapters())
def test_youtube_reads_back(text: Chapters) -> None:
    assert_youtube_takes(text)


def test_youtube_times_that_round_up_are_rounded_up() -> None:
    text = Chapters((Chapter(0, 59.9999, "a"), Chapter(59.9999, 3599.9, "b"), Chapter(3599.9, 4000, "c")))
    assert render(text, "youtube", CHAPTER_FORMATS) == "0:00 a\n1:00 b\n59:59 c\n"


def parts(*stops: float) -> Chapters:
    return Chapters(tuple(Chapter(*pair, "a") for pair in zip([0.0, *stops], stops, strict=False)))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (parts(10, 20, 30), ()),
        (parts(10.9, 20.1, 30.4), ()),  # 0:00, 0:10, 0:20
        (parts(10, 20), ("YouTube wants at least 3 chapters; there are 2.",)),
        (parts(), ("YouTube wants at least 3 chapters; there are 0.",)),
        (parts(5, 10, 15), ("Chapters 1, 2 and 3 are shorter than the 10 s that YouTube wants.",)),
        (parts(*range(1, 9)), ("Chapters 1, 2, 3 and 5 more are shorter than the 10 s that YouTube wants.",)),
        (parts(10, 19, 30), ("Chapter 2 is shorter than the 10 s that YouTube wants.",)),
        (parts(10, 20, 29.5), ("Chapter 3 is shorter than the 10 s that YouTube wants.",)),
        (
            parts(20.1, 20.9, 40, 60),
            (
                "Chapter 2 is shorter than the 10 s that YouTube wants.",
                "Chapter 3 is listed later: the chapter before starts in the same second.",
            ),
        ),
    ],
)  # fmt: skip
def test_youtube_problems(text: Chapters, problems: tuple[str, ...]) -> None:
    found = youtube_problems(text)
    assert found == problems


def test_youtube_has_no_room_for_very_long_lists() -> None:
    text = Chapters(tuple(Chapter(20 * i, 20 * i + 20, "ж" * 900) for i in range(3)))
    assert youtube_problems(text) == ("The list has 5,418 bytes; a description on YouTube has room for 5,000.",)


# WebVTT.


def assert_vtt_reads_back(text: Chapters) -> None:
    document = webvtt.from_string(render(text, "vtt", CHAPTER_FORMATS))
    assert [flat(html.unescape(cue.text)) for cue in document] == titles(text)
    assert not any("\n" in cue.text for cue in document)
    assert_times_hold([(cue.start_in_seconds, cue.end_in_seconds) for cue in exact(document)], text)
    assert len(pysubs2.SSAFile.from_string(render(text, "vtt", CHAPTER_FORMATS), format_="vtt")) == len(text.segments)


class Exact:
    """A cue's times with their milliseconds, which webvtt-py's seconds leave out."""

    def __init__(self, cue: webvtt.Caption) -> None:
        self.start_in_seconds = cue.start_time.in_milliseconds() / 1000
        self.end_in_seconds = cue.end_time.in_milliseconds() / 1000


def exact(document: webvtt.WebVTT) -> list[Exact]:
    return [Exact(cue) for cue in document]


@pytest.mark.parametrize("text", [STORY, NASTY, CROWDED])
def test_vtt_reads_back_difficult_titles(text: Chapters) -> None:
    assert_vtt_reads_back(text)


@given(chapters())
def test_vtt_reads_back(text: Chapters) -> None:
    assert_vtt_reads_back(text)


# FFmpeg's metadata.


def ffmetadata_titles(text: Chapters) -> list[str]:
    """What FFmpeg can read: no NUL, and no backslash at the end of a line."""
    return [re.sub(r"\\\Z", r"\\ ", title.replace("\0", "�")) for title in titles(text)]


def assert_ffmetadata_reads_back(text: Chapters, folder: Path) -> None:
    path = folder / "chapters.ffmeta.txt"
    path.write_text(render(text, "ffmetadata", CHAPTER_FORMATS), "utf-8", newline="")
    with av.open(str(path), format="ffmetadata") as file:
        found = file.chapters()
    assert [chapter["metadata"]["title"] for chapter in found] == ffmetadata_titles(text)
    assert {chapter["time_base"] for chapter in found} <= {Fraction(1, 1000)}
    assert_times_hold([(chapter["start"] / 1000, chapter["end"] / 1000) for chapter in found], text)


@pytest.mark.parametrize("text", [STORY, NASTY, CROWDED])
def test_ffmetadata_reads_back_difficult_titles(text: Chapters, tmp_path: Path) -> None:
    assert_ffmetadata_reads_back(text, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=chapters())
def test_ffmetadata_reads_back(text: Chapters, tmp_path: Path) -> None:
    assert_ffmetadata_reads_back(text, tmp_path)


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_reads_ffmetadata(tmp_path: Path) -> None:
    path = tmp_path / "chapters.ffmeta.txt"
    path.write_text(render(NASTY, "ffmetadata", CHAPTER_FORMATS), "utf-8", newline="")
    command = ["ffprobe", "-v", "error", "-f", "ffmetadata", "-show_chapters", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["chapters"]
    assert [chapter["tags"]["title"] for chapter in found] == ffmetadata_titles(NASTY)
    assert [float(chapter["start_time"]) for chapter in found] == [20 * i for i in range(len(found))]


# JSON and CSV.


@given(chapters())
def test_json_reads_back(text: Chapters) -> None:
    document = json.loads(render(text, "json", CHAPTER_FORMATS))
    for read, chapter in zip(document["chapters"], text.segments, strict=True):
        assert read["title"] == chapter.title
        assert read["description"] == chapter.description
        assert read["start_seconds"] == pytest.approx(chapter.start_seconds, abs=0.001001)
        assert read["stop_seconds"] == pytest.approx(chapter.stop_seconds, abs=0.001001)


@given(chapters())
def test_csv_reads_back(text: Chapters) -> None:
    header, *rows = csv.reader(io.StringIO(render(text, "csv", CHAPTER_FORMATS), newline=""))
    assert header == ["start_seconds", "stop_seconds", "title", "description"]
    for (start, stop, title, description), chapter in zip(rows, text.segments, strict=True):
        assert float(start) == pytest.approx(chapter.start_seconds, abs=0.001001)
        assert float(stop) == pytest.approx(chapter.stop_seconds, abs=0.001001)
        assert title in {chapter.title, "'" + chapter.title}
        assert description in {chapter.description, "'" + chapter.description}


def test_csv_defuses_formulas_in_titles_and_descriptions() -> None:
    text = Chapters((Chapter(0, 1, "=1+1", "@SUM(A1)"), Chapter(1, 2, "-1", "a=b")))
    assert list(csv.reader(io.StringIO(render(text, "csv", CHAPTER_FORMATS), newline="")))[1:] == [
        ["0.000", "1.000", "'=1+1", "'@SUM(A1)"],
        ["1.000", "2.000", "'-1", "a=b"],
    ]


# Markdown.

INLINE = {"text", "softbreak", "strong_open", "strong_close", "text_special"}


def markdown_items(document: str) -> list[list[str]]:
    """Read a list of chapters: for each item its paragraphs. Nothing but text and the bold time may be in them."""
    items: list[list[str]] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(document):
        assert token.type in {
            "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "paragraph_open",
            "paragraph_close", "inline",
        }, token  # fmt: skip
        if token.type == "list_item_open":
            items.append([])
        for child in token.children or []:
            assert child.type in INLINE, child
        if token.type == "inline":
            items[-1].append("".join(child.content for child in token.children or []))
    return items


def assert_markdown_reads_back(text: Chapters) -> None:
    for item, chapter in zip(markdown_items(render(text, "md", CHAPTER_FORMATS)), text.segments, strict=True):
        lines = [flat(line) for line in (chapter.title, *chapter.description.splitlines())]
        time, _, title = item[0].partition(" ")
        assert parse_clock(time) == pytest.approx(chapter.start_seconds, abs=0.001001)
        assert [title, *item[1:]] == [line.replace("\0", "�") for line in lines if line]


@pytest.mark.parametrize("text", [STORY, NASTY, CROWDED])
def test_markdown_shows_titles_as_text(text: Chapters) -> None:
    assert_markdown_reads_back(text)


@given(chapters())
def test_markdown_reads_back(text: Chapters) -> None:
    assert_markdown_reads_back(text)


def test_markdown_makes_no_html() -> None:
    document = MarkdownIt("commonmark", {"html": True}).render(render(NASTY, "md", CHAPTER_FORMATS))
    assert set(re.findall(r"<(/?\w+)", document)) == {"ul", "/ul", "li", "/li", "p", "/p", "strong", "/strong"}
