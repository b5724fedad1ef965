"""What the families of chat models differ in: how their processors take frames, and their towers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import torch
from transformers.video_utils import VideoMetadata

from vidtext.errors import ModelError
from vidtext.models.chat_template import begins_with_bos
from vidtext.models.checkpoint import input_device
from vidtext.models.features import tower_patches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedModel, ProcessorMixin

    from vidtext.media.frames import Frames
    from vidtext.models.base import ModelCard

_TICKS_A_SECOND = 1000.0
"""Processors take times as numbers of frames at a rate. With this rate they are milliseconds."""


class Family(Protocol):
    """One architecture. Clips are frames that are squares of the model's edge already.

    Attributes:
        continues: whether the states of a prompt can be used again for another one that begins in the same way.
    """

    continues: bool

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the token that stands for a part of a frame."""
        ...

    def frames_read(self, frames: int) -> int:
        """Return for how many frames a clip has tokens."""
        ...

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], card: ModelCard) -> int:
        """Return how long `inputs` will be, without looking at any pixel."""
        ...

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return what the model reads: `input_ids` and `attention_mask` `(1, length)`, and values for the frames.

        Where the family `continues`, values whose names begin with `pixel_` are `(1, frames of all clips, …)`.
        """
        ...

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Return `(n, patches, D)`: what the vision tower makes of `(n, edge, edge, 3)` frames, each on its own."""
        ...


def family_of(model: PreTrainedModel) -> Family:
    """Return the family of a loaded model.

    Raises:
        ModelError: conversations with such a model are not known here.
    """
    family = FAMILIES.get(model.config.model_type)
    if family is None:
        raise ModelError(f"Conversations with a {model.config.model_type!r} model are not known here.")
    return family


class LlavaNextVideo:
    """LLaVA-NeXT-Video (Zhang et al. 2024, llava-vl.github.io): CLIP's view of each frame, pooled; no times."""

    continues = True

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<video>`."""
        return int(processor.video_token_id)

    def frames_read(self, frames: int) -> int:
        """Return all of them."""
        return frames

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], card: ModelCard) -> int:
        """Count the words, and the card's number for each frame in the place of a clip's mark."""
        frames = sum(len(clip) * card.tokens_per_frame - 1 for clip in clips)
        return _text_tokens(processor, prompt) + frames

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values_videos` `(1, N, 3, edge, edge)` with the N frames of all clips if there are any.

        The model puts frames in the places of the video tokens one after the other, so that clips of different
        lengths can be given as one; it has no way to take them apart.
        """
        ready = processor(
            text=prompt,
            videos=[clip.pixels for clip in clips] or None,
            do_sample_frames=False,
            add_special_tokens=not begins_with_bos(processor.tokenizer, prompt),
            return_tensors=None,
        )
        inputs = _words(ready)
        if clips:
            inputs["pixel_values_videos"] = torch.cat(list(ready["pixel_values_videos"]))[None]
        return inputs

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the CLIP tower."""
        ready = processor.video_processor([pixels], do_sample_frames=False, return_tensors="pt")
        return tower_patches(model.model.vision_tower, ready["pixel_values_videos"][0])


class SmolVlm:
    """SmolVLM2 (Marafioti et al. 2025, arXiv 2504.05299): each frame by itself, with its time before it."""

    continues = True

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<image>`, which stands for parts of frames too."""
        return int(processor.image_token_id)

    def frames_read(self, frames: int) -> int:
        """Return all of them."""
        return frames

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], card: ModelCard) -> int:  # noqa: ARG002
        """Let the processor write out what stands for each clip, and count. It fills clips up to the longest one."""
        filled = torch.empty(1, max(map(len, clips), default=0), 0)
        written = [
            processor.replace_video_token({"pixel_values": filled, "video_metadata": [_times(clip)]}, 0)
            for clip in clips
        ]
        return _text_tokens(processor, _written_out(processor, prompt, written))

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values` `(1, N, 3, edge, edge)` and their mask `(1, N, edge, edge)` if there are any frames."""
        ready = _read_timed(processor, prompt, clips)
        inputs = _words(ready)
        if clips:
            for name in ("pixel_values", "pixel_attention_mask"):
                whole = [each[: len(clip)] for each, clip in zip(ready[name], clips, strict=True)]
                inputs[name] = torch.cat(whole)[None]
        return inputs

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the SigLIP tower."""
        ready = processor.video_processor([pixels], do_sample_frames=False, return_tensors="pt")
        return tower_patches(model.model.vision_model, ready["pixel_values"][0])


class Qwen3Vl:
    """Qwen3-VL (Qwen team 2025, arXiv 2511.21631): two frames become one, with the time between them before it.

    Its positions of time and place depend on the whole prompt, so that nothing is kept from one turn to the next.
    """

    continues = False

    def frame_token_id(self, processor: ProcessorMixin) -> int:
        """Return the id of `<|video_pad|>`."""
        return int(processor.video_token_id)

    def frames_read(self, frames: int) -> int:
        """Return an even number: the last frame is taken twice where it has no other one."""
        return frames + frames % 2

    def count_tokens(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], card: ModelCard) -> int:
        """Let the processor write out what stands for each clip, and count."""
        side = card.frame_edge_pixels // processor.video_processor.patch_size
        written = [
            processor.replace_video_token(
                {
                    "video_grid_thw": torch.tensor([[self.frames_read(len(clip)) // 2, side, side]]),
                    "video_metadata": [_times(clip)],
                },
                0,
            )
            for clip in clips
        ]
        return _text_tokens(processor, _written_out(processor, prompt, written))

    def inputs(self, processor: ProcessorMixin, prompt: str, clips: Sequence[Frames]) -> dict[str, torch.Tensor]:
        """Return `pixel_values_videos` `(patches, values)` and `video_grid_thw` `(clips, 3)` for any frames."""
        ready = _read_timed(processor, prompt, clips, do_resize=False, cap_pixels_per_frame=False)
        inputs = _words(ready)
        names = ["mm_token_type_ids", *(["pixel_values_videos", "video_grid_thw"] if clips else [])]
        return inputs | {name: ready[name] for name in names}

    def patches(self, model: PreTrainedModel, processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
        """Ask the vision tower, which takes each frame as a clip."""
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


FAMILIES: dict[str, Family] = {
    "llava_next_video": LlavaNextVideo(),
    "smolvlm": SmolVlm(),
    "qwen3_vl": Qwen3Vl(),
}
"""By transformers' `model_type`."""


def _words(ready: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.as_tensor(ready[name]) for name in ("input_ids", "attention_mask")}


def _text_tokens(processor: ProcessorMixin, text: str) -> int:
    tokenizer = processor.tokenizer
    return len(tokenizer(text, add_special_tokens=not begins_with_bos(tokenizer, text)).input_ids)


def _written_out(processor: ProcessorMixin, prompt: str, clips: list[str]) -> str:
    """Put what stands for the clips in the places of their marks, as the processor does it."""
    (text,), _ = processor.get_text_with_replacements([prompt], [], clips, []) if clips else ([prompt], [])
    return str(text)


def _read_timed(
    processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], **options: bool
) -> dict[str, torch.Tensor]:
    """Run a processor that wants to know when its frames are."""
    timed = {"video_metadata": [[_times(clip)] for clip in clips], "do_sample_frames": False, **options}
    ready: dict[str, torch.Tensor] = processor(
        text=[prompt],
        videos=[clip.pixels for clip in clips] or None,
        add_special_tokens=not begins_with_bos(processor.tokenizer, prompt),
        return_tensors="pt",
        **(timed if clips else {}),
    )
    return ready


def _times(clip: Frames) -> VideoMetadata:
    ticks = [round(seconds * _TICKS_A_SECOND) for seconds in clip.seconds.tolist()]
    return VideoMetadata(
        total_num_frames=ticks[-1] + 1,
        fps=_TICKS_A_SECOND,
        duration=ticks[-1] / _TICKS_A_SECOND,
        frames_indices=ticks,
    )
