"""The same computation as GitForCausalLM, arranged for training on a CPU: all frames at once."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from transformers import GitForCausalLM
from transformers.models.git.modeling_git import GitLayer

from training.model import FRAMES, HEADS, PATCHES, WIDTH
from training.scenes import ACTOR_TONES, SHAPES

HIDDEN_SCORE = -1e4
HELPED_LAYER = 2
"""The auxiliary heads read the picture's tokens after this many text layers."""


@dataclass(frozen=True)
class Outputs:
    """Text logits (B, T, vocabulary) and the picture's tokens (B, FRAMES, PATCHES, WIDTH) for the auxiliary heads."""

    logits: torch.Tensor
    patches: torch.Tensor


class AuxiliaryHeads(nn.Module):
    """Heads that are thrown away after training: where each patch goes, and which shape stands on it."""

    def __init__(self) -> None:
        super().__init__()
        self.flow = nn.Linear(WIDTH, 2)
        self.colour = nn.Linear(WIDTH, len(ACTOR_TONES))
        self.shape = nn.Linear(WIDTH, len(SHAPES))


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Attention spelled out: at these lengths the backward pass of PyTorch's fused one is three times as slow."""
    batch, length, width = query.shape
    query, key, value = (
        each.view(batch, length, HEADS, width // HEADS).transpose(1, 2) for each in (query, key, value)
    )
    scores = (query / math.sqrt(width // HEADS)) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(dim=-1) @ value).transpose(1, 2).reshape(batch, length, width)


def attention_mask(text_tokens: int) -> torch.Tensor:
    """Return the mask (L, L) to add to scores: pictures see pictures, a word sees them and the words before it."""
    pictures = FRAMES * (PATCHES + 1)
    mask = torch.ones(pictures + text_tokens, pictures + text_tokens, dtype=torch.bool).tril()
    mask[:pictures, :pictures] = True
    return torch.zeros(mask.shape).masked_fill(~mask, HIDDEN_SCORE)


def _text_layer(layer: GitLayer, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    attention = layer.attention.self
    seen = _attend(attention.query(hidden), attention.key(hidden), attention.value(hidden), mask)
    out: torch.Tensor = layer.feed_forward_chunk(layer.attention.output(seen, hidden))
    return out


def _embed_pictures(model: GitForCausalLM, pixel_values: torch.Tensor) -> torch.Tensor:
    """Return the picture's tokens (B, FRAMES * (PATCHES + 1), WIDTH) before the text layers."""
    vision = model.git.image_encoder.vision_model
    hidden = vision.pre_layrnorm(vision.embeddings(pixel_values.flatten(0, 1)))
    for layer in vision.encoder.layers:
        normed, attention = layer.layer_norm1(hidden), layer.self_attn
        seen = _attend(attention.q_proj(normed), attention.k_proj(normed), attention.v_proj(normed))
        hidden = hidden + attention.out_proj(seen)
        hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
    hidden = vision.post_layernorm(hidden).view(len(pixel_values), FRAMES, PATCHES + 1, WIDTH)
    times = torch.cat(list(model.git.img_temporal_embedding), dim=0)[None]
    pictures: torch.Tensor = model.git.visual_projection((hidden + times).flatten(1, 2))
    return pictures


def _patches(hidden: torch.Tensor) -> torch.Tensor:
    count = FRAMES * (PATCHES + 1)
    return hidden[:, :count].view(len(hidden), FRAMES, PATCHES + 1, WIDTH)[:, :, 1:]


def forward_pictures(model: GitForCausalLM, pixel_values: torch.Tensor) -> torch.Tensor:
    """Return the picture's tokens as `forward` does, without spending time on words."""
    hidden = _embed_pictures(model, pixel_values)
    for layer in model.git.encoder.layer[:HELPED_LAYER]:
        hidden = _text_layer(layer, hidden, None)
    return _patches(hidden)


def forward(model: GitForCausalLM, pixel_values: torch.Tensor, input_ids: torch.Tensor, mask: torch.Tensor) -> Outputs:
    """Run the model on `pixel_values` (B, FRAMES, 3, H, W) and `input_ids` (B, T), with `attention_mask(T)`."""
    pictures = _embed_pictures(model, pixel_values)
    hidden = torch.cat([pictures, model.git.embeddings(input_ids).to(pictures.dtype)], dim=1)
    patches = hidden
    for index, layer in enumerate(model.git.encoder.layer):
        hidden = _text_layer(layer, hidden, mask)
        if index + 1 == HELPED_LAYER:
            patches = hidden
    return Outputs(logits=model.output(hidden[:, FRAMES * (PATCHES + 1) :]), patches=_patches(patches))
