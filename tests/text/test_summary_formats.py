"""Summaries as documents, each read back with another program's reader."""

from __future__ import annotations

import json
import re

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vidtext.errors import OptionError
from vidtext.text.documents import render
from vidtext.text.formats import FORMATS
from vidtext.text.summary import Summary
from vidtext.text.summary_formats import SUMMARY_FORMATS
from vidtext.text.timed import Segment, TimedText

STORY = Summary(
    abstract="A ball moves.",
    summary="A red ball moves left & stops.\nThen *it* falls.",
    highlights=TimedText((Segment(1.25, 4, "It <b>stops</b>."), Segment(3600, 3601, "It falls."))),
    keywords=("ball", "red [one]"),
    model="git-base-vatex",
    notes=("2 frames were damaged.",),
)

WHOLE = {
    "md": """\
## Abstract

A ball moves.

## Summary

A red ball moves left \\& stops.

Then \\*it\\* falls.

## Highlights

- **0:01.25–0:04.00** It \\<b\\>stops\\</b\\>.
- **1:00:00.00–1:00:01.00** It falls.

## Keywords

ball, red \\[one\\]
""",
    "json": """\
{
  "model": "git-base-vatex",
  "abstract": "A ball moves.",
  "summary": "A red ball moves left & stops.\\nThen *it* falls.",
  "highlights": [
    {
      "start_seconds": 1.25,
      "stop_seconds": 4.0,
      "text": "It <b>stops</b>."
    },
    {
      "start_seconds": 3600.0,
      "stop_seconds": 3601.0,
      "text": "It falls."
    }
  ],
  "keywords": [
    "ball",
    "red [one]"
  ],
  "notes": [
    "2 frames were damaged."
  ]
}
""",
    "txt": """\
A ball moves.

A red ball moves left & stops. Then *it* falls.

[0:01.25–0:04.00] It <b>stops</b>.
[1:00:00.00–1:00:01.00] It falls.

Keywords: ball, red [one]
""",
}
NOTHING = Summary("", "", TimedText(()), ())
WORDS = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n#-"), max_size=30
)


def test_the_formats_have_endings_and_media_types() -> None:
    assert {name: (form.suffix, form.media_type) for name, form in SUMMARY_FORMATS.items()} == {
        "md": (".md", "text/markdown"),
        "json": (".json", "application/json"),
        "txt": (".txt", "text/plain"),
    }


@pytest.mark.parametrize("name", SUMMARY_FORMATS)
def test_whole_document(name: str) -> None:
    assert render(STORY, name, SUMMARY_FORMATS) == WHOLE[name]


def test_documents_of_nothing() -> None:
    assert render(NOTHING, "md", SUMMARY_FORMATS) == ""
    assert render(NOTHING, "txt", SUMMARY_FORMATS) == ""
    assert json.loads(render(NOTHING, "json", SUMMARY_FORMATS))["highlights"] == []


def test_render_names_the_formats_it_knows() -> None:
    with pytest.raises(OptionError, match=r"'srt' is not a format\. The formats are md, json, txt\."):
        render(STORY, "srt", SUMMARY_FORMATS)


def test_highlights_are_subtitles() -> None:
    found = pysubs2.SSAFile.from_string(render(STORY.highlights, "srt", FORMATS), format_="srt")
    assert [(cue.start, cue.end) for cue in found] == [(1250, 4000), (3_600_000, 3_601_000)]


@given(WORDS, WORDS, WORDS)
def test_markdown_shows_words_as_text(abstract: str, summary: str, highlight: str) -> None:
    text = Summary(abstract, summary, TimedText((Segment(0, 1, f"x{highlight}"),)), ())
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(render(text, "md", SUMMARY_FORMATS))
    words = ["".join(child.content for child in token.children or []) for token in tokens if token.type == "inline"]
    expected = []
    for name, part in (("Abstract", abstract), ("Summary", summary)):
        lines = [" ".join(line.split()) for line in part.splitlines()]
        expected += [name, *filter(None, lines)] if part.strip() else []
    assert words == [*expected, "Highlights", " ".join(["0:00–0:01", *f"x{highlight}".split()])]
    kinds = {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"text", "text_special", "strong_open", "strong_close"}


def test_markdown_makes_no_html() -> None:
    document = MarkdownIt("commonmark", {"html": True}).render(render(STORY, "md", SUMMARY_FORMATS))
    assert set(re.findall(r"<(\w+)", document)) == {"h2", "p", "ul", "li", "strong"}
