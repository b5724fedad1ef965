"""Tiny random checkpoints of the real architectures, saved as the hub's files are."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertTokenizerFast,
    CLIPImageProcessor,
    GitConfig,
    GitForCausalLM,
    GitProcessor,
    GitVisionConfig,
    VideoMAEImageProcessor,
)

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "a",
    "red",
    "blue",
    "circle",
    "square",
    "moves",
    "left",
    "right",
    ",",
    ".",
]


def save_tiny_git(
    folder: Path, *, processor: Literal["clip", "videomae"] = "clip", frames: int = 6, hub_layout: bool = False
) -> Path:
    """Save a random GIT that captions clips of 32×32 pixels, with the processor of one of the published kinds.

    `hub_layout` writes the image processor into a file of its own, as the published checkpoints have it.
    """
    torch.manual_seed(0)
    vision = GitVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16
    )
    config = GitConfig(
        vision_config=vision.to_dict(),
        vocab_size=len(WORDS),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=24,
        num_image_with_embedding=frames,
        bos_token_id=WORDS.index("[CLS]"),
        eos_token_id=WORDS.index("[SEP]"),
        pad_token_id=WORDS.index("[PAD]"),
    )
    GitForCausalLM(config).save_pretrained(folder)
    kind = CLIPImageProcessor if processor == "clip" else VideoMAEImageProcessor
    size = {"do_center_crop": True, "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    if hub_layout:
        kind(**size).save_pretrained(folder)
        _tokenizer().save_pretrained(folder)
    else:
        GitProcessor(kind(**size), _tokenizer()).save_pretrained(folder)
    return folder


def _tokenizer() -> BertTokenizerFast:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return BertTokenizerFast(tokenizer_object=tokenizer)
