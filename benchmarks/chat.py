"""Time to the first token of the second question about a video, against that of the first.

The model is a LLaVA-NeXT-Video of random weights that two cores can bear: CLIP at 336 pixels in patches of 14, as the
published one, but 6 layers of 256, and a Llama of 8 layers of 512. A frame takes 144 tokens, as there. What counts are
the ratios. The answers with and without what is kept of the first turn must be the same, or this fails.
"""

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from transformers import CLIPVisionConfig, LlamaConfig

from benchmarks.report import machine, table
from tests.models.checkpoints import save_llava_next_video
from vidtext.job import Job, Progress
from vidtext.media.read.frames import Frames
from vidtext.models.base import GenerationOptions, Message
from vidtext.models.checkpoint import Checkpoint
from vidtext.models.families import info_from_folder
from vidtext.models.families.llava_next_video import LlavaNextVideo
from vidtext.models.model_cache import loaded_model
from vidtext.models.prefix_cache import PREFIXES
from vidtext.models.video_chat import VideoChat
from vidtext.settings import Settings

EDGE_PIXELS = 336
OPTIONS = GenerationOptions(max_new_tokens=20)
FIRST = "What happens in this video?"
SECOND = "And which way does the red ball go after that?"


def save_model(folder: Path) -> Path:
    """Save the model that is measured."""
    vision = CLIPVisionConfig(
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=6,
        num_attention_heads=4,
        image_size=EDGE_PIXELS,
        patch_size=14,
    )
    text = LlamaConfig(
        hidden_size=512,
        intermediate_size=1376,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=8192,
    )
    return save_llava_next_video(folder, vision, text)


def answer(chat: VideoChat, messages: list[Message], key: str) -> tuple[float, str]:
    """Return the seconds to the first token, and the whole answer."""
    first: list[float] = []

    def watch(_: Progress) -> None:
        first.append(time.perf_counter())

    start = time.perf_counter()
    text = "".join(chat.reply(messages, replace(OPTIONS, memory_key=key), Job(watch)))
    return first[0] - start, text


def two_turns(chat: VideoChat, frames: Frames, key: str) -> tuple[float, float, str]:
    """Return the seconds to the first token of both turns, and the second answer."""
    messages = [Message("user", FIRST, (frames,))]
    first_seconds, said = answer(chat, messages, key)
    messages += [Message("assistant", said), Message("user", SECOND)]
    second_seconds, said = answer(chat, messages, key)
    return first_seconds, second_seconds, said


def main() -> None:
    """Measure with and without in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    measured: dict[str, list[tuple[float, float]]] = {"nothing kept": [], "the first turn kept": []}
    with tempfile.TemporaryDirectory() as temporary:
        folder = save_model(Path(temporary) / "model")
        checkpoint = Checkpoint(str(folder), "cpu", "float32")
        kept_bytes = Settings().models.prefix_cache_bytes
        chat = VideoChat(LlavaNextVideo(), info_from_folder(folder), loaded_model(checkpoint), kept_bytes=kept_bytes)
        two_turns(chat, _clip(-1, 1), "")  # so that nothing is done for the first time while it is measured
        for seed in range(arguments.repeat):
            frames = _clip(seed, arguments.frames)
            said = set()
            for name, key in zip(measured, ("", f"conversation {seed}"), strict=True):
                *seconds, text = two_turns(chat, frames, key)
                measured[name].append((seconds[0], seconds[1]))
                said.add(text)
            if len(said) != 1:
                raise SystemExit(f"The answers differ: {said}")
        size = PREFIXES.nbytes / arguments.repeat / 2**20
    tokens = arguments.frames * chat.info.tokens_per_frame
    given = f"{arguments.frames} frames, {tokens:,} tokens, {size:.0f} MiB kept"
    print(f"{machine()}. {given}; median of {arguments.repeat}.\n")
    rows = []
    for name, pairs in measured.items():
        first, second = (statistics.median(each) for each in zip(*pairs, strict=True))
        ratio = statistics.median(later / earlier for earlier, later in pairs)
        rows.append([name, f"{first:.2f}", f"{second:.2f}", f"{ratio:.3f}"])
    print(table(["Seconds to the first token", "turn 1", "turn 2", "turn 2 / turn 1"], rows))


def _clip(seed: int, frames: int) -> Frames:
    pixels = np.random.default_rng(seed + 1).integers(0, 255, (frames, EDGE_PIXELS, EDGE_PIXELS, 3), dtype=np.uint8)
    return Frames(pixels, np.arange(frames, dtype=np.float64))


if __name__ == "__main__":
    main()
