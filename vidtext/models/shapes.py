"""What memory depends on of a model, read off its files without loading it."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vidtext.compute.memory import Shape, Stack
from vidtext.errors import ModelUnavailableError
from vidtext.models.checkpoint import TRANSFORMERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PretrainedConfig

    from vidtext.models.base import ModelCard

_HEADER_LENGTH = struct.Struct("<Q")
"""A safetensors file begins with the length of its JSON header: https://huggingface.co/docs/safetensors."""


def shape_of(folder: Path, card: ModelCard) -> Shape:
    """Return the shape of the model whose files are in a folder.

    Raises:
        ModelUnavailableError: its files cannot be read.
    """
    with TRANSFORMERS:
        shape = _SHAPES[card.family](_config_of(folder), card, parameter_count(folder))
    return replace(shape, smaller_edge_pixels=card.smaller_edge_pixels)


def _config_of(folder: Path) -> PretrainedConfig:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, StrictDataclassError) as error:
        raise ModelUnavailableError(
            f"The configuration in {folder.name} cannot be read: {[*str(error).splitlines(), ''][0]}"
        ) from error


def parameter_count(folder: Path) -> int:
    """Count the numbers in a folder's safetensors, as their headers tell them.

    Raises:
        ModelUnavailableError: a file is no safetensors file.
    """
    return sum(_numbers_of(path) for path in sorted(folder.glob("*.safetensors")))


def _numbers_of(path: Path) -> int:
    try:
        with path.open("rb") as file:
            (length,) = _HEADER_LENGTH.unpack(file.read(_HEADER_LENGTH.size))
            header: dict[str, Any] = json.loads(file.read(min(length, path.stat().st_size)))
        return sum(math.prod(each["shape"]) for name, each in header.items() if name != "__metadata__")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} cannot be read: {error}") from error


def _git(config: PretrainedConfig, card: ModelCard, parameters: int) -> Shape:
    """GIT reads all patches of all frames as text, with attention that is spelled out."""
    patches = (card.frame_edge_pixels // config.vision_config.patch_size) ** 2 + 1
    return Shape(
        parameters=parameters,
        edge_pixels=card.frame_edge_pixels,
        tower=_stack(config.vision_config),
        patches=patches,
        kept_layers=0,
        text=_stack(config),
        key_width=config.hidden_size,
        frame_tokens=patches,
        vocabulary=config.vocab_size,
        looked_up=config.vocab_size * config.hidden_size,
        spelled_out_heads=config.num_attention_heads,
    )


def _llava_next_video(config: PretrainedConfig, card: ModelCard, parameters: int) -> Shape:
    """LLaVA's tower hands out the vectors of all its layers, of which one is used."""
    vision = config.vision_config
    patches = (card.frame_edge_pixels // vision.patch_size) ** 2 + 1
    return _with_llama(config, card, parameters, _stack(vision), patches, vision.num_hidden_layers)


def _smolvlm(config: PretrainedConfig, card: ModelCard, parameters: int) -> Shape:
    patches = (card.frame_edge_pixels // config.vision_config.patch_size) ** 2
    return _with_llama(config, card, parameters, _stack(config.vision_config), patches, 0)


def _qwen3_vl(config: PretrainedConfig, card: ModelCard, parameters: int) -> Shape:
    """Qwen3-VL's tower makes one set of patches of two frames."""
    vision = config.vision_config
    patches = (card.frame_edge_pixels // vision.patch_size) ** 2 // vision.temporal_patch_size
    tower = Stack(vision.depth, vision.hidden_size, vision.intermediate_size)
    return _with_llama(config, card, parameters, tower, patches, len(vision.deepstack_visual_indexes))


def _with_llama(  # noqa: PLR0917  (what the three above have in common)
    config: PretrainedConfig, card: ModelCard, parameters: int, tower: Stack, patches: int, kept_layers: int
) -> Shape:
    text = config.text_config
    head_width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return Shape(
        parameters=parameters,
        edge_pixels=card.frame_edge_pixels,
        tower=tower,
        patches=patches,
        kept_layers=kept_layers,
        text=_stack(text),
        key_width=text.num_key_value_heads * head_width,
        frame_tokens=card.tokens_per_frame,
        vocabulary=text.vocab_size,
        looked_up=0 if getattr(text, "tie_word_embeddings", True) else text.vocab_size * text.hidden_size,
    )


def _stack(config: PretrainedConfig) -> Stack:
    return Stack(config.num_hidden_layers, config.hidden_size, config.intermediate_size)


_SHAPES: dict[str, Callable[[PretrainedConfig, ModelCard, int], Shape]] = {
    "git": _git,
    "llava_next_video": _llava_next_video,
    "smolvlm": _smolvlm,
    "qwen3_vl": _qwen3_vl,
}
