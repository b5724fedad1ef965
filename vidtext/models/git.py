"""GIT (Wang et al. 2022, arXiv:2205.14100): a vision tower for each frame, and a text decoder that reads them all."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from vidtext.compute.exhaustion import told_plainly
from vidtext.compute.gpu import Effort, on_gpu
from vidtext.counts import count
from vidtext.errors import OptionError
from vidtext.media.resize import fit_square
from vidtext.models.checkpoint import input_device
from vidtext.models.features import features_effort, gathered, pooled_features, tower_patches
from vidtext.models.kept_models import MODELS_KEPT
from vidtext.models.streaming import stream_generate

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray
    from transformers import ProcessorMixin

    from vidtext.job import Job
    from vidtext.media.frames import Frames
    from vidtext.models.base import GenerationOptions, ModelCard
    from vidtext.models.checkpoint import Checkpoint

_STEP_SECONDS_A_CLIP = 0.05
"""What a token of each clip takes on a ZeroGPU device with room to spare, until it was measured: an estimate."""

_START_SECONDS = 10.0
"""What moving the weights to the device takes at most."""


@dataclass(frozen=True)
class Written:
    """How far a batch of captions is: how many tokens each has, and the texts once they are finished."""

    tokens: int
    texts: tuple[str, ...] = ()


class GitCaptioner:
    """A `Captioner` that runs GIT."""

    def __init__(self, card: ModelCard, checkpoint: Checkpoint) -> None:
        self._card = card
        self._checkpoint = checkpoint

    @property
    def card(self) -> ModelCard:
        """What the model is and can do."""
        return self._card

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._checkpoint.device

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:
        """Return one text for each clip, made in one batch.

        Raises:
            OptionError: a clip does not have `card.frames_per_clip` frames.
            NoMemoryError: memory ran out.
            CancelledError: the job was stopped.
        """
        for clip in clips:
            if len(clip) != self._card.frames_per_clip:
                raise OptionError(
                    f"{self._card.id} takes clips of {self._card.frames_per_clip} frames; got one of {len(clip)}."
                )
        fit = options.fit or self._card.fit
        pixels = np.stack([fit_square(clip.pixels, self._card.frame_edge_pixels, fit) for clip in clips])
        tokens = min(options.max_new_tokens, self._card.context_tokens - 1)  # one position is the start token's
        steps = generate_captions(self._checkpoint, pixels, tokens)
        texts: tuple[str, ...] = ()
        with told_plainly(self._card.id), closing(steps):
            for step in steps:
                texts = step.texts
                job.report("writing", step.tokens, tokens)
                count("tokens", len(clips))
        count("frames", sum(len(clip) for clip in clips))
        return list(texts)

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        """Return `(N, D)` float32: the mean of the vision tower's patches for each of N frames, of length 1 each.

        Raises:
            CancelledError: the job was stopped.
        """
        pixels = fit_square(frames.pixels, self._card.frame_edge_pixels, self._card.fit)
        return gathered(encode_frames(self._checkpoint, pixels), job)


def _effort(checkpoint: Checkpoint, pixels: NDArray[np.uint8], max_new_tokens: int) -> Effort:
    of, clips = f"{checkpoint.folder}, {len(pixels)} clips", len(pixels)
    return Effort(of, _START_SECONDS, max_new_tokens + 1, _STEP_SECONDS_A_CLIP * clips)


@on_gpu(_effort)
def generate_captions(
    checkpoint: Checkpoint, pixels: NDArray[np.uint8], max_new_tokens: int
) -> Generator[Written, None, None]:
    """Caption a batch of clips: `(B, F, edge, edge, 3)` uint8 RGB, F frames a clip. The last step has the texts."""
    with MODELS_KEPT.lent(checkpoint) as (model, processor):
        values = pixel_values(processor, pixels).to(input_device(model), model.dtype)
        tokens = torch.empty(0)
        with closing(stream_generate(model, pixel_values=values, max_new_tokens=max_new_tokens)) as steps:
            for tokens in steps:
                yield Written(tokens.shape[1] - 1)
        texts = processor.batch_decode(tokens, skip_special_tokens=True)
        yield Written(tokens.shape[1] - 1, tuple(_tidied(text) for text in texts))


@on_gpu(features_effort)
def encode_frames(checkpoint: Checkpoint, pixels: NDArray[np.uint8]) -> Generator[NDArray[np.float32], None, None]:
    """Yield the features of `(N, edge, edge, 3)` uint8 RGB frames, batch by batch."""
    with MODELS_KEPT.lent(checkpoint) as (model, processor):
        tower = model.git.image_encoder
        yield from pooled_features(lambda batch: tower_patches(tower, pixel_values(processor, batch[None])[0]), pixels)


def pixel_values(processor: ProcessorMixin, pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Normalize clips with the checkpoint's own processor, without its resizing: `fit_square` has done that.

    Returns:
        `(B, F, 3, edge, edge)`: with one dimension less, GIT would caption each frame on its own. Some checkpoints
        come with CLIP's processor, which returns `(B·F, 3, …)`, some with VideoMAE's, which returns `(1, B·F, 3, …)`.
    """
    clips, frames, height, width, channels = pixels.shape
    images = list(pixels.reshape(clips * frames, height, width, channels))
    ready = processor.image_processor(images, do_resize=False, do_center_crop=False, return_tensors="pt")
    values: torch.Tensor = ready["pixel_values"].reshape(clips, frames, channels, height, width)
    return values


def _tidied(text: str) -> str:
    """Undo the spaces that a BERT tokenizer leaves before punctuation."""
    for mark in ",;.:!?":
        text = text.replace(f" {mark}", mark)
    return text.strip()
