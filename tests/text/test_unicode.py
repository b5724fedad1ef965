"""Surrogates that stand alone, in pairs and out of order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.text.unicode import well_formed

HIGH, LOW = "\ud83d", "\ude00"


@pytest.mark.parametrize(
    ("text", "formed"),
    [
        ("", ""),
        ("a 😀 映\ufeff\0", "a 😀 映\ufeff\0"),
        ("\ufeffa", "\ufeffa"),
        (HIGH, "\ufffd"),
        (LOW, "\ufffd"),
        (f"a{HIGH}b{LOW}c", "a\ufffdb\ufffdc"),
        (HIGH + LOW, "😀"),
        (HIGH + HIGH + LOW, "\ufffd😀"),
        (LOW + HIGH, "\ufffd\ufffd"),
        (json.loads('"caf\\udce9"'), "caf\ufffd"),
    ],
)
def test_pairs_are_joined_and_others_replaced(text: str, formed: str) -> None:
    assert well_formed(text) == formed


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_without_surrogates_stays_as_it_is(text: str) -> None:
    assert well_formed(text) == text


@given(st.text(st.one_of(st.sampled_from([HIGH, LOW, "\udfff", "\ud800"]), st.characters())))
def test_everything_can_be_encoded(text: str) -> None:
    well_formed(text).encode()
