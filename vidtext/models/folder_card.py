"""A model's card, read off the files of a checkpoint in a folder."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from vidtext.errors import ModelUnavailableError, UnknownModelError
from vidtext.models.base import ModelCard
from vidtext.models.checkpoint import TRANSFORMERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from transformers import PretrainedConfig
    from transformers.video_processing_utils import BaseVideoProcessor

_GIT_KEYS = ("num_image_with_embedding", "vision_config", "max_position_embeddings")
"""What the config of a GIT must have: without the first it captions single images."""

_LLAVA_FRAMES_PER_CLIP = 32
"""How many frames a clip had in training, say the cards of the published LLaVA-NeXT-Video checkpoints."""

_TIMED_FRAMES_PER_CLIP = 32
"""How many frames a clip has for models that take any number and know the times of their frames."""

_QWEN_EDGE_PIXELS = 448
"""Qwen3-VL takes frames of any size. Of these it makes 196 tokens for two: a compromise of detail and length."""

_QWEN_CONTEXT_TOKENS = 32_768
"""Of the 262,144 that its positions allow: more than a conversation about a video needs."""

_STRETCHED = ("linear", "dynamic")
"""The kinds of rope scaling whose factor is not yet in `max_position_embeddings`."""


def card_of_folder(folder: Path, *, known: ModelCard | None = None) -> ModelCard:
    """Read the card of the checkpoint in a folder; what a `known` card says of id, licence and abilities is kept.

    Raises:
        UnknownModelError: it is of a family that is not known here, or lacks what captioning videos needs.
        ModelUnavailableError: its files cannot be read.
    """
    config = read_json(folder / "config.json")
    if config.get("model_type") == "git":
        return _git_card(folder, config, known)
    if config.get("model_type") == "llava_next_video":
        return _llava_next_video_card(folder, known)
    if config.get("model_type") == "smolvlm":
        return _smolvlm_card(folder, known)
    if config.get("model_type") == "qwen3_vl":
        return _qwen3_vl_card(folder, known)
    raise UnknownModelError(
        f"{folder.name} holds a {config.get('model_type')!r} model; GIT, LLaVA-NeXT-Video, SmolVLM2 and Qwen3-VL are "
        "known."
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        ModelUnavailableError: it cannot be read, or holds something else.
    """
    try:
        read: dict[str, Any] | Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} cannot be read: {error}") from error
    if not isinstance(read, dict):
        raise ModelUnavailableError(f"{path.name} in {path.parent.name} holds a {type(read).__name__}, not an object.")
    return read


def _git_card(folder: Path, config: Mapping[str, Any], known: ModelCard | None) -> ModelCard:
    missing = [key for key in _GIT_KEYS if not config.get(key)]
    if missing:
        raise UnknownModelError(f"The GIT in {folder.name} captions no videos: its config has no {missing[0]}.")
    images = _image_processor_config(folder)
    return ModelCard(
        id=known.id if known else str(folder),
        family="git",
        licence=known.licence if known else "see the folder",
        frames_per_clip=int(config["num_image_with_embedding"]),
        frame_edge_pixels=config["vision_config"]["image_size"],
        fit="crop" if images.get("do_center_crop") else "squash",
        context_tokens=config["max_position_embeddings"],
        weight_bytes=_weight_bytes(folder),
        sees=known.sees if known else "See the model card in its folder.",
    )


def _image_processor_config(folder: Path) -> dict[str, Any]:
    """Read how images are prepared: transformers 5 saves it within the processor's file, earlier ones in its own."""
    whole = folder / "processor_config.json"
    inner: dict[str, Any] = read_json(whole).get("image_processor", {}) if whole.is_file() else {}
    return inner or read_json(folder / "preprocessor_config.json")


def _llava_next_video_card(folder: Path, known: ModelCard | None) -> ModelCard:
    config, videos = _read(folder)
    name = f"The LLaVA-NeXT-Video in {folder.name}"
    size = videos.crop_size if videos.do_center_crop else videos.size
    edge: int = size.shortest_edge or min(size.height, size.width)
    vision = config.vision_config
    if edge != vision.image_size:
        raise UnknownModelError(
            f"{name} cannot be used: its processor makes frames of {edge} pixels, and its vision tower takes "
            f"{vision.image_size}."
        )
    patch = read_json(folder / "processor_config.json").get("patch_size") or 0
    # The processor divides the number of patches by 4, whatever the pooling of the model is.
    written = (edge // patch) ** 2 // 4 if patch else 0
    read = (edge // vision.patch_size // config.spatial_pool_stride) ** 2
    if written != read:
        raise UnknownModelError(
            f"{name} cannot be used: its processor writes {written} tokens for a frame, and the model reads {read}."
        )
    told: int | None = getattr(videos, "num_frames", None)
    frames = told or (known.frames_per_clip if known else _LLAVA_FRAMES_PER_CLIP)
    fixed = known is not None and known.fixed_frames
    return ModelCard(
        id=known.id if known else str(folder),
        family="llava_next_video",
        licence=known.licence if known else "see the folder",
        frames_per_clip=frames,
        frame_edge_pixels=edge,
        fit="crop" if videos.do_center_crop else "squash",
        context_tokens=_context_tokens(config.text_config),
        weight_bytes=_weight_bytes(folder),
        sees=known.sees if known else "See the model card in its folder.",
        tokens_per_frame=read,
        fewest_frames=frames if fixed else min(ModelCard.fewest_frames, frames),
        fixed_frames=fixed,
        most_clips=known.most_clips if known else 0,
    )


def _smolvlm_card(folder: Path, known: ModelCard | None) -> ModelCard:
    config, videos = _read(folder)
    vision, edge = config.vision_config, videos.max_image_size["longest_edge"]
    written = read_json(folder / "processor_config.json").get("image_seq_len")
    read = (vision.image_size // vision.patch_size // config.scale_factor) ** 2
    if edge != vision.image_size or written != read:
        raise UnknownModelError(
            f"The SmolVLM in {folder.name} cannot be used: its processor writes {written} tokens for a frame of {edge} "
            f"pixels, and the model reads {read} of {vision.image_size}."
        )
    return ModelCard(
        id=known.id if known else str(folder),
        family="smolvlm",
        licence=known.licence if known else "see the folder",
        frames_per_clip=known.frames_per_clip if known else videos.num_frames or _TIMED_FRAMES_PER_CLIP,
        frame_edge_pixels=edge,
        fit="squash",
        context_tokens=_context_tokens(config.text_config),
        weight_bytes=_weight_bytes(folder),
        sees=known.sees if known else "See the model card in its folder.",
        tokens_per_frame=read,
    )


def _qwen3_vl_card(folder: Path, known: ModelCard | None) -> ModelCard:
    config, videos = _read(folder)
    merged = videos.patch_size * videos.merge_size
    edge = _QWEN_EDGE_PIXELS // merged * merged
    smaller = math.ceil(edge / 2 / (2 * merged)) * 2 * merged  # so that two frames have an even number of tokens
    return ModelCard(
        id=known.id if known else str(folder),
        family="qwen3_vl",
        licence=known.licence if known else "see the folder",
        frames_per_clip=known.frames_per_clip if known else _TIMED_FRAMES_PER_CLIP,
        frame_edge_pixels=edge,
        fit="pad",
        context_tokens=min(_context_tokens(config.text_config), _QWEN_CONTEXT_TOKENS),
        weight_bytes=_weight_bytes(folder),
        sees=known.sees if known else "See the model card in its folder.",
        tokens_per_frame=(edge // merged) ** 2 // videos.temporal_patch_size,
        smaller_edge_pixels=smaller if smaller < edge else 0,
    )


def _read(folder: Path) -> tuple[PretrainedConfig, BaseVideoProcessor]:
    """Read the configuration and the video processor as transformers does, which fills in what the files leave out."""
    with TRANSFORMERS:
        from huggingface_hub.errors import StrictDataclassError
        from transformers import AutoConfig, AutoVideoProcessor

        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
            return config, AutoVideoProcessor.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        except (OSError, ValueError, KeyError, TypeError, StrictDataclassError) as error:
            raise ModelUnavailableError(
                f"The configuration in {folder.name} cannot be read: {[*str(error).splitlines(), ''][0]}"
            ) from error


def _context_tokens(text: PretrainedConfig) -> int:
    """Count the positions that a text model was trained for, stretched where its rope scaling says so."""
    rope: Mapping[str, Any] = getattr(text, "rope_parameters", None) or {}
    factor = rope["factor"] if rope.get("rope_type") in _STRETCHED else 1
    return int(text.max_position_embeddings * factor)


def _weight_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
