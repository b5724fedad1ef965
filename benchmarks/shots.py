"""How well and how fast shots are found: on rendered films whose cuts are known, on real clips, beside PySceneDetect.

The rendered films are those of training/world.py with seeds that nothing was tuned on, encoded as H.264. A cut counts
as found within one frame, a dissolve or a fade if the boundary is inside of it or one frame off. For the speed, both
read the same files in turn: vidtext in a new process, and PySceneDetect's own command with its defaults.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
import cv2
import numpy as np

import vidtext
from benchmarks import clips
from benchmarks.report import machine, table
from training.world import random_film, write_video

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from training.scenes import Register
    from training.transitions import Boundary
    from vidtext.media.read.choices import ShotMode
    from vidtext.media.shots.detect import Shot

REGISTERS: tuple[Register, ...] = ("natural", "toy")
MODES: tuple[ShotMode, ...] = ("exact", "fast")
FRAME_RATE = 25
TRUTHS = ("cuts_s", "dissolve_s", "fade_cuts", "detector_expected")
"""What INDEX.json calls what is known; the last two are frame numbers that PySceneDetect's tests expect."""


@dataclass
class Score:
    """How many transitions there are, how many were found, and how many more were claimed."""

    there: int = 0
    found: int = 0
    claimed: int = 0

    def figures(self) -> list[str]:
        """Return precision, recall and F1."""
        wrong = self.claimed - self.found
        precision = self.found / self.claimed if self.claimed else 1.0
        recall = self.found / self.there if self.there else 1.0
        both = 2 * self.found / (self.there + self.claimed) if self.there + self.claimed else 1.0
        return [f"{self.there}", f"{wrong}", f"{precision:.3f}", f"{recall:.3f}", f"{both:.3f}"]


def score(shots: Sequence[Shot], boundaries: Sequence[Boundary], scores: dict[str, Score], slack: float) -> None:
    """Add one film to the scores of each kind; a boundary that is not there counts under the kind that was claimed."""
    left = list(shots[1:])
    for boundary in boundaries:
        scores[boundary.kind].there += 1
        first, last = boundary.start_seconds - slack, boundary.stop_seconds + slack
        hit = next((shot for shot in left if first <= shot.start_seconds <= last), None)
        if hit is not None:
            left.remove(hit)
            scores[boundary.kind].found += 1
            scores[boundary.kind].claimed += 1
    for shot in left:
        scores[shot.begins].claimed += 1


def rendered(seeds: Sequence[int]) -> str:
    """Score rendered films, in every frame and among keyframes."""
    scores: dict[tuple[str, str], dict[str, Score]] = defaultdict(lambda: defaultdict(Score))
    clips.FOLDER.mkdir(exist_ok=True)
    path = clips.FOLDER / "shots-film.mp4"
    for register in REGISTERS:
        for seed in seeds:
            film = random_film(seed, register=register)
            write_video(path, film.pixels, frame_rate=FRAME_RATE)
            for mode in MODES:
                shots = vidtext.find_shots(path, mode=mode)
                score(shots, film.boundaries, scores[mode, register], 1.02 / FRAME_RATE)
    path.unlink()
    rows = [
        [f"{mode}, {register}, {kind}", *by_kind[kind].figures()]
        for (mode, register), by_kind in sorted(scores.items())
        for kind in ("cut", "dissolve", "fade")
    ]
    return table(["rendered films", "there", "wrong", "precision", "recall", "F1"], rows)


def real(folder: Path) -> str:
    """Say what is found in real clips with known cuts, and in those that have none."""
    rows = []
    for entry in json.loads((folder / "INDEX.json").read_text("utf-8"))["files"]:
        truth = entry.get("ground_truth") or {}
        known = {
            name: truth[name] for name in ("cuts_s", "dissolve_s", "fade_cuts", "detector_expected") if name in truth
        }
        name = str(entry["file"])
        if not known and not name.startswith(("act_", "codec_", "surv_")):
            continue
        found = []
        for mode in MODES:
            try:
                shots = vidtext.find_shots(folder / name, mode=mode)
            except vidtext.VidtextError as error:
                found.append(type(error).__name__)
                continue
            found.append(" ".join(f"{shot.start_seconds:.2f}{shot.begins[0]}" for shot in shots[1:]) or "none")
        rows.append([name, json.dumps(known) if known else "none known", *found])
    return table(["real clips: seconds, and c, d, f", "truth", "exact", "fast"], rows)


@dataclass(frozen=True)
class SpeedFilm:
    """Scenes of 20 to 60 s of still, panning and moving textures; the encoder puts keyframes where it wants to."""

    seconds: int
    width: int
    height: int
    bit_rate: int
    pans_only: bool = False

    def path(self) -> Path:
        """Return where it is, after making it if it is not there."""
        kind = "pan" if self.pans_only else "scenes"
        path = clips.FOLDER / f"shots-{kind}-{self.seconds}s-{self.height}p.mp4"
        if not path.exists():
            print(f"making {path} …", file=sys.stderr, flush=True)
            clips.FOLDER.mkdir(exist_ok=True)
            part = path.with_suffix(".part")
            self._write(part)
            part.rename(path)
        return path

    def __str__(self) -> str:
        kind = "one long pan" if self.pans_only else "scenes of 20 to 60 s"
        return f"{self.seconds / 60:g} min {self.height}p, {kind}"

    def _write(self, path: Path) -> None:
        with av.open(path, "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=FRAME_RATE, options={"preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
            stream.bit_rate, stream.gop_size = self.bit_rate, 250
            for planes in self._frames():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
            container.mux(stream.encode(None))

    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        rng = np.random.default_rng(0)
        left = self.seconds * FRAME_RATE
        noise = rng.integers(0, 6, (8, self.height, self.width), np.uint8)
        while left > 0:
            count = left if self.pans_only else min(left, int(rng.uniform(20, 60) * FRAME_RATE))
            yield from self._scene(rng, count, noise)
            left -= count

    def _scene(self, rng: np.random.Generator, count: int, noise: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
        height, width = self.height, self.width
        luma = _texture(rng, height, 2 * width, float(rng.uniform(60, 190)), 45.0)
        blue, red = (_texture(rng, height // 2, width, float(rng.uniform(70, 185)), 12.0) for _ in range(2))
        kind: Literal["still", "pan", "moving"] = "pan" if self.pans_only else rng.choice(["still", "pan", "moving"])
        for index in range(count):
            swing = 0.5 - 0.5 * np.cos(2 * np.pi * index / (20 * FRAME_RATE))
            across = 2 * int((width // 2 - 1) * swing) if kind == "pan" else 0
            frame = luma[:, across : across + width] + noise[index % len(noise)]
            if kind == "moving":
                place = int((width - height // 3) * swing)
                frame[height // 3 : 2 * height // 3, place : place + height // 3] = luma[: height // 3, : height // 3]
            colours = (plane[:, across // 2 : (across + width) // 2].reshape(-1, width) for plane in (blue, red))
            yield np.concatenate([frame, *colours])


SCENES = SpeedFilm(600, 1280, 720, 2_000_000)
PAN = SpeedFilm(120, 1280, 720, 2_000_000, pans_only=True)


def _texture(rng: np.random.Generator, height: int, width: int, mean: float, spread: float) -> NDArray[np.uint8]:
    """Make a picture with detail of all sizes, coarse detail stronger than fine, as in photographs."""
    picture = np.zeros((height, width), np.float32)
    size = 4
    while size < height:
        detail = rng.standard_normal((size, size * width // height), np.float32)
        picture += cv2.resize(detail, (width, height), interpolation=cv2.INTER_CUBIC) / size**0.8
        size *= 2
    return np.asarray(np.clip(mean + spread * picture / picture.std(), 16, 230), np.uint8)


def _vidtext(path: Path, mode: ShotMode) -> list[str]:
    work = f"import vidtext; vidtext.find_shots({str(path)!r}, mode={mode!r})"
    return [sys.executable, "-c", work]


def _pyscenedetect(path: Path) -> list[str]:
    return [sys.executable, "-m", "scenedetect", "-i", str(path), "detect-adaptive", "list-scenes", "-n"]


def speed(rounds: int) -> str:
    """Time whole processes, start included, in turns; the best of all rounds counts."""
    rows = []
    for film in (clips.SHORT, SCENES, PAN):
        path = film.path()
        ways = {
            "vidtext, exact": _vidtext(path, "exact"),
            "vidtext, fast": _vidtext(path, "fast"),
            "PySceneDetect": _pyscenedetect(path),
        }
        taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for _ in range(rounds):
            for name, command in ways.items():
                taken[name].append(_seconds(command))
        best = {name: [min(part) for part in zip(*pairs, strict=True)] for name, pairs in taken.items()}
        peer = best["PySceneDetect"]
        for name, (wall, cpu) in best.items():
            figures = [wall, cpu, film.seconds / wall, film.seconds / cpu, peer[0] / wall, peer[1] / cpu]
            rows.append([f"{film}: {name}", *(f"{figure:.1f}" for figure in figures)])
    head = ["", "s", "CPU s", "× real time", "× in CPU", "× PySceneDetect", "× in CPU"]
    return table(head, rows)


def _seconds(command: list[str]) -> tuple[float, float]:
    """Run a command; return the seconds that it took and those of CPU."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, nargs=2, default=(1001, 1013), help="rendered films: first, and one behind the last"
    )
    parser.add_argument("--real", type=Path, help="a folder of real clips with an INDEX.json")
    parser.add_argument("--rounds", type=int, default=2, help="how often the speed is measured (2); 0 for not at all")
    arguments = parser.parse_args()
    print(f"{machine()}.\n")
    print(rendered(range(*arguments.seeds)) + "\n", flush=True)
    if arguments.real:
        print(real(arguments.real) + "\n", flush=True)
    if arguments.rounds:
        print(speed(arguments.rounds))


if __name__ == "__main__":
    main()
