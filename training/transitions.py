"""How one scene becomes the next: the hard cut, the dissolve and the fade, and the truth about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.palette import Pixels

TransitionKind = Literal["cut", "dissolve", "fade"]

FADE_BLANK_PART = 0.2
"""Part of a fade that is nothing but its colour, between the fade out and the fade in."""


@dataclass(frozen=True)
class Transition:
    """From one scene to the next.

    Attributes:
        kind: a dissolve overlaps the end of one scene with the start of the next, which makes a film that much shorter.
            A fade takes the last part of one scene and the first part of the next, with frames of `tone` between.
        frames: how many frames are of neither scene alone; 0 for a cut.
        tone: grey level that a fade goes through, 0 is black and 255 is white.
    """

    kind: TransitionKind = "cut"
    frames: int = 0
    tone: int = 0

    def __post_init__(self) -> None:
        if (self.kind == "cut") != (self.frames == 0) or self.frames < 0:
            raise ValueError(f"a {self.kind} of {self.frames} frames is not possible")


@dataclass(frozen=True)
class Boundary:
    """Where a film goes from one scene to the next: half-open, from the first mixed frame to the first clean one.

    A cut has no mixed frame: both times are those of the first frame of the new scene.
    """

    start_seconds: float
    stop_seconds: float
    kind: TransitionKind


@dataclass(frozen=True)
class Joined:
    """Scenes after each other: `pixels` is (N, H, W, 3) uint8 RGB.

    `starts` has the index of each scene's first frame, `spans` where each transition starts and stops, in frames.
    """

    pixels: Pixels
    starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]


def join(scenes: Sequence[Pixels], transitions: Sequence[Transition]) -> Joined:
    """Put scenes (N, H, W, 3) after each other, with one transition between each two.

    Raises:
        ValueError: the number of transitions does not fit, or a scene is shorter than its transitions.
    """
    if len(transitions) != len(scenes) - 1:
        raise ValueError(f"{len(scenes)} scenes have {len(scenes) - 1} transitions, not {len(transitions)}")
    taken = [transition.frames for transition in transitions]
    for scene, before, after in zip(scenes, [0, *taken], [*taken, 0], strict=True):
        if len(scene) < before + after:
            raise ValueError(f"a scene of {len(scene)} frames is too short for transitions of {before} and {after}")
    pixels, starts, spans = scenes[0], [0], []
    for scene, transition in zip(scenes[1:], transitions, strict=True):
        length, count = len(pixels), transition.frames
        if transition.kind == "dissolve":
            kept = length - count
            pixels = np.concatenate([pixels[:kept], _blend(pixels[kept:], scene[:count]), scene[count:]])
            starts.append(kept)
            spans.append((kept, length))
        elif transition.kind == "fade":
            ramp = max(1, round(count * (1 - FADE_BLANK_PART) / 2))
            tone = np.full_like(scene[:ramp], transition.tone)
            blank = np.full_like(scene[: max(1, count - 2 * ramp)], transition.tone)
            out, into = _blend(pixels[-ramp:], tone), _blend(tone, scene[:ramp])
            pixels = np.concatenate([pixels[:-ramp], out, blank, into, scene[ramp:]])
            starts.append(length + len(blank))
            spans.append((length - ramp, length + len(blank) + ramp))
        else:
            pixels = np.concatenate([pixels, scene])
            starts.append(length)
            spans.append((length, length))
    return Joined(pixels, tuple(starts), tuple(spans))


def _blend(leaving: Pixels, coming: Pixels) -> Pixels:
    """Mix two stretches of equal length, the second one growing by equal steps; neither is alone in any frame."""
    count = len(leaving)
    part = ((np.arange(count, dtype=np.float32) + 1) / (count + 1))[:, None, None, None]
    return np.asarray(np.round(leaving * (1 - part) + coming * part), dtype=np.uint8)
