"""Batches for training the embedded chat model: clips, packed conversations about them, targets of auxiliary heads."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlavaNextVideoProcessor

from training import chat_model as parts
from training.chat_clips import facts_of
from training.chat_conversations import conversation
from training.chat_forward import PREFIX
from training.dataset import MOST_ACTORS, Sample, Shard, augment
from training.model import FRAMES
from training.scenes import ACTIONS, ACTOR_TONES, DIRECTIONS, SHAPES, Motion

IGNORED = -100
TURNS = (1, 2, 3, 4, 5, 12)
TURN_PARTS = (0.2, 0.25, 0.2, 0.15, 0.12, 0.08)
"""How many turns the conversations have, and how often."""
NAME_WORDS = 3
"""How many words of an answer name what moves: "The red circle"."""


class Batches:
    """Draws batches of clips with conversations of `text_tokens` tokens in all."""

    def __init__(self, shards: list[Shard], processor: LlavaNextVideoProcessor, seed: int, text_tokens: int) -> None:
        self.shards = shards
        self.rng = np.random.default_rng(seed)
        self.text_tokens = text_tokens
        tokenizer = processor.tokenizer

        @lru_cache(maxsize=20_000)
        def ids(text: str) -> tuple[int, ...]:
            return tuple(tokenizer(text, add_special_tokens=False).input_ids)

        self.ids = ids

    def draw(self, clips: int) -> dict[str, torch.Tensor]:
        """Return the arguments of `chat_forward.forward`, `labels`, `looks`, and the targets of the auxiliary heads.

        `looks` (B, T) are the tokens of the video that words which tell a motion should look at, IGNORED for others.
        """
        samples = [self._sample() for _ in range(clips)]
        pixels = torch.from_numpy(np.stack([sample.pixels for sample in samples]))
        packed = [self._packed(sample) for sample in samples]
        targets = [auxiliary_targets(sample) for sample in samples]
        return {
            "pixel_values": pixels.permute(0, 1, 4, 2, 3).float() / 127.5 - 1.0,
            **{name: torch.from_numpy(np.stack([each[name] for each in packed])) for name in packed[0]},
            **{name: torch.from_numpy(np.stack([each[name] for each in targets])) for name in targets[0]},
        }

    def _sample(self) -> Sample:
        shard = self.shards[self.rng.integers(len(self.shards))]
        index = int(self.rng.integers(len(shard.truths)))
        motion = Motion(shard.camera[index], shard.actors[index])
        return augment(Sample(shard.pixels[index], shard.truths[index], motion), self.rng)

    def _packed(self, sample: Sample) -> dict[str, NDArray[np.int64]]:
        """Return as many conversations as there is room for, one after another in one row of tokens."""
        size = self.text_tokens
        packed = {name: np.zeros(size, dtype=np.int64) for name in ("input_ids", "positions")}
        packed["labels"], packed["looks"] = np.full(size, IGNORED), np.full(size, IGNORED)
        # What is left over belongs to no conversation of its own, and nothing is asked of it.
        packed["conversations"] = np.full(size, -1)
        facts, filled, number = facts_of(sample.truth, sample.motion), 0, 0
        while filled < size - 12:
            number += 1
            count = TURNS[self.rng.choice(len(TURNS), p=TURN_PARTS)]
            tokens: list[int] = []
            labels: list[int] = []
            looks: list[int] = []
            for turn in conversation(facts, self.rng, count):
                question = [parts.USER] * bool(tokens) + [*self.ids(as_typed(turn.question, self.rng)), parts.ASSISTANT]
                answer = [*self.ids(turn.answer)]
                if filled + len(tokens) + len(question) + len(answer) > size:
                    break
                tokens += [*question, *answer]
                labels += [*[IGNORED] * (len(question) - 1), *answer, parts.EOS]
                looks += [IGNORED] * (len(question) + len(answer))
                if turn.mover is not None:
                    # From the last word of its name to the last but one of what it does.
                    looks[-len(answer) + NAME_WORDS - 1 : -2] = [_last_seen(sample, turn.mover)] * (
                        len(answer) - NAME_WORDS - 1
                    )
            place = slice(filled, filled + len(tokens))
            packed["input_ids"][place], packed["labels"][place], packed["looks"][place] = tokens, labels, looks
            packed["positions"][place] = PREFIX + np.arange(len(tokens))
            packed["conversations"][place] = number
            filled += len(tokens)
            if not tokens:
                break
        return packed


def _last_seen(sample: Sample, actor: int) -> int:
    """Return the token of the video in which an actor has its centre in the last frame."""
    column, row = np.clip(sample.motion.actors[actor, -1] * parts.GRID, 0, parts.GRID - 1e-3).astype(int)
    return int((FRAMES - 1) * parts.CELLS + row * parts.GRID + column)


def as_typed(question: str, rng: np.random.Generator) -> str:
    """Return a question as people type: now and then in lower case, without its mark, or as Americans spell it."""
    if rng.random() < 0.15:
        question = question.replace("colour", "color")
    if rng.random() < 0.12:
        question = question.lower()
    return question.rstrip("?.") if rng.random() < 0.12 else question


def auxiliary_targets(sample: Sample) -> dict[str, NDArray[np.generic]]:
    """Return what the auxiliary heads should say: classes (FRAMES, CELLS) or IGNORED, ways (FRAMES, CELLS, n) or NaN.

    Ways are the inverse hyperbolic sine of pixels: from the last frame, and from where a thing was first seen.
    """
    shape = (FRAMES, parts.CELLS)
    classes = {name: np.full(shape, IGNORED) for name in ("colour", "shape", "action", "then")}
    offset, flow = np.full((*shape, 2), np.nan, np.float32), np.full((*shape, 4), np.nan, np.float32)
    truth, motion = sample.truth, sample.motion
    if truth.register == "toy":
        classes["colour"][:] = len(ACTOR_TONES)
    elif not np.isnan(motion.camera).any():
        axis = (np.arange(parts.GRID) + 0.5) / parts.GRID - 0.5
        places = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        steps, zoom = np.diff(motion.camera, axis=0), np.exp(motion.camera[1:, None, 2:])
        gone = np.expm1(steps[:, None, 2:]) * places - steps[:, None, :2] * zoom
        flow[1:, :, :2] = gone * parts.IMAGE_PIXELS
    members = [actor for actor in truth.actors for _ in range(actor.count)][:MOST_ACTORS]
    for actor, track in zip(members, motion.actors, strict=False):
        seen = np.flatnonzero(np.isfinite(track).all(axis=1))
        cells = np.clip(np.nan_to_num(track) * parts.GRID, 0, parts.GRID - 1e-3)
        for frame in seen:
            column, row = cells[frame].astype(int)
            at = frame, row * parts.GRID + column
            classes["colour"][at] = IGNORED if actor.action == "turns" else list(ACTOR_TONES).index(actor.colour)
            classes["shape"][at] = SHAPES.index(actor.shape)
            offset[at] = cells[frame] - (column, row) - 0.5
            if frame > seen[0]:
                flow[at] = np.concatenate([track[frame] - track[frame - 1], track[frame] - track[seen[0]]])
                flow[at] *= parts.IMAGE_PIXELS
            if frame == FRAMES - 1 and not truth.in_turn:
                classes["action"][at] = ACTIONS.index(actor.action)
                turns = actor.then in DIRECTIONS
                classes["then"][at] = [str(way) for way in DIRECTIONS].index(actor.then) if turns else len(DIRECTIONS)
    return {**classes, "offset": offset, "flow": np.arcsinh(flow)}
