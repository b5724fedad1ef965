"""The same computation as LlavaNextVideoForConditionalGeneration, arranged for training: many conversations a clip."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from transformers import LlavaNextVideoForConditionalGeneration
from transformers.models.llama.modeling_llama import LlamaDecoderLayer

from training import chat_model as parts
from training.model import FRAMES
from training.scenes import ACTIONS, ACTOR_TONES, DIRECTIONS, SHAPES

PREFIX = 2 + parts.VIDEO_TOKENS
"""Tokens that all conversations about a clip begin with: the beginning of the text, `USER:` and the video."""
HIDDEN_SCORE = -1e4
MOTION_LAYERS, ACTION_LAYERS = 2, 3
"""After how many text layers the auxiliary heads for movement and for whole actions read the video's tokens."""


LOOKING_LAYER, LOOKING_HEAD = 3, 5
"""The text model's layer and head that learn to look at the shape whose motion is being told."""


@dataclass(frozen=True)
class Outputs:
    """Logits (B, T, vocabulary), the video's tokens (B, FRAMES, CELLS, width) at three depths, and where words look.

    The last are logarithms (B, T, VIDEO_TOKENS) of how much of its attention the head that is to look at whatever moves
    gives to each token of the video.
    """

    logits: torch.Tensor
    seen: torch.Tensor
    moved: torch.Tensor
    acted: torch.Tensor
    looks: torch.Tensor


class AuxiliaryHeads(nn.Module):
    """Heads that are thrown away after training: what has its centre in each cell, and how it moves."""

    def __init__(self) -> None:
        super().__init__()
        width = parts.TEXT_WIDTH
        self.colour = nn.Linear(width, len(ACTOR_TONES) + 1)
        self.shape = nn.Linear(width, len(SHAPES))
        self.offset = nn.Linear(width, 2)
        self.time = nn.Linear(width, FRAMES)
        self.flow = nn.Linear(width, 4)
        self.action = nn.Linear(width, len(ACTIONS))
        self.then = nn.Linear(width, len(DIRECTIONS) + 1)


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Attention spelled out over (B, heads, L, width); at these lengths it is quicker to train than the fused one."""
    scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2)


def _heads(values: torch.Tensor, heads: int) -> torch.Tensor:
    batch, length, width = values.shape
    return values.view(batch, length, heads, width // heads).transpose(1, 2)


def see(model: LlavaNextVideoForConditionalGeneration, pixel_values: torch.Tensor) -> torch.Tensor:
    """Return the video's tokens (B, VIDEO_TOKENS, width) as the text model gets them."""
    tower, count = model.model.vision_tower, parts.VISION_HEADS
    hidden = tower.pre_layrnorm(tower.embeddings(pixel_values.flatten(0, 1)))
    for layer in tower.encoder.layers:
        normed, attention = layer.layer_norm1(hidden), layer.self_attn
        query, key, value = (
            _heads(project(normed), count) for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        hidden = hidden + attention.out_proj(_attend(query, key, value))
        hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
    half = parts.GRID
    patches = hidden[:, 1:].reshape(len(hidden), half, 2, half, 2, parts.VISION_WIDTH)
    tokens: torch.Tensor = model.model.multi_modal_projector(patches.mean(dim=(2, 4)).flatten(1, 2))
    return tokens.reshape(len(pixel_values), parts.VIDEO_TOKENS, parts.TEXT_WIDTH)


def _turned(values: torch.Tensor) -> torch.Tensor:
    half = values.shape[-1] // 2
    return torch.cat((-values[..., half:], values[..., :half]), dim=-1)


def _text_layer(
    layer: LlamaDecoderLayer, hidden: torch.Tensor, mask: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor
) -> torch.Tensor:
    normed, attention = layer.input_layernorm(hidden), layer.self_attn
    query, key, value = (
        _heads(project(normed), parts.TEXT_HEADS) for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    query = query * cosines + _turned(query) * sines
    key = key * cosines + _turned(key) * sines
    hidden = hidden + attention.o_proj(_attend(query, key, value, mask))
    out: torch.Tensor = hidden + layer.mlp(layer.post_attention_layernorm(hidden))
    return out


def _looks(
    layer: LlamaDecoderLayer, hidden: torch.Tensor, mask: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor
) -> torch.Tensor:
    """Return the logarithms (B, T, VIDEO_TOKENS) of the attention that one head of a layer gives the video."""
    normed, attention = layer.input_layernorm(hidden), layer.self_attn
    rows = slice(LOOKING_HEAD * parts.HEAD_WIDTH, (LOOKING_HEAD + 1) * parts.HEAD_WIDTH)
    query = normed[:, PREFIX:] @ attention.q_proj.weight[rows].T
    key = normed @ attention.k_proj.weight[rows].T
    query = query * cosines[:, 0, PREFIX:] + _turned(query) * sines[:, 0, PREFIX:]
    key = key * cosines[:, 0] + _turned(key) * sines[:, 0]
    scores = query @ key.transpose(-1, -2) / math.sqrt(parts.HEAD_WIDTH) + mask[:, 0, PREFIX:]
    looks: torch.Tensor = scores.log_softmax(dim=-1)[:, :, 2:PREFIX]
    return looks


def rotary(positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cosines and sines (B, 1, L, head width) of Llama's rotary code at positions (B, L)."""
    pairs = torch.arange(0, parts.HEAD_WIDTH, 2) / parts.HEAD_WIDTH
    angles = positions[..., None].float() * 10_000.0**-pairs
    angles = torch.cat((angles, angles), dim=-1)[:, None]
    return angles.cos(), angles.sin()


def visible(conversations: torch.Tensor) -> torch.Tensor:
    """Return the mask (B, 1, L, L) to add to scores; `conversations` (B, L) is 0 for the video and counts from 1 on.

    A word sees the video and what came before it in its own conversation, so that several share one video.
    """
    length = conversations.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    mine = conversations[:, :, None] == conversations[:, None, :]
    video = (conversations == 0)[:, None, :]
    allowed = before & (mine | video)
    return torch.zeros(allowed.shape).masked_fill(~allowed, HIDDEN_SCORE)[:, None]


def forward(
    model: LlavaNextVideoForConditionalGeneration,
    pixel_values: torch.Tensor,
    input_ids: torch.Tensor,
    positions: torch.Tensor,
    conversations: torch.Tensor,
) -> Outputs:
    """Run the model on clips (B, FRAMES, 3, H, W) and on what is said about them (B, T), T may be 0.

    `positions` and `conversations` (B, T) place each token in the sequence and in one of the clip's conversations.
    """
    language, batch = model.model.language_model, len(pixel_values)
    video = see(model, pixel_values)
    start = language.embed_tokens(torch.tensor([parts.BOS, parts.USER])).expand(batch, 2, -1)
    hidden = torch.cat([start, video, language.embed_tokens(input_ids)], dim=1)
    places = torch.cat([torch.arange(PREFIX).expand(batch, PREFIX), positions], dim=1)
    mask = visible(torch.cat([torch.zeros(batch, PREFIX, dtype=torch.long), conversations], dim=1))
    cosines, sines = rotary(places)
    depths = [video]
    for number, layer in enumerate(language.layers):
        if number == LOOKING_LAYER:
            looks = _looks(layer, hidden, mask, cosines, sines)
        hidden = _text_layer(layer, hidden, mask, cosines, sines)
        depths.append(hidden[:, 2:PREFIX])
    logits = model.lm_head(language.norm(hidden[:, PREFIX:]))
    seen, moved, acted = (
        depths[depth].reshape(batch, FRAMES, parts.CELLS, parts.TEXT_WIDTH)
        for depth in (0, MOTION_LAYERS, ACTION_LAYERS)
    )
    return Outputs(logits, seen, moved, acted, looks)
