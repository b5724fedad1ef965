"""Models that do what a test can foretell: they name the colour that a clip shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np
from numpy.typing import NDArray

from vidtext.compute.memory import MemoryEstimate, MemoryPlan, RunConfig
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.models.acquire import Workload
from vidtext.models.base import GenerationOptions, Message, ModelInfo

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
    "yellow": (230, 230, 30),
    "grey": (128, 128, 128),
}


def colour_of(pixels: NDArray[np.uint8]) -> str:
    mean = pixels.reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(np.array(COLOURS[name]) - mean).sum()))


def loads(model: ColourCaptioner) -> Callable[..., AbstractContextManager[tuple[ColourCaptioner, MemoryPlan]]]:
    """Return what takes the place of `acquire_model`: there is room for whatever is wanted."""

    @contextmanager
    def load(_: object, work: Workload, **__: object) -> Iterator[tuple[ColourCaptioner, MemoryPlan]]:
        wanted = RunConfig(work.clips, work.frames, work.text_tokens, work.new_tokens, "float32")
        yield model, MemoryPlan(wanted, MemoryEstimate(0, 0, 0, 0), 1 << 40)

    return load


class ColourCaptioner:
    """Says which colours its clips show, and has features that are their colours."""

    info = ModelInfo("colours", "git", "MIT", 3, 32, "squash", 64, 0, "Sees colours.")
    device = "cpu"

    def __init__(self) -> None:
        self.seen: list[Frames] = []
        self.most_pictures = 0

    def caption(self, clips: Sequence[Frames], options: GenerationOptions, job: Job) -> list[str]:  # noqa: ARG002  a colour has one name
        job.check()
        self.seen += clips
        return ["a screen that is " + " and ".join(self.names(clip)) for clip in clips]

    def names(self, clip: Frames) -> list[str]:
        return list(dict.fromkeys(colour_of(picture) for picture in clip.pixels))

    def image_features(self, frames: Frames, job: Job) -> NDArray[np.float32]:
        job.check()
        self.most_pictures = max(self.most_pictures, len(frames))
        colours = frames.pixels.reshape(len(frames), -1, 3).mean(axis=1) - 127.5
        return np.asarray(colours / np.linalg.norm(colours, axis=1, keepdims=True), dtype=np.float32)


class ColourChat(ColourCaptioner):
    """Answers a question about a clip with its colours, and every other one with what `answers` makes of it.

    One word is one token.
    """

    def __init__(self, answers: Callable[[str], str], context_tokens: int = 4096) -> None:
        super().__init__()
        self.info = ModelInfo(
            "chatty",
            "llava_next_video",
            "MIT",
            4,
            32,
            "squash",
            context_tokens,
            0,
            "Sees colours.",
            tokens_per_frame=2,
            chats=True,
        )
        self.answers = answers
        self.asked: list[str] = []

    def reply(self, messages: Sequence[Message], options: GenerationOptions, job: Job) -> Iterator[str]:
        assert self.count_tokens(messages) + options.max_new_tokens <= self.info.context_tokens
        last = messages[-1]
        self.asked.append(last.text)
        if last.clips:
            self.seen += last.clips
            yield from ("I see ", " and ".join(self.names(last.clips[0])))
            return
        for piece in re.findall(r"\S*\s*", self.answers(last.text)):
            job.check()
            yield piece

    def count_tokens(self, messages: Sequence[Message]) -> int:
        frames = sum(len(clip) for message in messages for clip in message.clips)
        return frames * self.info.tokens_per_frame + sum(len(message.text.split()) for message in messages)
