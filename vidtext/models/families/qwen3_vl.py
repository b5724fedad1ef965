"""Qwen3-VL: two frames become one, with the time between them before it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from vidtext.compute.memory import Stack
from vidtext.models.base import ModelInfo
from vidtext.models.checkpoint import input_device
from vidtext.models.checkpoint_files import context_tokens, read_config
from vidtext.models.families.chat_inputs import read_timed, text_inputs, text_tokens, times_of, written_out
from vidtext.models.family import ChatFamily, Tower

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel, ProcessorMixin

    from vidtext.media.read.frames import Frames

_EDGE_PIXELS = 448
"""The model takes frames of any size. Of these it makes 196 tokens for two: a compromise of detail and length."""

_CONTEXT_TOKENS = 32_768
"""Of the 262,144 that its positions allow: more than a conversation about a video needs."""

_FRAMES_PER_CLIP = 32
"""The model takes any number, and knows the times of its frames."""


class Qwen3Vl(ChatFamily):
    """Qwen3-VL (Qwen team 2025, arXiv 2511.21631): two frames become one, with the time between them before it.

    Its positions of time and place depend on the whole prompt, so that nothing is kept from one turn to the next.
    """

    name = "qwen3_vl"
    label = "Qwen3-VL"
    supports_prefix_cache = False
    models = tuple(
        ModelInfo(
            id=f"Qwen/Qwen3-VL-{size}-Instruct",
            family="qwen3_vl",
            chats=True,
            licence="Apache-2.0",
            frames_per_clip=_FRAMES_PER_CLIP,
            image_size=_EDGE_PIXELS,
            fit="pad",
            context_tokens=_CONTEXT_TOKENS,
            weight_bytes=0,
            description="Describes scenes and actions, reads text and knows when things happen; may name what is not "
            "there.",
            tokens_per_frame=98,  # 28 × 28 patches of 16 pixels, 2 × 2 of two frames merged into one
            smaller_image_size=256,
        )
        for size in ("2B", "4B", "8B")
    )

    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:  # noqa: ARG002
        """Read the info; frames have the largest size of whole patches that is not above the usual one."""
        loaded_config, videos = read_config(folder), read_config(folder, "AutoVideoProcessor")
        merged = videos.patch_size * videos.merge_size
        edge = _EDGE_PIXELS // merged * merged
        smaller = math.ceil(edge / 2 / (2 * merged)) * 2 * merged  # so that two frames have an even number of tokens
        return self._info(
            folder,
            known,
            frames_per_clip=known.frames_per_clip if known else _FRAMES_PER_CLIP,
            image_size=edge,
            fit="pad",
            context_tokens=min(context_tokens(loaded_config.text_config), _CONTEXT_TOKENS),
            tokens_per_frame=(edge // merged) ** 2 // videos.temporal_patch_size,
            smaller_image_size=smaller if smaller < edge else 0,
        )

    def tower(self, config: PretrainedConfig, info: ModelInfo) -> Tower:
        """Describe the tower, which makes one set of patches of two frames."""
        vision = config.vision_config
        patches = (info.image_size // vision.patch_size) ** 2 // vision.temporal_patch_size
        stack = Stack(vision.depth, vision.hidden_size, vision.intermediate_size)
        return Tower(stack, patches, output_hidden_layers=len(vision.deepstack_visual_indexes))

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<|video_pad|>`."""
        return int(processor.video_token_id)

    def frames_read(self, frames: int) -> int:
        """Return an even number: the last frame is taken twice where it has no other one."""
        return frames + frames % 2

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], info: ModelInfo) -> int:
        """Let the processor write out what stands for each clip, and count."""
        import torch

        side = info.image_size // processor.video_processor.patch_size
        written = [
            processor.replace_video_token(
                {
                    "video_grid_thw": torch.tensor([[self.frames_read(len(clip)) // 2, side, side]]),
                    "video_metadata": [times_of(clip)],
                },
                0,
            )
            for clip in clips
        ]
        return text_tokens(processor, written_out(processor, prompt, written))

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values_videos` `(patches, values)` and `video_grid_thw` `(clips, 3)` for any frames."""
        ready = read_timed(processor, prompt, clips, do_resize=False, cap_pixels_per_frame=False)
        inputs = text_inputs(ready)
        names = ["mm_token_type_ids", *(["pixel_values_videos", "video_grid_thw"] if clips else [])]
        return inputs | {name: ready[name] for name in names}

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the vision tower, which takes each frame as a clip."""
        import torch

        ready = processor.video_processor(
            [frame[None] for frame in pixels],
            do_sample_frames=False,
            do_resize=False,
            cap_pixels_per_frame=False,
            return_tensors="pt",
        )
        tower = model.model.visual
        values = ready["pixel_values_videos"].to(input_device(tower), tower.dtype)
        with torch.inference_mode():
            hidden = tower(values, grid_thw=ready["video_grid_thw"].to(values.device)).last_hidden_state
        patches: torch.Tensor = hidden.view(len(pixels), -1, hidden.shape[-1])
        return patches
