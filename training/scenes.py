"""The values of the synthetic world: what a scene holds, what is true of a rendered clip."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.palette import Light, Look, Pixels

Register = Literal["toy", "natural"]
Direction = Literal["right", "left", "up", "down"]
Action = Literal["right", "left", "up", "down", "still", "grows", "shrinks", "turns"]
Camera = Literal["still", "right", "left", "up", "down", "closer", "away", ""]
"""What the camera does; empty where it is not clear enough to be claimed."""
Change = Literal["brighter", "darker", ""]
Ground = Literal["clouds", "leaves", "horizon", "screen", "pattern", "wall"]

DIRECTIONS: tuple[Direction, ...] = ("right", "left", "up", "down")
ACTIONS: tuple[Action, ...] = (*DIRECTIONS, "still", "grows", "shrinks", "turns")
CAMERAS: tuple[Camera, ...] = ("still", "right", "left", "up", "down", "closer", "away", "")
GROUNDS: tuple[Ground, ...] = ("clouds", "leaves", "horizon", "screen", "pattern", "wall")
SHAPES = ("circle", "square", "triangle", "star")

ACTOR_TONES: dict[str, tuple[int, int, int]] = {
    "red": (214, 40, 40),
    "orange": (247, 140, 30),
    "yellow": (250, 215, 45),
    "green": (50, 165, 75),
    "blue": (45, 100, 225),
    "purple": (140, 60, 185),
    "pink": (250, 140, 185),
    "white": (248, 248, 245),
    "black": (18, 18, 22),
}
"""RGB of the colours that a shape can have."""

BACKGROUND_TONES: dict[str, tuple[int, int, int]] = {
    "black": (10, 10, 14),
    "white": (244, 244, 240),
    "grey": (128, 130, 132),
    "dark blue": (20, 32, 88),
    "light blue": (160, 205, 240),
    "dark green": (16, 66, 38),
    "light green": (180, 228, 175),
    "dark red": (92, 16, 24),
    "light yellow": (248, 238, 180),
}
"""RGB of the toy register's backgrounds."""


@dataclass(frozen=True)
class Actor:
    """One shape, or `count` equal ones that move together, and what it does.

    `then` is the second direction of a path that turns, or the new colour where the action is "turns".
    """

    colour: str
    shape: str
    action: Action = "still"
    then: str = ""
    count: int = 1


@dataclass(frozen=True)
class ToyScene:
    """Large clear shapes on a plain background. With `in_turn` the actors appear one after another and stay still.

    Actors that are seen together are listed from left to right.
    """

    actors: tuple[Actor, ...]
    background: str = "dark blue"
    in_turn: bool = False


@dataclass(frozen=True)
class NaturalScene:
    """A textured scene seen by a camera; an empty `camera` means a movement that is not clear enough to be named."""

    camera: Camera = "still"
    ground: Ground = "leaves"
    light: Light = "moderate"
    change: Change = ""
    colour: str = "green"


@dataclass(frozen=True)
class Truth:
    """What is true of a clip. `look` and `change` are measured on the pixels, everything else is known beforehand."""

    register: Register
    look: Look
    camera: Camera = ""
    change: Change = ""
    background: str = ""
    actors: tuple[Actor, ...] = ()
    in_turn: bool = False

    @property
    def light(self) -> Light:
        """Dark, moderate or bright, by the mean luma."""
        return self.look.light

    @property
    def colours(self) -> tuple[str, ...]:
        """The main colour and, where it is large enough, the second one."""
        return self.look.colours


@dataclass(frozen=True)
class Motion:
    """Where things are at every frame, in numbers.

    `camera` is (N, 3): the view's centre in widths and heights of the view, and the natural logarithm of its
    magnification. `actors` is (A, N, 2): centres in widths and heights of the picture, NaN while out of sight.
    """

    camera: NDArray[np.float32]
    actors: NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """A rendered clip: `pixels` (N, H, W, 3) uint8 RGB, `seconds` (N,) float64, its truth and reference caption."""

    pixels: Pixels
    seconds: NDArray[np.float64]
    truth: Truth
    caption: str
    motion: Motion

    def __repr__(self) -> str:
        return f"Clip(pixels={self.pixels.shape}, caption={self.caption!r})"
