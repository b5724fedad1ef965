"""What all models that are loaded here have in common: a description, a device, and features of single frames."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from vidtext.compute.gpu import GpuTimeEstimate, on_gpu
from vidtext.media.read.resize import fit_square
from vidtext.models.base import FormerCard
from vidtext.models.family import LocalFamily

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from vidtext.job import Job
    from vidtext.media.read.frames import Frames
    from vidtext.models.base import ModelInfo
    from vidtext.models.model_cache import LoadedModel

FamilyType = TypeVar("FamilyType", bound=LocalFamily)

_BATCH_FRAMES = 16
"""How many frames go through the tower at once: enough to fill a GPU, and 22 MB of pixels in fp32 at 336 × 336."""

_START_SECONDS = 15.0
"""What moving the weights to a ZeroGPU device takes at most: an estimate, 14 GB at 1 GB a second."""

_SECONDS_A_FRAME = 0.05
"""What a frame takes there with room to spare, until it was measured: an estimate for CLIP's ViT-L/14 at 336 × 336."""


class LocalModel(FormerCard, Generic[FamilyType]):
    """A model of a family that is in memory, as long as somebody refers to it.

    Attributes:
        info: what the model is and can do.
        device: where it runs, as torch names it.
    """

    def __init__(self, family: FamilyType, info: ModelInfo, loaded: LoadedModel) -> None:
        self.info = info
        self.device = loaded.checkpoint.device
        self._family = family
        self._loaded = loaded

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        """Return `(N, D)` float32: the mean of the vision tower's patches for each of N frames, of length 1 each.

        Raises:
            CancelledError: the job was stopped.
        """
        pixels = fit_square(frames.pixels, self.info.image_size, self.info.fit)
        batches = encode_frames(self._loaded, self._family, pixels)
        done = []
        try:
            for batch in batches:
                done.append(batch)
                job.check()
        finally:
            batches.close()
        return np.concatenate(done)


def _effort(loaded: LoadedModel, family: LocalFamily, pixels: NDArray[np.uint8]) -> GpuTimeEstimate:  # noqa: ARG001  on_gpu passes all
    """Return what the features of these frames take: a step is a batch of them."""
    batches = math.ceil(len(pixels) / _BATCH_FRAMES)
    return GpuTimeEstimate(
        f"{loaded.checkpoint.folder}, features", _START_SECONDS, batches, _SECONDS_A_FRAME * _BATCH_FRAMES
    )


@on_gpu(_effort)
def encode_frames(
    loaded: LoadedModel, family: LocalFamily, pixels: NDArray[np.uint8]
) -> Generator[NDArray[np.float32], None, None]:
    """Yield the features of `(N, edge, edge, 3)` uint8 RGB frames, one batch after the other: `(n, D)` of length 1.

    A frame's feature is the mean of its patches in the tower's last hidden state.
    """
    import torch

    with loaded.use:
        for start in range(0, len(pixels), _BATCH_FRAMES):
            patches = family.patches(loaded.model, loaded.processor, pixels[start : start + _BATCH_FRAMES])
            means = patches.float().mean(dim=1)
            features: NDArray[np.float32] = torch.nn.functional.normalize(means, dim=-1).cpu().numpy()
            yield features
