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
HEAD_WIDTH = WIDTH // HEADS
LUMA_FILTERS, CHROMA_FILTERS = 90, 16
"""Cosine filters of a patch that the hidden vector starts with, for luma and for each of two opponent colours."""
NEIGHBOURS_AT = LUMA_FILTERS + 2 * CHROMA_FILTERS
NEIGHBOUR_FILTERS = ((0, 32), (1, 16))
"""Which aimed heads of the first text layer bring how many luma filters of the frame that they look at."""
COARSE_FILTERS = ((0, 20), (LUMA_FILTERS, 6), (LUMA_FILTERS + CHROMA_FILTERS, 6))
FINE_STRENGTH = 0.3
"""Start and count of the filters that begin at unit variance, and the part of it at which all finer ones begin:
movement shows in the coarse ones, and at full strength the fine ones hide it."""
COMPARED_FILTERS = 14
"""Luma filters, up to two waves a patch, that are coarse enough to tell a shift of a few pixels."""
MATCHED_FILTERS = ((0, 16), (LUMA_FILTERS, 5), (LUMA_FILTERS + CHROMA_FILTERS, 5))
"""Start and count of the filters, luma and both chromas, by which the matching heads know a patch again."""
MATCHING_HEADS = {4: (1, LUMA_FILTERS - 2 * PATCHES), 5: (-1, LUMA_FILTERS - PATCHES)}
"""For each matching head of the first text layer: how many frames later, and which fine filters it writes over."""
POSITION_AT = NEIGHBOURS_AT + sum(count for _, count in NEIGHBOUR_FILTERS)
TIME_AT = POSITION_AT + PATCHES
"""Where the one-hot codes of position and time begin in the hidden vector; what comes before is the picture."""
CODE = 3.0
"""Strength of a one-hot code beside a picture whose entries have unit variance."""
AIM = 1.8
"""Query and key weight of the aimed heads: with CODE it puts about 85 % of the attention on the patch aimed at."""
AIMED_FRAMES = ((1, -1, 2, -2), (1, -1))
"""For each of the first text layers, how many frames later or earlier its first heads look at the same patch."""
WRITING_SCALE = 0.4
"""Start weights have the variance 1 / inputs, since the usual 0.02 leaves a net this narrow all but linear; what
writes back into the hidden vector starts at this part of it."""
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


def code_rows(model: GitForCausalLM) -> list[torch.Tensor]:
    """Return the rows of the vision layers' weights that would write over neighbours and codes; they stay zero."""
    return [
        parameter.data[NEIGHBOURS_AT:]
        for layer in model.git.image_encoder.vision_model.encoder.layers
        for module in (layer.self_attn.out_proj, layer.mlp.fc2)
        for parameter in module.parameters()
    ]


def started_parameters(model: GitForCausalLM) -> list[nn.Parameter]:
    """Return the parameters that `initialise` gives a purpose, which a full learning rate would wash out."""
    vision, first = model.git.image_encoder.vision_model, model.git.encoder.layer[0].attention
    modules: list[nn.Module] = [
        vision.embeddings, vision.pre_layrnorm, vision.post_layernorm, model.git.visual_projection,
        first.self.value, first.output.dense,
    ]  # fmt: skip
    for layer, _ in zip(model.git.encoder.layer, AIMED_FRAMES, strict=False):
        modules += [layer.attention.self.query, layer.attention.self.key]
    started = [parameter for module in modules for parameter in module.parameters()]
    return [*started, *model.git.img_temporal_embedding.parameters()]


@torch.no_grad()
def initialise(model: GitForCausalLM, pixel_values: torch.Tensor) -> None:
    """Give the weights a start from which movement is learned in minutes instead of hours.

    The patch embedding becomes cosine filters, scaled to unit variance on `pixel_values` (B, 3, H, W); place and time
    become one-hot codes (GIT's own temporal embedding starts at zero); the projection passes all of it on; the first
    heads of the first text layers look at the same patch one or two frames away, and what they bring from there meets
    the patch's own picture in the first text layer.
    """
    vision = model.git.image_encoder.vision_model
    for encoder in (vision.encoder, model.git.encoder):
        for name, module in encoder.named_modules():
            if isinstance(module, nn.Linear):
                writes = name.endswith(("out_proj", "fc2", "output.dense"))
                module.weight.normal_(std=module.in_features**-0.5 * (WRITING_SCALE if writes else 1.0))
    filters, strength = dct_filters(), torch.full((NEIGHBOURS_AT,), FINE_STRENGTH)
    for start, count in COARSE_FILTERS:
        strength[start : start + count] = 1.0
    spread = nn.functional.conv2d(pixel_values, filters, stride=PATCH_PIXELS).std(dim=(0, 2, 3))
    vision.embeddings.patch_embedding.weight.zero_()
    gains = (strength / spread.clamp_min(1e-3))[:, None, None, None]
    vision.embeddings.patch_embedding.weight[:NEIGHBOURS_AT] = filters * gains
    vision.embeddings.position_embedding.weight.zero_()
    vision.embeddings.class_embedding.normal_(std=0.5)
    for patch in range(PATCHES):
        vision.embeddings.position_embedding.weight[1 + patch, POSITION_AT + patch] = CODE
    for rows in code_rows(model):
        rows.zero_()
    for frame, embedding in enumerate(model.git.img_temporal_embedding):
        embedding.zero_()
        embedding[..., TIME_AT + frame] = 2 * CODE
    projection = model.git.visual_projection.visual_projection[0]
    projection.weight.copy_(torch.eye(WIDTH) + 0.02 * torch.randn(WIDTH, WIDTH))
    for layer, shifts in zip(model.git.encoder.layer, AIMED_FRAMES, strict=False):
        for head, shift in enumerate(shifts):
            _aim(layer.attention.self.query.weight, layer.attention.self.key.weight, head, shift)
    first = model.git.encoder.layer[0]
    _match(first.attention)
    _bring_neighbours(first.attention.self.value.weight, first.attention.output.dense.weight)
    _compare_neighbours(first.intermediate.dense.weight)


def _aim(query: torch.Tensor, key: torch.Tensor, head: int, shift: int) -> None:
    """Let a head look at the same patch `shift` frames later."""
    rows = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
    query[rows], key[rows] = 0.0, 0.0
    for patch in range(PATCHES):
        query[rows][patch, POSITION_AT + patch] = AIM
        key[rows][patch, POSITION_AT + patch] = AIM
    for frame in range(FRAMES):
        key[rows][PATCHES + frame, TIME_AT + frame] = AIM
        if 0 <= frame + shift < FRAMES:
            query[rows][PATCHES + frame + shift, TIME_AT + frame] = AIM


def _match(attention: nn.Module) -> None:
    """Let heads find where coarsely the same picture is in the next and the last frame, and write down its place."""
    weights = dict(attention.named_parameters())
    query, key = weights["self.query.weight"], weights["self.key.weight"]
    value, out = weights["self.value.weight"], weights["output.dense.weight"]
    coarse = [start + row for start, count in MATCHED_FILTERS for row in range(count)]
    for head, (shift, place) in MATCHING_HEADS.items():
        rows = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
        query[rows], key[rows], value[rows] = 0.0, 0.0, 0.0
        for row, column in enumerate(coarse):
            query[rows][row, column] = key[rows][row, column] = 1.0
        for frame in range(FRAMES):
            key[rows][len(coarse) + frame, TIME_AT + frame] = AIM
            if 0 <= frame + shift < FRAMES:
                query[rows][len(coarse) + frame + shift, TIME_AT + frame] = AIM
        for patch in range(PATCHES):
            value[rows][patch, POSITION_AT + patch] = 0.5
            out[place + patch, rows.start + patch] = 1.0


def _bring_neighbours(value: torch.Tensor, out: torch.Tensor) -> None:
    """Let aimed heads write coarse luma of the next and the last frame beside a patch's own."""
    place = NEIGHBOURS_AT
    for head, count in NEIGHBOUR_FILTERS:
        rows = torch.arange(count)
        value[head * HEAD_WIDTH : (head + 1) * HEAD_WIDTH] = 0.0
        value[head * HEAD_WIDTH + rows, rows] = 1.0
        out[place + rows, head * HEAD_WIDTH + rows] = 1.0
        place += count


def _compare_neighbours(inner: torch.Tensor) -> None:
    """Let most inner units of the first text layer see only coarse luma, a patch's own and its neighbours' in time."""
    starts = (0, NEIGHBOURS_AT, NEIGHBOURS_AT + NEIGHBOUR_FILTERS[0][1])
    columns = torch.cat([start + torch.arange(COMPARED_FILTERS) for start in starts])
    units = len(inner) * 2 // 3
    inner[:units] = 0.0
    inner[:units, columns] = torch.randn(units, len(columns)) * 1.5 / math.sqrt(len(columns))
