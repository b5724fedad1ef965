"""What a vision tower makes of single frames, so that frames can be compared: shared by all families."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from vidtext.compute.gpu import Effort
from vidtext.models.checkpoint import input_device

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from vidtext.job import Job
    from vidtext.models.checkpoint import Checkpoint

_BATCH_FRAMES = 16
"""How many frames go through the tower at once: enough to fill a GPU, and 22 MB of pixels in fp32 at 336 × 336."""

_START_SECONDS = 15.0
"""What moving the weights to a ZeroGPU device takes at most: an estimate, 14 GB at 1 GB a second."""

_SECONDS_A_FRAME = 0.05
"""What a frame takes there with room to spare, until it was measured: an estimate for CLIP's ViT-L/14 at 336 × 336."""


def features_effort(checkpoint: Checkpoint, pixels: NDArray[np.uint8]) -> Effort:
    """Return what the features of these frames take: a step is a batch of them."""
    batches = math.ceil(len(pixels) / _BATCH_FRAMES)
    return Effort(f"{checkpoint.folder}, features", _START_SECONDS, batches, _SECONDS_A_FRAME * _BATCH_FRAMES)


def tower_patches(tower: PreTrainedModel, values: torch.Tensor) -> torch.Tensor:
    """Return `(n, patches, D)` without the class token.

    Args:
        tower: a vision tower with square frames and patches, such as CLIP's.
        values: `(n, 3, edge, edge)` normalized.
    """
    patches = (tower.config.image_size // tower.config.patch_size) ** 2
    with torch.inference_mode():
        hidden: torch.Tensor = tower(pixel_values=values.to(input_device(tower), tower.dtype)).last_hidden_state
    return hidden[:, -patches:]  # a class token, where a tower has one, comes first


def pooled_features(
    patches: Callable[[NDArray[np.uint8]], torch.Tensor], pixels: NDArray[np.uint8]
) -> Generator[NDArray[np.float32], None, None]:
    """Yield the features of frames, one batch after the other: `(n, D)` float32, each of length 1.

    A frame's feature is the mean of its patches in the tower's last hidden state.

    Args:
        patches: makes `(n, patches, D)` of `(n, edge, edge, 3)` uint8 RGB.
        pixels: `(N, edge, edge, 3)` uint8 RGB.
    """
    for start in range(0, len(pixels), _BATCH_FRAMES):
        means = patches(pixels[start : start + _BATCH_FRAMES]).float().mean(dim=1)
        features: NDArray[np.float32] = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
        yield features


def gathered(batches: Generator[NDArray[np.float32], None, None], job: Job) -> NDArray[np.float32]:
    """Put the batches together, `(N, D)`, checking the job between them.

    Raises:
        CancelledError: the job was stopped.
    """
    done = []
    try:
        for batch in batches:
            done.append(batch)
            job.check()
    finally:
        batches.close()
    return np.concatenate(done)
