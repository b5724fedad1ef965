"""The captioner before training: configuration, vocabulary, processor, and weights that start with a purpose."""

import math

import numpy as np
import torch
from torch import nn
from transformers import BertTokenizerFast, CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor, GitVisionConfig

from training import grammar
from training.palette import COLOUR_NAMES
from training.scenes import ACTOR_TONES, BACKGROUND_TONES, SHAPES

FRAMES = 6
"""Frames a clip, as many as microsoft/git-base-vatex takes."""
IMAGE_PIXELS = 64
PATCH_PIXELS = 16
GRID = IMAGE_PIXELS // PATCH_PIXELS
PATCHES = GRID * GRID
WIDTH = 192
"""Hidden size of both halves, so that a patch's codes survive the projection between them."""
HEADS = 6
LUMA_FILTERS, CHROMA_FILTERS = 90, 16
"""Cosine filters of a patch that the hidden vector starts with, for luma and for each of two opponent colours."""
NEIGHBOURS_AT = LUMA_FILTERS + 2 * CHROMA_FILTERS
NEIGHBOUR_FILTERS = ((0, 32), (1, 16))
"""Which aimed heads of the first text layer bring how many luma filters of the frame that they look at."""
POSITION_AT = NEIGHBOURS_AT + sum(count for _, count in NEIGHBOUR_FILTERS)
TIME_AT = POSITION_AT + PATCHES
"""Where the one-hot codes of position and time begin in the hidden vector; what comes before is the picture."""
CODE = 3.0
"""Strength of a one-hot code beside a picture whose entries have unit variance."""
AIM = 1.8
"""Query and key weight of the aimed heads: with CODE it puts about 85 % of the attention on the patch aimed at."""
AIMED_FRAMES = ((1, -1, 2, -2), (1, -1))
"""For each of the first text layers, how many frames later or earlier its first heads look at the same patch."""
MAX_TEXT_TOKENS = 32
"""Longest caption of training, special tokens included."""
POSITIONS = 64
"""Rows of the position table; more than a caption needs, so that no limit on new tokens runs over its end."""

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def vocabulary() -> list[str]:
    """Return every token of the grammar, special ones first."""
    phrases = [
        *COLOUR_NAMES, *ACTOR_TONES, *BACKGROUND_TONES, *SHAPES, *(f"{shape}s" for shape in SHAPES),
        *grammar.COUNT_WORDS.values(), *grammar.DIRECTION_PHRASES.values(), *grammar.LIGHT_PHRASES.values(),
        *grammar.CAMERA_CLAUSES.values(), *grammar.CHANGE_CLAUSES.values(),
        "an mostly and then first appears on across background",
        "stay stays still move moves turn turns grow grows shrink shrinks", ". , ;",
    ]  # fmt: skip
    words = sorted({word for phrase in phrases for word in phrase.split()})
    return [*SPECIAL_TOKENS, *words]


def make_processor() -> GitProcessor:
    """Return the processor: a square picture of IMAGE_PIXELS, values from -1 to 1, and a word-level BERT tokenizer."""
    tokens = {token: index for index, token in enumerate(vocabulary())}
    tokenizer = BertTokenizerFast(vocab=tokens, do_lower_case=True, model_max_length=MAX_TEXT_TOKENS)
    image_processor = CLIPImageProcessor(
        size={"height": IMAGE_PIXELS, "width": IMAGE_PIXELS},
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return GitProcessor(image_processor=image_processor, tokenizer=tokenizer)


def make_config() -> GitConfig:
    """Return the configuration: 2 vision and 4 text layers, about 2.6 million parameters."""
    vision = GitVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=2,
        num_attention_heads=HEADS,
        image_size=IMAGE_PIXELS,
        patch_size=PATCH_PIXELS,
    )
    return GitConfig(
        vision_config=vision.to_dict(),
        vocab_size=len(vocabulary()),
        hidden_size=WIDTH,
        num_hidden_layers=4,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        hidden_act="gelu_pytorch_tanh",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=POSITIONS,
        layer_norm_eps=1e-5,
        pad_token_id=SPECIAL_TOKENS.index("[PAD]"),
        bos_token_id=SPECIAL_TOKENS.index("[CLS]"),
        eos_token_id=SPECIAL_TOKENS.index("[SEP]"),
        num_image_with_embedding=FRAMES,
    )


def dct_filters() -> torch.Tensor:
    """Return the cosine filters (NEIGHBOURS_AT, 3, P, P), lowest frequencies first: luma, then two opponent colours."""
    places = (np.arange(PATCH_PIXELS) + 0.5) * math.pi / PATCH_PIXELS
    waves = np.stack([np.cos(places * order) for order in range(PATCH_PIXELS)])
    pairs = sorted(((u, v) for u in range(PATCH_PIXELS) for v in range(PATCH_PIXELS)), key=lambda uv: math.hypot(*uv))
    channels = (((1, 1, 1), LUMA_FILTERS), ((1, -1, 0), CHROMA_FILTERS), ((0.5, 0.5, -1), CHROMA_FILTERS))
    filters = [
        np.array(channel)[:, None, None] * np.outer(waves[u], waves[v])
        for channel, count in channels
        for u, v in pairs[:count]
    ]
    return torch.tensor(np.stack(filters), dtype=torch.float32)


@torch.no_grad()
def initialise(model: GitForCausalLM, pixel_values: torch.Tensor) -> None:
    """Give the weights a start from which movement is learned in minutes instead of hours.

    The patch embedding becomes cosine filters, scaled to unit variance on `pixel_values` (B, 3, H, W); place and time
    become one-hot codes (GIT's own temporal embedding starts at zero); the projection passes all of it on; the first
    heads of the first text layers look at the same patch one or two frames away.
    """
    vision = model.git.image_encoder.vision_model
    filters = dct_filters()
    spread = nn.functional.conv2d(pixel_values, filters, stride=PATCH_PIXELS).std(dim=(0, 2, 3))
    vision.embeddings.patch_embedding.weight.zero_()
    vision.embeddings.patch_embedding.weight[:NEIGHBOURS_AT] = filters / spread[:, None, None, None].clamp_min(1e-3)
    vision.embeddings.position_embedding.weight.zero_()
    vision.embeddings.class_embedding.normal_(std=0.5)
    for patch in range(PATCHES):
        vision.embeddings.position_embedding.weight[1 + patch, POSITION_AT + patch] = CODE
    for frame, embedding in enumerate(model.git.img_temporal_embedding):
        embedding.zero_()
        embedding[..., TIME_AT + frame] = CODE
    projection = model.git.visual_projection.visual_projection[0]
    projection.weight.copy_(torch.eye(WIDTH) + 0.02 * torch.randn(WIDTH, WIDTH))
    head_width = WIDTH // HEADS
    for layer, shifts in zip(model.git.encoder.layer, AIMED_FRAMES, strict=False):
        query, key = layer.attention.self.query.weight, layer.attention.self.key.weight
        for head, shift in enumerate(shifts):
            top = head * head_width
            query[top : top + head_width] = 0.0
            key[top : top + head_width] = 0.0
            for patch in range(PATCHES):
                query[top + patch, POSITION_AT + patch] = AIM
                key[top + patch, POSITION_AT + patch] = AIM
            for frame in range(FRAMES):
                key[top + PATCHES + frame, TIME_AT + frame] = AIM
                if 0 <= frame + shift < FRAMES:
                    query[top + PATCHES + frame + shift, TIME_AT + frame] = AIM
    _bring_neighbours(model.git.encoder.layer[0].attention, head_width)


def _bring_neighbours(attention: nn.Module, head_width: int) -> None:
    """Let aimed heads write coarse luma of the next and the last frame beside a patch's own, where they compare."""
    value, out = attention.self.value.weight, attention.output.dense.weight
    place = NEIGHBOURS_AT
    for head, count in NEIGHBOUR_FILTERS:
        rows = torch.arange(count)
        value[head * head_width : (head + 1) * head_width] = 0.0
        value[head * head_width + rows, rows] = 1.0
        out[place + rows, head * head_width + rows] = 1.0
        place += count
