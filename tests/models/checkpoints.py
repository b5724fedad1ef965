"""Tiny random checkpoints of the real architectures, saved as the hub's files are."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    AddedToken,
    BertTokenizerFast,
    CLIPImageProcessor,
    CLIPVisionConfig,
    GitConfig,
    GitForCausalLM,
    GitProcessor,
    GitVisionConfig,
    LlamaConfig,
    LlamaTokenizer,
    LlavaNextImageProcessor,
    LlavaNextVideoConfig,
    LlavaNextVideoForConditionalGeneration,
    LlavaNextVideoProcessor,
    LlavaNextVideoVideoProcessor,
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
        git_tokenizer().save_pretrained(folder)
    else:
        GitProcessor(kind(**size), git_tokenizer()).save_pretrained(folder)
    return folder


def git_tokenizer() -> BertTokenizerFast:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return BertTokenizerFast(tokenizer_object=tokenizer)


_VIDEOS_AND_TEXT = (
    "{% for part in message['content'] if part['type'] == 'video' %}{{ '<video>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}"
)

VICUNA = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    + _VIDEOS_AND_TEXT
    + "{{ ' ' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""What the template of LLaVA-NeXT-Video-7B writes."""

MISTRAL = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' }}" + _VIDEOS_AND_TEXT + "{{ ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] + eos_token + ' ' }}"
    "{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}"
    "{% endfor %}"
)
"""What the template of LLaVA-NeXT-Video-7B-32K writes, after the token that begins a text."""


def save_tiny_llava_next_video(folder: Path, *, template: str = VICUNA, **changes: int) -> Path:
    """Save a random LLaVA-NeXT-Video that sees frames of 64×64 pixels, 16 tokens each, and writes single characters.

    The text model has 512 positions, stretched by 2 as in the published checkpoints. `changes` go into its config.
    """
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=8
    )
    text = LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        rope_parameters={"rope_type": "linear", "factor": 2.0, "rope_theta": 10_000.0},
        initializer_range=0.3,  # with the usual 0.02 it would write the same character all the time
    )
    return save_llava_next_video(folder, vision, text, template=template, initializer_range=0.3, **changes)


def save_llava_next_video(
    folder: Path, vision: CLIPVisionConfig, text: LlamaConfig, *, template: str = VICUNA, **changes: float
) -> Path:
    """Save a random LLaVA-NeXT-Video of the sizes given, with the tokenizer of single characters."""
    torch.manual_seed(0)
    tokenizer = _llama_tokenizer()
    text.vocab_size = len(tokenizer)
    edge = vision.image_size
    pinpoints = [[edge, edge], [edge, 2 * edge], [2 * edge, edge]]
    config = LlavaNextVideoConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        vision_feature_layer=-1,
        image_grid_pinpoints=pinpoints,
        **changes,
    )
    size = {"size": {"height": edge, "width": edge}, "do_center_crop": False}
    processor = LlavaNextVideoProcessor(
        video_processor=LlavaNextVideoVideoProcessor(**size, do_sample_frames=False),
        image_processor=LlavaNextImageProcessor(**size, image_grid_pinpoints=pinpoints),
        tokenizer=tokenizer,
        chat_template=template,
        patch_size=vision.patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )
    LlavaNextVideoForConditionalGeneration(config).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _llama_tokenizer() -> LlamaTokenizer:
    """A tokenizer that works as Llama's, bytes and all, and has no words but characters."""
    characters = [character for character in string.printable if not character.isspace()]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *characters]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = LlamaTokenizer(vocab=vocabulary, merges=[], pad_token="<unk>", add_bos_token=True)
    seen = [AddedToken(token, special=True, normalized=False) for token in ("<video>", "<image>")]
    tokenizer.add_tokens(seen, special_tokens=True)
    return tokenizer
