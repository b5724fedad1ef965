"""What `vidtext.caption` adds on top of a bare `model.generate` of the same pixels, besides decoding.

The bare call is the one that `vidtext.caption` made, repeated with nothing around it: same model, same pixels, same
number of tokens, and nobody who watches or may stop it. It runs in a new thread, as that of `vidtext.caption` does: on
a busy machine the time that OpenMP's threads spend on waiting for each other depends on who started them, by a factor
of ten. A model with the shape of git-base-vatex and random weights stands in for the real one, since its words do not
matter here.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertTokenizerFast, CLIPImageProcessor, GitConfig, GitForCausalLM, GitProcessor

import vidtext
from benchmarks import clips
from benchmarks.report import machine, table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FRAMES = 6
CLIP = clips.SHORT


def random_git_base() -> Path:
    """Make a checkpoint of 177 million random numbers, once."""
    folder = clips.FOLDER / "git-base-random"
    if not (folder / "processor_config.json").exists():
        torch.manual_seed(0)
        config = GitConfig(num_image_with_embedding=FRAMES)
        GitForCausalLM(config).save_pretrained(folder)
        words = [
            "[PAD]",
            "[UNK]",
            "[CLS]",
            "[SEP]",
            "[MASK]",
            *(f"word{index}" for index in range(config.vocab_size - 5)),
        ]
        tokenizer = Tokenizer(models.WordPiece({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))  # noqa: S106
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        processor = CLIPImageProcessor(
            size={"shortest_edge": 224}, do_center_crop=True, crop_size={"height": 224, "width": 224}
        )
        GitProcessor(processor, BertTokenizerFast(tokenizer_object=tokenizer)).save_pretrained(folder)
    return folder


class Recorder:
    """Notes what the last `generate` of any GIT was called with, to repeat it bare."""

    def __init__(self) -> None:
        self._generate = GitForCausalLM.generate
        self._last: tuple[GitForCausalLM, dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        recorder = self

        def generate(model: GitForCausalLM, **inputs: Any) -> Any:  # noqa: ANN401  what transformers takes and gives
            recorder._last = model, inputs
            return recorder._generate(model, **inputs)

        GitForCausalLM.generate = generate
        return self

    def __exit__(self, *_: object) -> None:
        GitForCausalLM.generate = self._generate

    def bare(self) -> None:
        """Generate once more, from the same pixels and as many tokens."""
        if self._last is None:
            raise RuntimeError("Nothing was generated yet.")
        model, inputs = self._last
        with torch.inference_mode():
            self._generate(model, pixel_values=inputs["pixel_values"], max_new_tokens=inputs["max_new_tokens"])


def compare(name: str, model: str, rounds: int) -> list[str]:
    """Measure one model and return its row of the table."""
    path = CLIP.path()
    edge = max(vidtext.load_model(model).info.image_size, vidtext.Settings().thumbnail_edge_pixels)
    frames = vidtext.sample(path, frames=FRAMES, size=edge)
    with Recorder() as recorder:
        vidtext.caption(frames, model=model)  # the first call of all does what is done once
        _in_thread(recorder.bare)
        steps: dict[str, Callable[[], object]] = {
            "bare": lambda: _in_thread(recorder.bare),
            "frames": lambda: vidtext.caption(frames, model=model),
            "video": lambda: vidtext.caption(path, model=model),
            "decoding": lambda: vidtext.sample(path, frames=FRAMES, size=edge),
        }
        taken: dict[str, list[float]] = {step: [] for step in steps}
        for _ in range(rounds):
            for step, work in steps.items():
                start = time.perf_counter()
                work()
                taken[step].append(1000 * (time.perf_counter() - start))
    bare, from_frames, from_video, decoding = (statistics.median(taken[step]) for step in steps)
    return [
        name,
        *(f"{milliseconds:.1f}" for milliseconds in (bare, from_frames, decoding, from_video)),
        f"{100 * (from_frames / bare - 1):+.1f} %",
        f"{100 * ((from_video - decoding) / bare - 1):+.1f} %",
    ]


def _in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is measured (15)")
    rounds = parser.parse_args().rounds
    print(f"{machine()}. Milliseconds, medians of {rounds}; one caption of {CLIP}.\n")
    head = ["", "bare generate", "caption of frames", "decoding", "caption of the video", "adds", "adds with video"]
    rows = [compare("embedded", "embedded", rounds), compare("shape of git-base", str(random_git_base()), rounds)]
    print(table(head, rows))


if __name__ == "__main__":
    main()
