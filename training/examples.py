"""The example clips that the page offers: ``python -m training.examples`` writes them and what to expect of them."""

import json
from dataclasses import dataclass
from pathlib import Path

from training.scenes import Actor, NaturalScene, ToyScene
from training.world import Scene, render_film, write_video

FOLDER = Path(__file__).parent.parent / "vidtext" / "examples"
SIZE = (360, 640)
FRAME_RATE = 25


@dataclass(frozen=True)
class Plan:
    """One example: its file, its title, its scenes one after another, and the seed that decides how they look."""

    file: str
    title: str
    scenes: tuple[Scene, ...]
    seconds_each: float
    seed: int


PLANS = (
    Plan(
        "moving_circle.mp4",
        "A red circle",
        (ToyScene((Actor("red", "circle", "right"),), "dark blue"),),
        6.0,
        seed=12,
    ),
    Plan(
        "four_scenes.mp4",
        "A film of four scenes",
        (
            ToyScene((Actor("yellow", "star", "grows"),), "dark blue"),
            ToyScene((Actor("purple", "square", "down"),), "light yellow"),
            ToyScene((Actor("orange", "circle"), Actor("white", "triangle")), "dark green", in_turn=True),
            ToyScene((Actor("blue", "circle", "up"), Actor("red", "square", "left")), "white"),
        ),
        5.0,
        seed=20,
    ),
    Plan(
        "pan_over_a_town.mp4",
        "The camera pans over a town",
        (NaturalScene("right", "horizon", "bright", colour="blue"),),
        6.0,
        seed=15,
    ),
)


def main() -> None:
    """Render every example into the folder, with an index of titles and reference captions with their times."""
    FOLDER.mkdir(exist_ok=True)
    index = []
    for plan in PLANS:
        film = render_film(
            plan.scenes, seconds_each=plan.seconds_each, frame_rate=FRAME_RATE, size=SIZE, seed=plan.seed
        )
        write_video(FOLDER / plan.file, film.pixels, frame_rate=FRAME_RATE, keyframe_every=2 * FRAME_RATE)
        expected = [
            {"start_seconds": start, "stop_seconds": start + plan.seconds_each, "text": text}
            for start, text in zip(film.start_seconds, film.captions, strict=True)
        ]
        index.append({"file": plan.file, "title": plan.title, "expected": expected})
    (FOLDER / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
