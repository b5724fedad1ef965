"""Steps that chat families share: from a prompt and its clips to what the model reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vidtext.models.chat_template import begins_with_bos

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from transformers import ProcessorMixin
    from transformers.video_utils import VideoMetadata

    from vidtext.media.read.frames import Frames

_TICKS_A_SECOND = 1000.0
"""Processors take times as numbers of frames at a rate. With this rate they are milliseconds."""


def text_inputs(ready: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return `input_ids` and `attention_mask`, `(1, length)`, of what a processor made."""
    import torch

    return {name: torch.as_tensor(ready[name]) for name in ("input_ids", "attention_mask")}


def text_tokens(processor: ProcessorMixin, text: str) -> int:
    """Count the tokens of a text, with the one that begins it."""
    tokenizer = processor.tokenizer
    return len(tokenizer(text, add_special_tokens=not begins_with_bos(tokenizer, text)).input_ids)


def written_out(processor: ProcessorMixin, prompt: str, clips: list[str]) -> str:
    """Put what stands for the clips in the places of their marks, as the processor does it."""
    (text,), _ = processor.get_text_with_replacements([prompt], [], clips, []) if clips else ([prompt], [])
    return str(text)


def read_timed(
    processor: ProcessorMixin, prompt: str, clips: Sequence[Frames], **options: bool
) -> dict[str, torch.Tensor]:
    """Run a processor that wants to know when its frames are."""
    timed = {"video_metadata": [[times_of(clip)] for clip in clips], "do_sample_frames": False, **options}
    ready: dict[str, torch.Tensor] = processor(
        text=[prompt],
        videos=[clip.pixels for clip in clips] or None,
        add_special_tokens=not begins_with_bos(processor.tokenizer, prompt),
        return_tensors="pt",
        **(timed if clips else {}),
    )
    return ready


def times_of(clip: Frames) -> VideoMetadata:
    """Return the times of a clip's frames as processors take them."""
    from transformers.video_utils import VideoMetadata

    ticks = [round(seconds * _TICKS_A_SECOND) for seconds in clip.seconds.tolist()]
    return VideoMetadata(
        total_num_frames=ticks[-1] + 1,
        fps=_TICKS_A_SECOND,
        duration=ticks[-1] / _TICKS_A_SECOND,
        frames_indices=ticks,
    )
