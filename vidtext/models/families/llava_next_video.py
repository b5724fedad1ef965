"""LLaVA-NeXT-Video: each frame as CLIP sees it, pooled; no times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.errors import UnknownModelError
from vidtext.models.base import ModelInfo
from vidtext.models.chat_template import begins_with_bos
from vidtext.models.checkpoint_files import context_tokens, read_config, read_json
from vidtext.models.families.chat_inputs import text_inputs, text_tokens
from vidtext.models.family import ChatFamily, Tower, stack_of, tower_patches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel, ProcessorMixin

    from vidtext.media.read.frames import Frames

_FRAMES_PER_CLIP = 32
"""How many frames a clip had in training, say the READMEs of the published checkpoints."""


class LlavaNextVideo(ChatFamily):
    """LLaVA-NeXT-Video (Zhang et al. 2024, llava-vl.github.io): CLIP's view of each frame, pooled; no times."""

    name = "llava_next_video"
    label = "LLaVA-NeXT-Video"
    models = (
        ModelInfo(
            id="embedded-chat",
            family=name,
            chats=True,
            licence="Apache-2.0",
            frames_per_clip=6,
            image_size=64,
            fit="squash",
            context_tokens=512,
            weight_bytes=0,
            description="Knows plain shapes and how they move, light, colours, cuts and the camera; no objects, people "
            "or text.",
            tokens_per_frame=16,  # 8 × 8 patches of 8 pixels, pooled 2 × 2
            min_frames=6,
            requires_exact_frames=True,  # with others it is mostly wrong
            max_clips=1,
        ),
        ModelInfo(
            id="llava-hf/LLaVA-NeXT-Video-7B-hf",
            family=name,
            chats=True,
            licence="llama2",
            frames_per_clip=32,
            image_size=336,
            fit="crop",
            context_tokens=8192,  # Vicuna's 4,096, stretched by linear rope scaling with a factor of 2
            weight_bytes=14_100_000_000,
            description="Describes scenes and actions and answers questions about them; misses small text and exact "
            "counts, may name what is not there, and hears no sound.",
            tokens_per_frame=144,  # 24 × 24 patches of 14 pixels, pooled 2 × 2
        ),
        ModelInfo(
            id="llava-hf/LLaVA-NeXT-Video-7B-DPO-hf",
            family=name,
            chats=True,
            licence="llama2",
            frames_per_clip=32,
            image_size=336,
            fit="crop",
            context_tokens=8192,
            weight_bytes=14_100_000_000,
            description="As LLaVA-NeXT-Video-7B, trained further to keep to what the video shows; it may still be "
            "wrong.",
            tokens_per_frame=144,
        ),
    )

    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:  # noqa: ARG002
        """Read the info; the number of frames is the catalogue's where the files do not tell it."""
        loaded_config, videos = read_config(folder), read_config(folder, "AutoVideoProcessor")
        label = f"The {self.label} in {folder.name}"
        size = videos.crop_size if videos.do_center_crop else videos.size
        edge: int = size.shortest_edge or min(size.height, size.width)
        vision = loaded_config.vision_config
        if edge != vision.image_size:
            raise UnknownModelError(
                f"{label} cannot be used: its processor makes frames of {edge} pixels, and its vision tower takes "
                f"{vision.image_size}."
            )
        patch = read_json(folder / "processor_config.json").get("patch_size") or 0
        # The processor divides the number of patches by 4, whatever the pooling of the model is.
        written = (edge // patch) ** 2 // 4 if patch else 0
        read = (edge // vision.patch_size // loaded_config.spatial_pool_stride) ** 2
        if written != read:
            raise UnknownModelError(
                f"{label} cannot be used: its processor writes {written} tokens for a frame, and the model reads "
                f"{read}."
            )
        told: int | None = getattr(videos, "num_frames", None)
        frames = told or (known.frames_per_clip if known else _FRAMES_PER_CLIP)
        fixed = known is not None and known.requires_exact_frames
        return self._info(
            folder,
            known,
            frames_per_clip=frames,
            image_size=edge,
            fit="crop" if videos.do_center_crop else "squash",
            context_tokens=context_tokens(loaded_config.text_config),
            tokens_per_frame=read,
            min_frames=frames if fixed else min(ModelInfo.min_frames, frames),
            requires_exact_frames=fixed,
            max_clips=known.max_clips if known else 0,
        )

    def tower(self, config: PretrainedConfig, info: ModelInfo) -> Tower:
        """Describe CLIP's tower, which hands out the vectors of all its layers, of which one is used."""
        vision = config.vision_config
        patches = (info.image_size // vision.patch_size) ** 2 + 1
        return Tower(stack_of(vision), patches, output_hidden_layers=vision.num_hidden_layers)

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<video>`."""
        return int(processor.video_token_id)

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], info: ModelInfo) -> int:
        """Count the words, and the model's number for each frame in the place of a clip's mark."""
        frames = sum(len(clip) * info.tokens_per_frame - 1 for clip in clips)
        return text_tokens(processor, prompt) + frames

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values_videos` `(1, N, 3, edge, edge)` with the N frames of all clips if there are any.

        The model puts frames in the places of the video tokens one after the other, so that clips of different
        lengths can be given as one; it has no way to take them apart.
        """
        import torch

        ready = processor(
            text=prompt,
            videos=[clip.pixels for clip in clips] or None,
            do_sample_frames=False,
            add_special_tokens=not begins_with_bos(processor.tokenizer, prompt),
            return_tensors=None,
        )
        inputs = text_inputs(ready)
        if clips:
            inputs["pixel_values_videos"] = torch.cat(list(ready["pixel_values_videos"]))[None]
        return inputs

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the CLIP tower."""
        ready = processor.video_processor([pixels], do_sample_frames=False, return_tensors="pt")
        return tower_patches(model.model.vision_tower, ready["pixel_values_videos"][0])
