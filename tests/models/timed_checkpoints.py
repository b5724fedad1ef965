"""Tiny random checkpoints of the architectures that know the times of their frames: SmolVLM2 and Qwen3-VL."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLTextConfig,
    Qwen3VLVideoProcessor,
    Qwen3VLVisionConfig,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
    SmolVLMVisionConfig,
)

SMOLVLM_TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}"
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% elif line['type'] == 'video' %}{{ '<video>' }}"
    "{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""What the template of the published SmolVLM2 writes."""

QWEN_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] == 'video' %}{{ '<|vision_start|><|video_pad|><|vision_end|>' }}{% endif %}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""What the template of the published Qwen3-VL writes for conversations without tools."""

_LAYER = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def _bytes_tokenizer(specials: list[str], *, end: str) -> PreTrainedTokenizerFast:
    """A byte-level tokenizer, as both families have, that has learned no words."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: index for index, token in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=end, pad_token=end)
    wrapped.add_special_tokens({"additional_special_tokens": specials})
    return wrapped


def save_tiny_smolvlm(folder: Path) -> Path:
    """Save a random SmolVLM that sees frames of 64×64 pixels, 4 tokens each, and writes single bytes."""
    torch.manual_seed(0)
    specials = ["<|im_start|>", "<fake_token_around_image>", "<global-img>", "<image>", "<video>", "<end_of_utterance>"]
    tokenizer = _bytes_tokenizer(specials, end="<end_of_utterance>")
    text = LlamaConfig(
        **_LAYER, vocab_size=len(tokenizer), max_position_embeddings=1024, num_key_value_heads=2, initializer_range=0.3
    )
    config = SmolVLMConfig(
        vision_config=SmolVLMVisionConfig(**_LAYER, image_size=64, patch_size=8).to_dict(),
        text_config=text.to_dict(),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=4,
        pad_token_id=tokenizer.pad_token_id,
    )
    config.initializer_range = 0.3
    SmolVLMForConditionalGeneration(config).save_pretrained(folder)
    square = {"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 64}}
    SmolVLMProcessor(
        image_processor=SmolVLMImageProcessor(**square),
        video_processor=SmolVLMVideoProcessor(
            **square, video_sampling={"fps": 1, "max_frames": 8, "video_size": {"longest_edge": 64}}
        ),
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=SMOLVLM_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def save_tiny_qwen3_vl(folder: Path) -> Path:
    """Save a random Qwen3-VL that makes 196 tokens of two frames of 448×448 pixels, and writes single bytes."""
    torch.manual_seed(0)
    specials = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = _bytes_tokenizer(specials, end="<|im_end|>")
    ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad", "vision_start")}
    text = Qwen3VLTextConfig(
        **_LAYER,
        head_dim=16,
        num_key_value_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=4096,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 2, 2]},
        initializer_range=0.3,
    )
    vision = Qwen3VLVisionConfig(
        depth=2, hidden_size=32, intermediate_size=64, num_heads=2, out_hidden_size=32, deepstack_visual_indexes=[0]
    )
    config = Qwen3VLConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_id=ids["image_pad"],
        video_token_id=ids["video_pad"],
        vision_start_token_id=ids["vision_start"],
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    )
    Qwen3VLForConditionalGeneration(config).save_pretrained(folder)
    Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(patch_size=16),
        video_processor=Qwen3VLVideoProcessor(size={"shortest_edge": 4096, "longest_edge": 25_165_824}),
        tokenizer=tokenizer,
        chat_template=QWEN_TEMPLATE,
    ).save_pretrained(folder)
    return folder
