"""SmolVLM2: each frame by itself, with its time before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.errors import UnknownModelError
from vidtext.models.base import ModelInfo
from vidtext.models.checkpoint_files import context_tokens, read_config, read_json
from vidtext.models.families.chat_inputs import read_timed, text_inputs, text_tokens, times_of, written_out
from vidtext.models.family import ChatFamily, Tower, stack_of, tower_patches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import PretrainedConfig, PreTrainedModel, ProcessorMixin

    from vidtext.media.read.frames import Frames

_SIZES = {
    "256M": "Describes scenes roughly and answers simple questions; the smallest model here that knows real things.",
    "500M": "Describes scenes and simple actions and answers questions about them; misses details and exact counts.",
    "2.2B": "As the 500M, with better words and fewer mistakes; four times as large and as slow.",
}
"""The published sizes, and what they see."""

_FRAMES_PER_CLIP = 32
"""For checkpoints whose processor tells no number: the model takes any number, and knows the times of its frames."""


class SmolVlm(ChatFamily):
    """SmolVLM2 (Marafioti et al. 2025, arXiv 2504.05299): each frame by itself, with its time before it."""

    name = "smolvlm"
    label = "SmolVLM2"
    models = tuple(
        ModelInfo(
            id=f"HuggingFaceTB/SmolVLM2-{size}-Video-Instruct",
            family="smolvlm",
            chats=True,
            licence="Apache-2.0",
            frames_per_clip=16,  # it was trained with up to 64: on a CPU each costs as much as a sentence
            image_size=512,
            fit="squash",
            context_tokens=8192,
            weight_bytes=0,
            description=description,
            tokens_per_frame=64,  # 32 × 32 patches of 16 pixels, shuffled 4 × 4 into one
        )
        for size, description in _SIZES.items()
    )

    def info_from_folder(self, folder: Path, config: Mapping[str, Any], known: ModelInfo | None) -> ModelInfo:  # noqa: ARG002
        """Read the info; processor and model must agree on the tokens of a frame."""
        loaded_config, videos = read_config(folder), read_config(folder, "AutoVideoProcessor")
        vision, edge = loaded_config.vision_config, videos.max_image_size["longest_edge"]
        written = read_json(folder / "processor_config.json").get("image_seq_len")
        read = (vision.image_size // vision.patch_size // loaded_config.scale_factor) ** 2
        if edge != vision.image_size or written != read:
            raise UnknownModelError(
                f"The SmolVLM in {folder.name} cannot be used: its processor writes {written} tokens for a frame of "
                f"{edge} pixels, and the model reads {read} of {vision.image_size}."
            )
        return self._info(
            folder,
            known,
            frames_per_clip=known.frames_per_clip if known else videos.num_frames or _FRAMES_PER_CLIP,
            image_size=edge,
            fit="squash",
            context_tokens=context_tokens(loaded_config.text_config),
            tokens_per_frame=read,
        )

    def tower(self, config: PretrainedConfig, info: ModelInfo) -> Tower:
        """Describe SigLIP's tower."""
        patches = (info.image_size // config.vision_config.patch_size) ** 2
        return Tower(stack_of(config.vision_config), patches)

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<image>`, which stands for parts of frames too."""
        return int(processor.image_token_id)

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], info: ModelInfo) -> int:  # noqa: ARG002
        """Let the processor write out what stands for each clip, and count. It fills clips up to the longest one."""
        import torch

        filled = torch.empty(1, max(map(len, clips), default=0), 0)
        written = [
            processor.replace_video_token({"pixel_values": filled, "video_metadata": [times_of(clip)]}, 0)
            for clip in clips
        ]
        return text_tokens(processor, written_out(processor, prompt, written))

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values` `(1, N, 3, edge, edge)` and their mask `(1, N, edge, edge)` if there are any frames."""
        import torch

        ready = read_timed(processor, prompt, clips)
        inputs = text_inputs(ready)
        if clips:
            for name in ("pixel_values", "pixel_attention_mask"):
                whole = [each[: len(clip)] for each, clip in zip(ready[name], clips, strict=True)]
                inputs[name] = torch.cat(whole)[None]
        return inputs

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the SigLIP tower."""
        ready = processor.video_processor([pixels], do_sample_frames=False, return_tensors="pt")
        return tower_patches(model.model.vision_model, ready["pixel_values"][0])
