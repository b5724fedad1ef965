"""What a job will need of a device's memory, and what of it is stepped down until it fits: pure arithmetic.

The numbers of a model come from its configuration (`vidtext.models.shapes`). What PyTorch holds at its peak was found
by reading the models' code; `python -m benchmarks.memory_plan` sets the estimates against what is measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vidtext.errors import NoMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.compute.free_memory import Memory

BYTES_A_NUMBER = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1.05, "int4": 0.6}
"""Of weights, by the names that torch gives to its types. Those of bitsandbytes have their scales besides (in NF4 half
a bit each, Dettmers et al. 2023, arXiv:2305.14314), and the tables of words stay in half precision."""

_COMPUTED_BYTES = {"float32": 4}
"""Of what is computed with them: two for all others."""

HALF_OF = {"float32": "bfloat16"}
"""The precision that is stepped down to: the same range in half the bytes."""

_TOWER_WIDTHS = 4
"""Vectors of the tower's width that a patch has at the peak of a layer: what came in, its norm, two of attention."""

_TEXT_WIDTHS = 6
"""Vectors of the text model's width that a token has at the peak of a layer: the same, and queries, keys and values."""

_GATED_INNER = 3
"""Vectors of a gated feed-forward's inner width: the gate, what passes it, and their product."""

_SCORES_HELD = 3
"""Matrices of scores where attention is spelled out: scaled, masked, and after the softmax."""

_ATTENTION_WIDTHS = 4
"""Vectors of the text model's width that a token has besides: what came in, queries, keys and values."""

_RUNTIME_BYTES = 30_000_000
"""What Python and PyTorch take for the first model besides its weights: measured with the smallest ones."""

_PIXEL_COPIES = 3
"""Copies in fp32 that a processor makes of frames: rescaled, normalized, and stacked."""

_FP32_BYTES = 4

_PARTS = 16
"""Into how many parts the weights are divided of which some stay outside the device's memory."""

_LAYERS_INSIDE = 3
"""Layers' worth of weights that stay on the device at least: one that works, one that comes, and what is no layer."""


@dataclass(frozen=True)
class Stack:
    """A stack of transformer layers; the sizes are named as in transformers' configurations."""

    layers: int
    hidden_size: int
    intermediate_size: int


@dataclass(frozen=True)
class ModelDims:
    """What memory depends on of a model.

    Attributes:
        parameters: how many numbers its weights are.
        image_size: the width and height of a frame.
        tower: the vision tower.
        patches: how many vectors the tower makes of one frame.
        output_hidden_layers: layers of the tower whose output is held until it has ended.
        text: the text model.
        kv_dim: the size of a token's keys in one layer, and of its values.
        frame_tokens: how many tokens the text model reads for one frame.
        vocabulary: how many scores a written token has.
        embedding_params: parameters of the input embedding, of which a job reads a few rows.
        eager_attention_heads: heads of the text model that hold a matrix of scores; 0 where attention is fused.
        smaller_image_size: the edge that frames may be shrunk to where memory is short; 0 if they may not.
    """

    parameters: int
    image_size: int
    tower: Stack
    patches: int
    output_hidden_layers: int
    text: Stack
    kv_dim: int
    frame_tokens: int
    vocabulary: int
    embedding_params: int
    eager_attention_heads: int = 0
    smaller_image_size: int = 0

    def with_image_size(self, image_size: int) -> ModelDims:
        """Return the shape with frames of another size: patches and tokens of a frame go with its area."""
        area = (image_size / self.image_size) ** 2
        patches, tokens = round(self.patches * area), round(self.frame_tokens * area)
        return replace(self, image_size=image_size, patches=patches, frame_tokens=tokens)


@dataclass(frozen=True)
class RunConfig:
    """What is to be done at once.

    Attributes:
        clips: how many clips go through the model side by side.
        frames: how many frames each has.
        text_tokens: how many tokens its words have.
        new_tokens: how many are written.
        dtype: of the weights, as torch calls it.
        mapped: whether the weights stay in their file, of which the system reads what is used: on a CPU, as they are.
        image_size: of frames that are shrunk; 0 for those of the model's own size.
        offloaded_bytes: how much of the weights is kept outside the device's memory and fetched when it is used.
    """

    clips: int
    frames: int
    text_tokens: int
    new_tokens: int
    dtype: str
    mapped: bool = False
    image_size: int = 0
    offloaded_bytes: int = 0


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a job needs: for weights and what runs them, frames as pixels, seeing them, and writing words."""

    weights: int
    pixels: int
    seeing: int
    writing: int

    @property
    def peak(self) -> int:
        """The most at one time: a model sees first and writes then."""
        return self.weights + self.pixels + max(self.seeing, self.writing)


def estimate_memory(dims: ModelDims, config: RunConfig) -> MemoryEstimate:
    """Estimate what a job needs."""
    if config.image_size:
        dims = dims.with_image_size(config.image_size)
    number = _COMPUTED_BYTES.get(config.dtype, 2)
    frames = config.clips * config.frames
    read = config.frames * dims.frame_tokens + config.text_tokens
    tower_vectors = (
        _TOWER_WIDTHS + dims.output_hidden_layers
    ) * dims.tower.hidden_size + 2 * dims.tower.intermediate_size
    forward = (_TEXT_WIDTHS * dims.text.hidden_size + _GATED_INNER * dims.text.intermediate_size) * read
    states = 2 * dims.text.layers * dims.kv_dim * (read + config.new_tokens)
    scores = _SCORES_HELD * dims.eager_attention_heads * read * read
    attention = _ATTENTION_WIDTHS * dims.text.hidden_size * read + scores
    return MemoryEstimate(
        weights=weight_bytes(dims, config) - config.offloaded_bytes + _RUNTIME_BYTES,
        pixels=frames * 3 * dims.image_size**2 * (1 + _PIXEL_COPIES * _FP32_BYTES),
        seeing=frames * dims.patches * tower_vectors * number,
        writing=config.clips * (states + max(forward, attention) + dims.vocabulary) * number,
    )


def weight_bytes(dims: ModelDims, config: RunConfig) -> int:
    """Return how large the weights are that are read in a job."""
    return int((dims.parameters - (dims.embedding_params if config.mapped else 0)) * BYTES_A_NUMBER[config.dtype])


@dataclass(frozen=True)
class MemoryPlan:
    """How a job is done so that it fits.

    Attributes:
        config: what is done, perhaps less than was asked for.
        estimate: what it is expected to need.
        free_bytes: what could be had.
        notes: one sentence for everything that was stepped down.
    """

    config: RunConfig
    estimate: MemoryEstimate
    free_bytes: int
    notes: tuple[str, ...] = field(default=())

    def bytes_to_take(self, *, loaded: bool) -> int:
        """Return how much of the peak is still to be taken: all of it, or all but the weights once they are loaded."""
        return self.estimate.peak - (self.estimate.weights if loaded else 0)


def plan_memory(
    dims: ModelDims, config: RunConfig, memory: Memory, *, name: str, share: float, min_frames: int, loaded: bool
) -> MemoryPlan:
    """Step a job down until it fits.

    First fewer clips at once, then fewer frames, then smaller ones where the model allows it, then half the precision,
    and at last with a part of the weights outside the device's memory, from where each is fetched when it is used.

    Args:
        dims: the model.
        config: what is asked for.
        memory: of the device.
        name: what to call the model.
        share: the part of the free memory that may be planned with; the rest is for what an estimate misses.
        min_frames: so many frames of a clip are always kept.
        loaded: whether the weights are there already, and so are not among what is needed.

    Raises:
        NoMemoryError: it does not fit in any way.
    """
    room = int(memory.free_bytes * share)

    def needed(this: RunConfig) -> int:
        estimate = estimate_memory(dims, this)
        return estimate.peak - (estimate.weights if loaded else 0)

    fitting = config
    for step in _steps(dims, min_frames, loaded=loaded):
        while needed(fitting) > room and (less := step(fitting)) is not None:
            fitting = less
    if needed(fitting) > room and not loaded:
        fitting = _with_weights_outside(dims, fitting, needed(fitting) - room)
    if needed(fitting) > room:
        raise NoMemoryError(
            f"{name} needs about {_gigabytes(needed(fitting))} even for {fitting.clips} clip of {fitting.frames} "
            f"frames, and {_gigabytes(memory.free_bytes)} of {_gigabytes(memory.total_bytes)} are free. Choose a "
            "smaller model, or free some memory."
        )
    return MemoryPlan(fitting, estimate_memory(dims, fitting), memory.free_bytes, _notes(config, fitting, memory))


def _with_weights_outside(dims: ModelDims, config: RunConfig, count: int) -> RunConfig:
    """Keep so many bytes of the weights outside, unless too little of them would be left for two layers at a time.

    They go in parts of a certain size: the next job, for which about as much memory is free, finds the model as it is.
    """
    weights = weight_bytes(dims, config)
    part = math.ceil(weights / _PARTS)
    most = weights - _LAYERS_INSIDE * weights // (dims.tower.layers + dims.text.layers)
    outside = min(math.ceil(count / part) * part, most)
    return replace(config, offloaded_bytes=outside) if count <= most else config


def _steps(dims: ModelDims, min_frames: int, *, loaded: bool) -> list[Callable[[RunConfig], RunConfig | None]]:
    """Return what may be stepped down, in its order; each gives a little less, None where there is nothing left."""

    def clips(config: RunConfig) -> RunConfig | None:
        return replace(config, clips=config.clips // 2) if config.clips > 1 else None

    def frames(config: RunConfig) -> RunConfig | None:
        if config.frames <= min_frames:
            return None
        return replace(config, frames=max(min_frames, config.frames // 2))

    def edge(config: RunConfig) -> RunConfig | None:
        smaller = dims.smaller_image_size
        return replace(config, image_size=smaller) if smaller and not config.image_size else None

    def dtype(config: RunConfig) -> RunConfig | None:
        half = HALF_OF.get(config.dtype)
        return replace(config, dtype=half, mapped=False) if half and not loaded else None

    return [clips, frames, edge, dtype]


def _notes(config: RunConfig, fitting: RunConfig, memory: Memory) -> tuple[str, ...]:
    made = []
    if fitting.frames < config.frames:
        made.append(f"{fitting.frames} of {config.frames} frames are used")
    if fitting.clips < config.clips:
        made.append(f"{fitting.clips} of {config.clips} clips go through the model at once")
    if fitting.image_size != config.image_size:
        made.append(f"frames are shrunk to {fitting.image_size} × {fitting.image_size}")
    if fitting.dtype != config.dtype:
        made.append(f"the weights are held in {fitting.dtype} instead of {config.dtype}")
    if fitting.offloaded_bytes:
        outside = _gigabytes(fitting.offloaded_bytes)
        made.append(f"{outside} of the weights are kept outside the device's memory, which makes it slow")
    because = f", since {_gigabytes(memory.free_bytes)} of memory are free."
    return tuple(each[:1].upper() + each[1:] + because for each in made)


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
