"""The embedded chat model before training: configuration, processor, and weights that start with a purpose."""

import math

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextImageProcessor,
    LlavaNextVideoConfig,
    LlavaNextVideoForConditionalGeneration,
    LlavaNextVideoProcessor,
    LlavaNextVideoVideoProcessor,
    PreTrainedTokenizerFast,
)

from training import chat_vocabulary
from training.model import FRAMES

IMAGE_PIXELS, PATCH_PIXELS = 64, 8
GRID = IMAGE_PIXELS // PATCH_PIXELS // 2
"""Edge of the grid of tokens that one frame becomes, after LLaVA-NeXT-Video's pooling of 2 x 2 patches."""
CELLS = GRID * GRID
VIDEO_TOKENS = FRAMES * CELLS
VISION_WIDTH, VISION_LAYERS, VISION_HEADS = 128, 2, 4
TEXT_WIDTH, TEXT_LAYERS, TEXT_HEADS, TEXT_INNER = 192, 4, 6, 384
HEAD_WIDTH = 32
CONTEXT_TOKENS = 1024
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>", "<image>", "<video>", "USER:", "ASSISTANT:")
"""The marks of the two speakers are tokens of their own, so that nobody can type them."""
PAD, BOS, EOS, USER, ASSISTANT = (
    SPECIAL_TOKENS.index(token) for token in ("<pad>", "<s>", "</s>", "USER:", "ASSISTANT:")
)
UNKNOWN = "<unk>"

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'video' %}{{ '<video>\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
"""Vicuna's template, as LLaVA-NeXT-Video-7B has it."""


def make_processor() -> LlavaNextVideoProcessor:
    """Return the processor: frames squashed to 64 x 64, values from -1 to 1, a word-level tokenizer, the template."""
    words = [*SPECIAL_TOKENS, *chat_vocabulary.words()]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=True)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", BOS)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=SPECIAL_TOKENS[BOS],
        eos_token=SPECIAL_TOKENS[EOS],
        unk_token=UNKNOWN,
        pad_token=SPECIAL_TOKENS[PAD],
        additional_special_tokens=["<image>", "<video>", "USER:", "ASSISTANT:"],
        model_max_length=CONTEXT_TOKENS,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    looks = {
        "size": {"height": IMAGE_PIXELS, "width": IMAGE_PIXELS},
        "do_center_crop": False,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    pinpoints = [[64, 64], [64, 128], [128, 64]]
    return LlavaNextVideoProcessor(
        video_processor=LlavaNextVideoVideoProcessor(**looks, do_sample_frames=False),
        image_processor=LlavaNextImageProcessor(**looks, image_grid_pinpoints=pinpoints),
        tokenizer=wrapped,
        chat_template=TEMPLATE,
        patch_size=PATCH_PIXELS,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def make_config() -> LlavaNextVideoConfig:
    """Return the configuration: a CLIP tower and a Llama."""
    vision = CLIPVisionConfig(
        hidden_size=VISION_WIDTH,
        intermediate_size=2 * VISION_WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=VISION_HEADS,
        image_size=IMAGE_PIXELS,
        patch_size=PATCH_PIXELS,
    )
    text = LlamaConfig(
        vocab_size=len(SPECIAL_TOKENS) + len(chat_vocabulary.words()),
        hidden_size=TEXT_WIDTH,
        intermediate_size=TEXT_INNER,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=TEXT_HEADS,
        num_key_value_heads=TEXT_HEADS,
        max_position_embeddings=CONTEXT_TOKENS,
        rms_norm_eps=1e-5,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    return LlavaNextVideoConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_index=SPECIAL_TOKENS.index("<image>"),
        video_token_index=SPECIAL_TOKENS.index("<video>"),
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_grid_pinpoints=[[64, 64], [64, 128], [128, 64]],
        spatial_pool_stride=2,
    )


PLACE_AT = VISION_WIDTH - 4 * GRID
"""Where the one-hot codes of a patch's column and row begin in the tower's hidden vector."""
PLACE_CODE = 1.5
NEIGHBOURS = (((1, 0), (-1, 0), (0, 1), (0, -1)), ((1, 1), (-1, -1), (-1, 1), (1, -1)))
"""Which neighbour, in columns and rows, each head of each layer of the tower looks at."""
NEIGHBOUR_AIM = 7.0
FRAMES_BACK = (1, 2, 3)
"""How many frames back the first heads of the text model's first layer look, at the same place."""
FRAMES_AIM = 16.0
AIMED_PAIRS = 6
"""The fastest rotary pairs, which alone decide how sharply a distance is met."""
MARK_AT = TEXT_WIDTH - 1
MARK = 3.0
"""A constant that all tokens of the video have in one place of their vector, for the aimed heads to hold on to."""


@torch.no_grad()
def initialise(model: LlavaNextVideoForConditionalGeneration, pixel_values: torch.Tensor) -> None:
    """Give the weights a start from which shapes and movement are learned in minutes.

    The patch embedding becomes whitened cosine filters, measured on `pixel_values` (B, 3, H, W); place is a one-hot
    code of column and row; the tower's heads look at one neighbour each, which makes it a small convolution to begin
    with; the first heads of the text model look at the same place in the frames before.
    """
    tower = model.model.vision_tower
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and "lm_head" not in name:
            writes = name.endswith(("out_proj", "fc2", "o_proj", "down_proj"))
            module.weight.normal_(std=module.in_features**-0.5 * (0.4 if writes else 1.0))
            if module.bias is not None:
                module.bias.zero_()
    filters = _filters()
    spread = nn.functional.conv2d(pixel_values, filters, stride=PATCH_PIXELS).std(dim=(0, 2, 3))
    embeddings = tower.embeddings
    embeddings.patch_embedding.weight.zero_()
    embeddings.patch_embedding.weight[: len(filters)] = filters / spread.clamp_min(0.02)[:, None, None, None]
    embeddings.position_embedding.weight.zero_()
    side = 2 * GRID
    for row in range(side):
        for column in range(side):
            embeddings.position_embedding.weight[1 + row * side + column, PLACE_AT + column] = PLACE_CODE * 2
            embeddings.position_embedding.weight[1 + row * side + column, PLACE_AT + side + row] = PLACE_CODE * 2
    for layer, neighbours in zip(tower.encoder.layers, NEIGHBOURS, strict=False):
        for head, neighbour in enumerate(neighbours):
            _aim_at_neighbour(layer.self_attn, head, neighbour)
    projector = model.model.multi_modal_projector
    projector.linear_2.bias[MARK_AT] = MARK
    projector.linear_2.weight[MARK_AT] = 0.0
    model.model.language_model.embed_tokens.weight.normal_(std=0.5)
    model.model.language_model.embed_tokens.weight[:, MARK_AT] = 0.0
    model.lm_head.weight.normal_(std=TEXT_WIDTH**-0.5)
    attention = model.model.language_model.layers[0].self_attn
    for head, back in enumerate(FRAMES_BACK):
        _aim_back(attention, head, back * CELLS)


def _filters() -> torch.Tensor:
    """Return cosine filters (PLACE_AT, 3, P, P), lowest frequencies first, most of them of luma."""
    places = (torch.arange(PATCH_PIXELS) + 0.5) * math.pi / PATCH_PIXELS
    waves = torch.stack([torch.cos(places * order) for order in range(PATCH_PIXELS)])
    pairs = sorted(((u, v) for u in range(PATCH_PIXELS) for v in range(PATCH_PIXELS)), key=lambda uv: math.hypot(*uv))
    channels = (((1.0, 1.0, 1.0), 44), ((1.0, -1.0, 0.0), 26), ((0.5, 0.5, -1.0), PLACE_AT - 70))
    return torch.stack(
        [
            torch.tensor(channel)[:, None, None] * torch.outer(waves[u], waves[v])
            for channel, count in channels
            for u, v in pairs[:count]
        ]
    )


def _aim_at_neighbour(attention: nn.Module, head: int, neighbour: tuple[int, int]) -> None:
    """Let a head of the tower look at the patch some columns and rows away."""
    rows = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
    weights = dict(attention.named_parameters())
    query, key = weights["q_proj.weight"][rows], weights["k_proj.weight"][rows]
    query.zero_()
    key.zero_()
    side = 2 * GRID
    for axis, step in enumerate(neighbour):
        for place in range(side):
            key[axis * side + place, PLACE_AT + axis * side + place] = math.sqrt(NEIGHBOUR_AIM)
            query[axis * side + min(max(place + step, 0), side - 1), PLACE_AT + axis * side + place] = math.sqrt(
                NEIGHBOUR_AIM
            )


def _aim_back(attention: nn.Module, head: int, distance: int) -> None:
    """Let a head of the text model look `distance` tokens back, by turning its query as the rotary code does."""
    rows = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
    weights = dict(attention.named_parameters())
    query, key = weights["q_proj.weight"][rows], weights["k_proj.weight"][rows]
    query.zero_()
    key.zero_()
    half = HEAD_WIDTH // 2
    # A marked vector's constant is about MARK after the layer's norm; all pairs together reach FRAMES_AIM.
    strength = math.sqrt(FRAMES_AIM * math.sqrt(HEAD_WIDTH) / AIMED_PAIRS) / MARK
    for pair in range(AIMED_PAIRS):
        angle = distance * 10_000.0 ** (-2 * pair / HEAD_WIDTH)
        key[pair, MARK_AT] = strength
        # The key at distance d is turned back by d: this query meets it where both agree.
        query[pair, MARK_AT] = strength * math.cos(angle)
        query[half + pair, MARK_AT] = -strength * math.sin(angle)
