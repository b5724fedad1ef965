"""Train the embedded captioner: ``python -m training.train --out DIR``. Stopped, it goes on where it was."""

import argparse
import logging
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import GitForCausalLM, GitProcessor

from training import model as parts
from training.card import write_card
from training.dataset import MOST_ACTORS, Sample, Shard, augment, read_shard, render_shards
from training.evaluate import Checkpoint, score_world
from training.forward import AuxiliaryHeads, attention_mask, forward, forward_pictures
from training.grammar import caption
from training.scenes import ACTOR_TONES, SHAPES, Motion, Register

logger = logging.getLogger("training")

CLIPS: dict[Register, int] = {"natural": 28_000, "toy": 27_000}
"""Clips rendered ahead, about five minutes on two cores; each is met several times, turned over differently."""
FIRST_TRAINING_SEED = 1_000_000
"""Seeds below are never trained on: evaluation, tests and examples take theirs there."""
NATURAL_PART = 0.4
STEPS = 9_000
FLOW_STEPS = 800
"""Steps at the beginning in which only the auxiliary heads are trained: words are learned sooner than movement, and
their gradients hide its."""
BATCH = 32
PEAK_RATE, LAST_RATE, WARM_UP_STEPS = 1.5e-3, 2e-5, 200
STARTED_RATE_PART = 0.05
"""Learning rate of the parameters that start with a purpose beside that of all others, so that it is not lost."""
WEIGHT_DECAY = 0.02
AVERAGE_DECAY = 0.998
"""The saved weights are an exponential average over about the last 500 steps."""
FLOW_WEIGHT = 1.0
ACTOR_WEIGHT_AT_FIRST, ACTOR_WEIGHT = 0.1, 1.0
"""Weights of the auxiliary losses beside the caption's cross-entropy; both fall to a fifth over the training."""
SAVE_EVERY_STEPS = 250
LOG_EVERY_STEPS = 50
IGNORED = -100


class Batches:
    """Batches of augmented samples from rendered shards, drawn evenly within each register."""

    def __init__(self, shards: dict[Register, list[Shard]], processor: GitProcessor, seed: int) -> None:
        self.shards = shards
        self.tokenizer = processor.tokenizer
        self.rng = np.random.default_rng(seed)

    def draw(self) -> dict[str, torch.Tensor]:
        """Return pixel_values, input_ids, labels and the targets of the auxiliary heads."""
        samples = [self._sample() for _ in range(BATCH)]
        text = self.tokenizer(
            [caption(sample.truth) for sample in samples],
            padding="max_length",
            max_length=parts.MAX_TEXT_TOKENS,
            truncation=True,
            return_tensors="pt",
        )
        ids = text["input_ids"]
        pixels = torch.from_numpy(np.stack([sample.pixels for sample in samples]))
        return {
            "pixel_values": pixels.permute(0, 1, 4, 2, 3).to(torch.bfloat16) / 127.5 - 1.0,
            "input_ids": ids[:, :-1].contiguous(),
            "labels": ids[:, 1:].masked_fill(ids[:, 1:] == self.tokenizer.pad_token_id, IGNORED),
            "flow": torch.from_numpy(np.stack([flow_target(sample.motion) for sample in samples])),
            "actors": torch.from_numpy(np.stack([actor_target(sample) for sample in samples])),
        }

    def _sample(self) -> Sample:
        shards = self.shards["natural" if self.rng.random() < NATURAL_PART else "toy"]
        shard = shards[self.rng.integers(len(shards))]
        index = int(self.rng.integers(len(shard.truths)))
        motion = Motion(shard.camera[index], shard.actors[index])
        return augment(Sample(shard.pixels[index], shard.truths[index], motion), self.rng)


def _patch_of(centres: np.ndarray) -> np.ndarray:
    """Return the index of the patch under each centre (..., 2); centres outside count as on the border."""
    cells = np.clip((np.nan_to_num(centres) * parts.GRID).astype(int), 0, parts.GRID - 1)
    return np.asarray(cells[..., 1] * parts.GRID + cells[..., 0])


def flow_target(motion: Motion) -> np.ndarray:
    """Return (FRAMES, PATCHES, 2): how far each patch's content goes to the next frame; NaN if unknown.

    It is the inverse hyperbolic sine of pixels, so that a slow movement counts as much as a fast one.
    """
    target = np.full((parts.FRAMES, parts.PATCHES, 2), np.nan, dtype=np.float32)
    places = (np.stack(np.meshgrid(*[np.arange(parts.GRID)] * 2), axis=-1).reshape(-1, 2) + 0.5) / parts.GRID - 0.5
    if not np.isfinite(motion.actors).any():
        steps = np.diff(motion.camera, axis=0)
        zoom = np.exp(motion.camera[:-1, None, 2:])
        target[:-1] = (np.expm1(steps[:, None, 2:]) * places - steps[:, None, :2] * zoom) * parts.IMAGE_PIXELS
    for track in motion.actors:
        steps = np.diff(track, axis=0) * parts.IMAGE_PIXELS
        for frame, patch in enumerate(_patch_of(track[:-1])):
            if np.isfinite(steps[frame]).all():
                target[frame, patch] = steps[frame]
    return np.arcsinh(target)


def actor_target(sample: Sample) -> np.ndarray:
    """Return (FRAMES, PATCHES, 2) int64: colour and shape of the actor whose centre lies on a patch, else IGNORED."""
    target = np.full((parts.FRAMES, parts.PATCHES, 2), IGNORED, dtype=np.int64)
    members = [actor for actor in sample.truth.actors for _ in range(actor.count)][:MOST_ACTORS]
    for actor, track in zip(members, sample.motion.actors, strict=False):
        colour = IGNORED if actor.action == "turns" else list(ACTOR_TONES).index(actor.colour)
        for frame, patch in enumerate(_patch_of(track)):
            if np.isfinite(track[frame]).all():
                target[frame, patch] = (colour, SHAPES.index(actor.shape))
    return target


def auxiliary_losses(
    patches: torch.Tensor, heads: AuxiliaryHeads, batch: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of the flow, and that of the actors' colours and shapes."""
    patches = patches.float()
    known = batch["flow"].isfinite().all(dim=-1)
    flow = functional.smooth_l1_loss(heads.flow(patches[known]), batch["flow"][known], beta=0.5)
    seen = batch["actors"][..., 1] != IGNORED
    tokens, actors = patches[seen], batch["actors"][seen]
    shape = functional.cross_entropy(heads.shape(tokens), actors[:, 1])
    colour = functional.cross_entropy(heads.colour(tokens), actors[:, 0], ignore_index=IGNORED)
    return flow, shape + colour


def learning_rate(step: int) -> float:
    """Return the rate of a step: a linear warm-up, then half a cosine."""
    if step < WARM_UP_STEPS:
        return PEAK_RATE * (step + 1) / WARM_UP_STEPS
    part = (step - WARM_UP_STEPS) / (STEPS - WARM_UP_STEPS)
    return LAST_RATE + (PEAK_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * part))


class Trainer:
    """Weights in fp32, their bf16 twin that computes, the optimizer, and the running average that is saved."""

    def __init__(self, batches: Batches, state_path: Path) -> None:
        torch.manual_seed(0)
        self.batches, self.state_path, self.step = batches, state_path, 0
        self.model = GitForCausalLM(parts.make_config())
        sample = [batches.draw()["pixel_values"] for _ in range(8)]
        parts.initialise(self.model, torch.cat(sample).flatten(0, 1).float())
        self.twin = GitForCausalLM(parts.make_config()).to(torch.bfloat16)
        self.average = GitForCausalLM(parts.make_config())
        self.average.load_state_dict(self.model.state_dict())
        self.heads = AuxiliaryHeads()
        started = {id(parameter) for parameter in parts.started_parameters(self.model)}
        others = [*self.model.parameters(), *self.heads.parameters()]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [each for each in others if id(each) not in started], "part": 1.0},
                {"params": [each for each in others if id(each) in started], "part": STARTED_RATE_PART},
            ],
            weight_decay=WEIGHT_DECAY,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.code_rows = parts.code_rows(self.model)
        self.mask = attention_mask(parts.MAX_TEXT_TOKENS - 1).to(torch.bfloat16)
        self.compute, self.look = torch.compile(forward), torch.compile(forward_pictures)
        if state_path.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.state_path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.heads.load_state_dict(state["heads"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.batches.rng = np.random.default_rng(self.step)

    def save(self) -> None:
        """Write everything that is needed to go on."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        part = self.state_path.with_suffix(".part")
        torch.save(state, part)
        part.rename(self.state_path)

    def advance(self) -> tuple[float, ...]:
        """Train on one batch and return its losses."""
        batch = self.batches.draw()
        weights, twins = list(self.model.parameters()), list(self.twin.parameters())
        torch._foreach_copy_([twin.data for twin in twins], [weight.data for weight in weights])
        words = torch.zeros(())
        if self.step < FLOW_STEPS:
            flow, actors = auxiliary_losses(self.look(self.twin, batch["pixel_values"]), self.heads, batch)
            actor_weight = ACTOR_WEIGHT_AT_FIRST
        else:
            outputs = self.compute(self.twin, batch["pixel_values"], batch["input_ids"], self.mask)
            flow, actors = auxiliary_losses(outputs.patches, self.heads, batch)
            actor_weight = ACTOR_WEIGHT
            words = functional.cross_entropy(outputs.logits.float().flatten(0, 1), batch["labels"].flatten())
        fall = 1.0 - 0.8 * self.step / STEPS
        torch.autograd.backward(words + fall * (FLOW_WEIGHT * flow + actor_weight * actors))
        for weight, twin in zip(weights, twins, strict=True):
            weight.grad = None if twin.grad is None else twin.grad.float()
            twin.grad = None
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step) * group["part"]
        self.optimizer.step()
        self.optimizer.zero_grad()
        for rows in self.code_rows:
            rows.zero_()
        decay = min(AVERAGE_DECAY, (self.step + 1) / (self.step + 10))
        averages = [each.data for each in self.average.parameters()]
        torch._foreach_lerp_(averages, [weight.data for weight in weights], 1.0 - decay)
        self.step += 1
        return words.item(), flow.item(), actors.item()


def save_checkpoint(model: GitForCausalLM, processor: GitProcessor, folder: Path) -> None:
    """Write the model in fp16 with its processor, as transformers loads it."""
    copy = GitForCausalLM(model.config)
    copy.load_state_dict(model.state_dict())
    copy.half().save_pretrained(folder)
    processor.save_pretrained(folder)


def main() -> None:
    """Render, train, save, evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished checkpoint")
    parser.add_argument("--work", type=Path, default=Path("training-work"), help="folder of rendered clips and state")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_flush_denormal(True)
    started = time.monotonic()
    shards = {
        register: [read_shard(path) for path in render_shards(options.work, register, count, FIRST_TRAINING_SEED)]
        for register, count in CLIPS.items()
    }
    logger.info("rendered in %.0f s", time.monotonic() - started)
    processor = parts.make_processor()
    trainer = Trainer(Batches(shards, processor, seed=0), options.work / "state.pt")
    sums, since = np.zeros(3), time.monotonic()
    while trainer.step < STEPS:
        sums += trainer.advance()
        if trainer.step % LOG_EVERY_STEPS == 0:
            pace = LOG_EVERY_STEPS * BATCH / (time.monotonic() - since)
            means = sums / LOG_EVERY_STEPS
            logger.info("step %d words %.3f flow %.3f actors %.3f, %.0f clips/s", trainer.step, *means, pace)
            sums, since = np.zeros(3), time.monotonic()
        if trainer.step % SAVE_EVERY_STEPS == 0:
            trainer.save()
            save_checkpoint(trainer.average, processor, options.work / "checkpoint")
    save_checkpoint(trainer.average, processor, options.out)
    write_card(options.out, score_world(Checkpoint(options.out)))
    logger.info("all done in %.0f minutes", (time.monotonic() - started) / 60)


if __name__ == "__main__":
    main()
