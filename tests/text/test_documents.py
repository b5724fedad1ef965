"""What all documents share, against Python's own idea of lines."""

from __future__ import annotations

import json
import sys

from hypothesis import given
from hypothesis import strategies as st

from vidtext.text.documents import json_line

ENDS = [chr(code) for code in range(sys.maxunicode + 1) if len(f"a{chr(code)}b".splitlines()) > 1]
"""All characters that some reader divides lines at."""


def test_a_line_of_json_is_one_line_to_every_reader() -> None:
    document = {f"key {end}": f"a{end}b" for end in ENDS}
    line = json_line(document)
    assert line.splitlines() == [line]
    assert line.encode().splitlines() == [line.encode()]
    assert json.loads(line) == document


@given(st.dictionaries(st.text(), st.text(st.characters() | st.sampled_from([*ENDS, "\ud800", "\udfff"]))))
def test_a_line_of_json_reads_back_as_it_was(document: dict[str, str]) -> None:
    line = json_line(document)
    assert json.loads(line.encode("utf-8")) == document
    assert len(line.splitlines()) == 1


def test_words_of_any_language_stay_legible() -> None:
    assert json_line({"text": "мяч, 球, 😀"}) == '{"text": "мяч, 球, 😀"}'
