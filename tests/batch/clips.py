"""Short clips of the synthetic world, whose shapes and colours are known."""

from __future__ import annotations

from pathlib import Path

from training.scenes import Actor, ToyScene
from training.world import render_scene, write_video

COLOURS = ("red", "blue", "yellow", "green", "white", "purple", "orange")


def coloured_clips(folder: Path, count: int) -> list[str]:
    """Write clips of two seconds, each with a circle of a colour of its own, and return the colours."""
    folder.mkdir(parents=True, exist_ok=True)
    colours = [COLOURS[number % len(COLOURS)] for number in range(count)]
    for number, colour in enumerate(colours):
        scene = ToyScene((Actor(colour, "circle", "right"),), "black")
        pixels = render_scene(scene, seed=11 + number, frames=24, seconds=2.0).pixels
        write_video(folder / f"clip{number:02d}.mp4", pixels, frame_rate=12)
    return colours
