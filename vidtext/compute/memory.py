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
    """A stack of transformer layers: how many, their width, and the inner width of their feed-forward part."""

    layers: int
    width: int
    inner: int


@dataclass(frozen=True)
class Shape:
    """What memory depends on of a model.

    Attributes:
        parameters: how many numbers its weights are.
        edge_pixels: the width and height of a frame.
        tower: the vision tower.
        patches: how many vectors the tower makes of one frame.
        kept_layers: of how many of its layers the tower keeps the vectors until it has ended.
        text: the text model.
        key_width: the width of a token's keys in one layer, and of its values.
        frame_tokens: how many tokens the text model reads for one frame.
        vocabulary: how many scores a written token has.
        looked_up: how many of the parameters are a table of which a job reads a few rows: the words that are read.
        spelled_out_heads: how many heads of the text model hold a matrix of scores; 0 where attention is fused.
        smaller_edge_pixels: the edge that frames may be shrunk to where memory is short; 0 if they may not.
    """

    parameters: int
    edge_pixels: int
    tower: Stack
    patches: int
    kept_layers: int
    text: Stack
    key_width: int
    frame_tokens: int
    vocabulary: int
    looked_up: int
    spelled_out_heads: int = 0
    smaller_edge_pixels: int = 0

    def with_edge(self, edge_pixels: int) -> Shape:
        """Return the shape with frames of another size: patches and tokens of a frame go with its area."""
        area = (edge_pixels / self.edge_pixels) ** 2
        patches, tokens = round(self.patches * area), round(self.frame_tokens * area)
        return replace(self, edge_pixels=edge_pixels, patches=patches, frame_tokens=tokens)


@dataclass(frozen=True)
class Wanted:
    """What is to be done at once.

    Attributes:
        clips: how many clips go through the model side by side.
        frames: how many frames each has.
        text_tokens: how many tokens its words have.
        new_tokens: how many are written.
        precision: of the weights, as torch calls it.
        mapped: whether the weights stay in their file, of which the system reads what is used: on a CPU, as they are.
        edge_pixels: of frames that are shrunk; 0 for those of the model's own size.
        bytes_outside: how much of the weights is kept outside the device's memory and fetched when it is used.
    """

    clips: int
    frames: int
    text_tokens: int
    new_tokens: int
    precision: str
    mapped: bool = False
    edge_pixels: int = 0
    bytes_outside: int = 0


@dataclass(frozen=True)
class Need:
    """Bytes that a job needs: for weights and what runs them, frames as pixels, seeing them, and writing words."""

    weights: int
    pixels: int
    seeing: int
    writing: int

    @property
    def peak(self) -> int:
        """The most at one time: a model sees first and writes then."""
        return self.weights + self.pixels + max(self.seeing, self.writing)


def need_of(shape: Shape, wanted: Wanted) -> Need:
    """Estimate what a job needs."""
    if wanted.edge_pixels:
        shape = shape.with_edge(wanted.edge_pixels)
    number = _COMPUTED_BYTES.get(wanted.precision, 2)
    frames = wanted.clips * wanted.frames
    read = wanted.frames * shape.frame_tokens + wanted.text_tokens
    tower_vectors = (_TOWER_WIDTHS + shape.kept_layers) * shape.tower.width + 2 * shape.tower.inner
    forward = (_TEXT_WIDTHS * shape.text.width + _GATED_INNER * shape.text.inner) * read
    states = 2 * shape.text.layers * shape.key_width * (read + wanted.new_tokens)
    scores = _SCORES_HELD * shape.spelled_out_heads * read * read
    attention = _ATTENTION_WIDTHS * shape.text.width * read + scores
    return Need(
        weights=weight_bytes(shape, wanted) - wanted.bytes_outside + _RUNTIME_BYTES,
        pixels=frames * 3 * shape.edge_pixels**2 * (1 + _PIXEL_COPIES * _FP32_BYTES),
        seeing=frames * shape.patches * tower_vectors * number,
        writing=wanted.clips * (states + max(forward, attention) + shape.vocabulary) * number,
    )


def weight_bytes(shape: Shape, wanted: Wanted) -> int:
    """Return how large the weights are that are read in a job."""
    return int((shape.parameters - (shape.looked_up if wanted.mapped else 0)) * BYTES_A_NUMBER[wanted.precision])


@dataclass(frozen=True)
class MemoryPlan:
    """How a job is done so that it fits.

    Attributes:
        wanted: what is done, perhaps less than was asked for.
        need: what it is expected to need.
        free_bytes: what could be had.
        notes: one sentence for everything that was stepped down.
    """

    wanted: Wanted
    need: Need
    free_bytes: int
    notes: tuple[str, ...] = field(default=())

    def bytes_to_take(self, *, loaded: bool) -> int:
        """Return how much of the peak is still to be taken: all of it, or all but the weights once they are loaded."""
        return self.need.peak - (self.need.weights if loaded else 0)


def plan_memory(
    shape: Shape, wanted: Wanted, memory: Memory, *, name: str, share: float, fewest_frames: int, loaded: bool
) -> MemoryPlan:
    """Step a job down until it fits.

    First fewer clips at once, then fewer frames, then smaller ones where the model allows it, then half the precision,
    and at last with a part of the weights outside the device's memory, from where each is fetched when it is used.

    Args:
        shape: the model.
        wanted: what is asked for.
        memory: of the device.
        name: what to call the model.
        share: the part of the free memory that may be planned with; the rest is for what an estimate misses.
        fewest_frames: so many frames of a clip are always kept.
        loaded: whether the weights are there already, and so are not among what is needed.

    Raises:
        NoMemoryError: it does not fit in any way.
    """
    room = int(memory.free_bytes * share)

    def needed(this: Wanted) -> int:
        need = need_of(shape, this)
        return need.peak - (need.weights if loaded else 0)

    fitting = wanted
    for step in _steps(shape, fewest_frames, loaded=loaded):
        while needed(fitting) > room and (less := step(fitting)) is not None:
            fitting = less
    if needed(fitting) > room and not loaded:
        fitting = _with_weights_outside(shape, fitting, needed(fitting) - room)
    if needed(fitting) > room:
        raise NoMemoryError(
            f"{name} needs about {_gigabytes(needed(fitting))} even for {fitting.clips} clip of {fitting.frames} "
            f"frames, and {_gigabytes(memory.free_bytes)} of {_gigabytes(memory.total_bytes)} are free. Choose a "
            "smaller model, or free some memory."
        )
    return MemoryPlan(fitting, need_of(shape, fitting), memory.free_bytes, _notes(wanted, fitting, memory))


def _with_weights_outside(shape: Shape, wanted: Wanted, count: int) -> Wanted:
    """Keep so many bytes of the weights outside, unless too little of them would be left for two layers at a time.

    They go in parts of a certain size: the next job, for which about as much memory is free, finds the model as it is.
    """
    weights = weight_bytes(shape, wanted)
    part = math.ceil(weights / _PARTS)
    most = weights - _LAYERS_INSIDE * weights // (shape.tower.layers + shape.text.layers)
    outside = min(math.ceil(count / part) * part, most)
    return replace(wanted, bytes_outside=outside) if count <= most else wanted


def _steps(shape: Shape, fewest_frames: int, *, loaded: bool) -> list[Callable[[Wanted], Wanted | None]]:
    """Return what may be stepped down, in its order; each gives a little less, None where there is nothing left."""

    def clips(wanted: Wanted) -> Wanted | None:
        return replace(wanted, clips=wanted.clips // 2) if wanted.clips > 1 else None

    def frames(wanted: Wanted) -> Wanted | None:
        if wanted.frames <= fewest_frames:
            return None
        return replace(wanted, frames=max(fewest_frames, wanted.frames // 2))

    def edge(wanted: Wanted) -> Wanted | None:
        smaller = shape.smaller_edge_pixels
        return replace(wanted, edge_pixels=smaller) if smaller and not wanted.edge_pixels else None

    def precision(wanted: Wanted) -> Wanted | None:
        half = HALF_OF.get(wanted.precision)
        return replace(wanted, precision=half, mapped=False) if half and not loaded else None

    return [clips, frames, edge, precision]


def _notes(wanted: Wanted, fitting: Wanted, memory: Memory) -> tuple[str, ...]:
    made = []
    if fitting.frames < wanted.frames:
        made.append(f"{fitting.frames} of {wanted.frames} frames are used")
    if fitting.clips < wanted.clips:
        made.append(f"{fitting.clips} of {wanted.clips} clips go through the model at once")
    if fitting.edge_pixels != wanted.edge_pixels:
        made.append(f"frames are shrunk to {fitting.edge_pixels} × {fitting.edge_pixels}")
    if fitting.precision != wanted.precision:
        made.append(f"the weights are held in {fitting.precision} instead of {wanted.precision}")
    if fitting.bytes_outside:
        outside = _gigabytes(fitting.bytes_outside)
        made.append(f"{outside} of the weights are kept outside the device's memory, which makes it slow")
    because = f", since {_gigabytes(memory.free_bytes)} of memory are free."
    return tuple(each[:1].upper() + each[1:] + because for each in made)


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
