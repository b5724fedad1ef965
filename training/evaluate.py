"""Score a captioner on seeds that it never saw, and on real clips: ``python -m training.evaluate``."""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from training import real
from training.dataset import square
from training.grammar import Claims, parse
from training.palette import Pixels
from training.scenes import Register, Truth
from training.world import render

CHECKPOINT = Path(__file__).parent.parent / "vidtext" / "models" / "embedded" / "captioner"
EVALUATION_SEEDS = range(600)
"""For each register; training takes its seeds from one million on."""
SIZES = ((120, 160), (180, 320), (160, 160), (270, 152))
"""Heights and widths of the clips that are scored, in turn."""
_BATCH = 50


@dataclass(frozen=True)
class Score:
    """How often one attribute was right among the clips that have it, and how often the commonest answer would be."""

    name: str
    clips: int
    right: float
    majority: float


class Checkpoint:
    """A captioner loaded the way that every caller loads it."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()

    def caption(self, clips: Sequence[Pixels]) -> list[str]:
        """Return one caption for each clip of six frames (6, H, W, 3) uint8 RGB."""
        texts: list[str] = []
        for first in range(0, len(clips), _BATCH):
            batch = [square(clip) for clip in clips[first : first + _BATCH]]
            frames = [frame for clip in batch for frame in clip]
            pixels = self.processor.image_processor(images=frames, return_tensors="pt")["pixel_values"]
            with torch.inference_mode():
                tokens = self.model.generate(pixel_values=pixels.unflatten(0, (len(batch), -1)), max_new_tokens=30)
            texts += [text.strip() for text in self.processor.batch_decode(tokens, skip_special_tokens=True)]
        return texts


@dataclass(frozen=True)
class Attribute:
    """One thing that a caption can be right about.

    `accepted` gives every right answer for a clip, or nothing where the clip is not asked about; `claimed` gives the
    answer of a caption.
    """

    name: str
    accepted: Callable[[Truth], Sequence[object]]
    claimed: Callable[[Claims], object]


def _of_actors(name: str, field: str) -> Attribute:
    def read(said: Truth | Claims) -> object:
        return tuple(getattr(actor, field) for actor in said.actors)

    return Attribute(name, lambda truth: [read(truth)], read)


def _count(said: Truth | Claims) -> int:
    return sum(actor.count for actor in said.actors)


def _camera(truth: Truth) -> list[str]:
    return [] if truth.change else [truth.camera]


ATTRIBUTES: dict[Register, tuple[Attribute, ...]] = {
    "toy": (
        Attribute("how many shapes", lambda truth: [_count(truth)], _count),
        _of_actors("colour of each", "colour"),
        _of_actors("shape of each", "shape"),
        _of_actors("what each does", "action"),
        Attribute(
            "second way or new colour",
            lambda truth: [truth.actors[0].then] if truth.actors[0].then else [],
            lambda claims: claims.actors[0].then if claims.actors else "",
        ),
        Attribute("one after another", lambda truth: [truth.in_turn], lambda claims: claims.in_turn),
        Attribute("background", lambda truth: [truth.background], lambda claims: claims.background),
    ),
    "natural": (
        Attribute("light", lambda truth: truth.look.accepted_lights, lambda claims: claims.light),
        Attribute("main colour", lambda truth: truth.look.accepted_colours, lambda claims: "".join(claims.colours[:1])),
        Attribute("camera, named or left out", _camera, lambda claims: claims.camera),
        Attribute("camera, where it is clear", lambda truth: list(filter(None, _camera(truth))), lambda c: c.camera),
        Attribute("grows brighter or darker", lambda truth: [truth.change], lambda claims: claims.change),
        Attribute("no shape claimed", lambda _: [()], lambda claims: claims.actors),
    ),
}  # fmt: skip


def score(attribute: Attribute, truths: Sequence[Truth], claims: Sequence[Claims]) -> Score:
    """Score one attribute beside the answer that would be right most often."""
    asked = [(attribute.accepted(truth), attribute.claimed(claim)) for truth, claim in zip(truths, claims, strict=True)]
    asked = [(accepted, claimed) for accepted, claimed in asked if accepted]
    right = sum(claimed in accepted for accepted, claimed in asked)
    commonest = Counter(answer for accepted, _ in asked for answer in accepted).most_common(1)[0][1]
    return Score(attribute.name, len(asked), right / len(asked), commonest / len(asked))


def score_register(checkpoint: Checkpoint, register: Register, seeds: Sequence[int]) -> list[Score]:
    """Caption freshly rendered clips of a register and score every attribute, and the whole sentence last."""
    clips = [render(seed, register=register, size=SIZES[seed % len(SIZES)]) for seed in seeds]
    texts = checkpoint.caption([clip.pixels for clip in clips])
    truths, claims = [clip.truth for clip in clips], [parse(text) for text in texts]
    asked = [attribute for attribute in ATTRIBUTES[register] if any(map(attribute.accepted, truths))]
    scores = [score(attribute, truths, claims) for attribute in asked]
    whole = [
        all(
            attribute.claimed(claim) in attribute.accepted(truth)
            for attribute in ATTRIBUTES[register]
            if attribute.accepted(truth)
        )
        for truth, claim in zip(truths, claims, strict=True)
    ]
    commonest = Counter(clip.caption for clip in clips).most_common(1)[0][1]
    return [*scores, Score("the whole sentence", len(clips), sum(whole) / len(clips), commonest / len(clips))]


def score_world(checkpoint: Checkpoint, seeds: Sequence[int] = EVALUATION_SEEDS) -> dict[str, list[Score]]:
    """Score both registers."""
    return {register: score_register(checkpoint, register, seeds) for register in ("toy", "natural")}


def table(scores: dict[str, list[Score]]) -> str:
    """Return the scores as a Markdown table."""
    lines = ["| register | attribute | clips | right | commonest answer |", "|---|---|---:|---:|---:|"]
    lines += [
        f"| {register} | {each.name} | {each.clips} | {100 * each.right:.1f} % | {100 * each.majority:.1f} % |"
        for register, rows in scores.items()
        for each in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table, and with ``--real`` the one on real clips."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("FIRST", "STOP"), default=(0, EVALUATION_SEEDS.stop))
    parser.add_argument("--real", type=Path, help="folder of real clips")
    options = parser.parse_args()
    checkpoint = Checkpoint(options.checkpoint)
    print(table(score_world(checkpoint, range(*options.seeds))))
    if options.real:
        print(real.report(real.score_folder(checkpoint.caption, options.real)))


if __name__ == "__main__":
    main()
