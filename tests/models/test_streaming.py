"""Pieces of text in the making: nothing is given out that a later token would change."""

from __future__ import annotations

import copy

import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from vidtext.models.streaming import TextPieces

SENTENCES = [
    "A red ball rolls to the left.",
    "Größe: café, naïve — “quoted”.",
    "一个红球向左滚动。 Then it stops.",
    "First line\nsecond line\n\n  third",
    "\N{GRINNING FACE}\N{PARTY POPPER} done",
    " spaces around ",
    "",
]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    """A token for each byte, so that characters come in parts."""
    vocabulary = {"<unk>": 0, "</s>": 1, **{f"<0x{byte:02X}>": byte + 2 for byte in range(256)}}
    bytes_only = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>", byte_fallback=True))
    bytes_only.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return PreTrainedTokenizerFast(tokenizer_object=bytes_only, unk_token="<unk>", eos_token="</s>")


def steps_of(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    tokens = torch.tensor([byte + 2 for byte in text.encode()] + [1])
    pieces = TextPieces(tokenizer)
    grown = [pieces.grown(tokens[:length]) for length in range(1, len(tokens) + 1)]
    return [*grown, pieces.finished(tokens)]


@pytest.mark.parametrize("text", SENTENCES)
def test_pieces_join_to_the_text(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    pieces = steps_of(tokenizer, text)

    assert "".join(pieces) == text.strip()
    assert not any("\N{REPLACEMENT CHARACTER}" in piece for piece in pieces)


def test_words_come_whole_and_as_they_are_finished(tokenizer: PreTrainedTokenizerFast) -> None:
    pieces = [piece for piece in steps_of(tokenizer, "A red\nball rolls.") if piece]

    assert pieces == ["A", " red", "\nball", " rolls."]


def test_scripts_without_spaces_come_character_by_character(tokenizer: PreTrainedTokenizerFast) -> None:
    assert [piece for piece in steps_of(tokenizer, "红球。") if piece] == ["红", "球", "。"]


def test_special_tokens_are_left_out_but_for_those_that_mark_reasoning(tokenizer: PreTrainedTokenizerFast) -> None:
    marked = copy.deepcopy(tokenizer)
    marked.add_special_tokens({"additional_special_tokens": ["[THINK]", "[/THINK]", "<image>"]})
    ids = marked("[THINK]no[/THINK]<image>yes</s>", add_special_tokens=False, return_tensors="pt").input_ids[0]
    assert TextPieces(marked).finished(ids) == "[THINK]no[/THINK]yes"
