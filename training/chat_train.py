"""Train the embedded chat model: ``python -m training.chat_train --out DIR``. Stopped, it goes on where it was."""

import argparse
import logging
import math
import multiprocessing
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.multiprocessing.spawn import spawn
from torch.nn import functional
from transformers import GenerationConfig, LlavaNextVideoForConditionalGeneration, LlavaNextVideoProcessor

from training import chat_model as parts
from training.chat_batches import IGNORED, Batches
from training.chat_card import write_card
from training.chat_clips import render_shards
from training.chat_evaluate import EVALUATION_SEEDS, Checkpoint, ask_all, score
from training.chat_forward import AuxiliaryHeads, Outputs, forward
from training.chat_wordings import EVALUATION_UNANSWERABLE
from training.dataset import read_shard
from training.model import FRAMES

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

logger = logging.getLogger("training")

CLIPS = 60_000
FIRST_TRAINING_SEED = 1_000_000
"""Seeds below are never trained on: evaluation takes its seeds from 0 on, development from 500,000 on."""
STEPS = 15_000
FINISHED_STEPS = STEPS // 2
"""The step from which a finished checkpoint is trained on: its rate is half of the highest one."""
SIGHT_STEPS = 1_300
"""Steps at the beginning in which only the auxiliary heads are trained: they cost half as much without words."""
BATCH, PROCESSES = 16, 2
TEXT_TOKENS = 160
"""Words of conversations a clip in each batch: about ten questions."""
PEAK_RATE, LAST_RATE, WARM_UP_STEPS = 1.5e-3, 2e-5, 100
STARTED_RATE_PART = 0.15
"""Learning rate of the parameters that start with a purpose beside that of all others, so that it is not lost."""
WEIGHT_DECAY = 0.02
AVERAGE_DECAY = 0.995
AUXILIARY_PARTS = (1.0, 0.5, 0.15)
"""Weight of the auxiliary losses while there are no words, when they begin, and at the end."""
LOOKS_PART = 0.3
"""Weight of where the words of a motion look: without it, they told the motion of any shape for 20,000 steps."""
SAVE_EVERY_STEPS, LOG_EVERY_STEPS = 200, 50


def _cross_entropy(head: nn.Linear, tokens: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss over the cells that have a target, and how often the head is right there."""
    known = target != IGNORED
    logits, target = head(tokens[known]), target[known]
    right = (logits.argmax(dim=-1) == target).float().mean()
    return functional.cross_entropy(logits, target), right


def _distance(head: nn.Linear, tokens: torch.Tensor, target: torch.Tensor, beta: float) -> torch.Tensor:
    predicted, known = head(tokens), target.isfinite()
    return functional.smooth_l1_loss(predicted[known], target[known], beta=beta)


def auxiliary_loss(
    outputs: Outputs, heads: AuxiliaryHeads, batch: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the sum of the auxiliary losses, and figures for the log."""
    target = batch["colour"]
    known = target != IGNORED
    there = target[known] < heads.colour.out_features - 1
    logits = heads.colour(outputs.seen[known])
    # Cells with nothing in them are twelve times as many.
    weights = torch.where(there, 1.0, 0.15)
    losses = functional.cross_entropy(logits, target[known], reduction="none")
    colour = (losses * weights).sum() / weights.sum()
    colour_right = (logits.argmax(dim=-1) == target[known])[there].float().mean()
    shape, shape_right = _cross_entropy(heads.shape, outputs.seen, batch["shape"])
    offset = _distance(heads.offset, outputs.seen, batch["offset"], 0.1)
    times = torch.arange(FRAMES)[None, :, None].expand(outputs.moved.shape[:3])
    moment, _ = _cross_entropy(heads.time, outputs.moved, times)
    flow = _distance(heads.flow, outputs.moved, batch["flow"], 0.5)
    action, action_right = _cross_entropy(heads.action, outputs.acted, batch["action"])
    then, _ = _cross_entropy(heads.then, outputs.acted, batch["then"])
    total = colour + 2 * shape + 3 * offset + 0.3 * moment + 2 * flow + 0.5 * action + 0.3 * then
    figures = {"colour": colour_right, "shape": shape_right, "offset": offset, "flow": flow, "action": action_right}
    return total, figures


def started_parameters(model: LlavaNextVideoForConditionalGeneration) -> list[nn.Parameter]:
    """Return the parameters that `chat_model.initialise` gives a purpose, which a full learning rate would wash out."""
    tower, first = model.model.vision_tower, model.model.language_model.layers[0].self_attn
    modules = [tower.embeddings, first.q_proj, first.k_proj]
    for layer in tower.encoder.layers:
        modules += [layer.self_attn.q_proj, layer.self_attn.k_proj]
    return [parameter for module in modules for parameter in module.parameters()]


def learning_rate(steps: int, part: float) -> float:
    """Return the rate after so many steps of an optimizer: a linear warm-up, then half a cosine over the part done."""
    warm = min(1.0, (steps + 1) / WARM_UP_STEPS)
    return warm * (LAST_RATE + (PEAK_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


class Clock:
    """How much of the training is done: by steps, or by the minutes that are left for it if those are given."""

    def __init__(self, first_step: int, minutes: float | None) -> None:
        self.first = first_step / STEPS
        self.minutes = minutes
        self.started = time.monotonic()

    def part(self, step: int) -> float:
        """Return 0 at the beginning and 1 at the end."""
        if self.minutes is None:
            return step / STEPS
        return self.first + (1.0 - self.first) * (time.monotonic() - self.started) / 60.0 / self.minutes


@dataclass
class Shared:
    """What the training processes have in common: weights in shared memory, and how many steps have been made."""

    model: LlavaNextVideoForConditionalGeneration
    heads: AuxiliaryHeads
    steps: "Synchronized[int]"
    clock: Clock


class Trainer:
    """One of the processes that train the same weights, each with its own optimizer and without waiting for others.

    The first one also keeps the running average that is saved.
    """

    def __init__(self, shared: Shared, batches: Batches, state_path: Path) -> None:
        self.shared, self.batches, self.state_path = shared, batches, state_path
        self.model, self.heads = shared.model, shared.heads
        self.average = LlavaNextVideoForConditionalGeneration(parts.make_config())
        self.average.load_state_dict(self.model.state_dict())
        started = {id(parameter) for parameter in started_parameters(self.model)}
        parameters = [*self.model.parameters(), *self.heads.parameters()]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [each for each in parameters if id(each) not in started], "part": 1.0},
                {"params": [each for each in parameters if id(each) in started], "part": STARTED_RATE_PART},
            ],
            weight_decay=WEIGHT_DECAY,
            betas=(0.9, 0.98),
            fused=True,
        )
        self.compute = torch.compile(forward)
        self.first_step = shared.steps.value
        if state_path.exists():
            state = torch.load(state_path, weights_only=True)
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.first_step = 0

    def save(self) -> None:
        """Write everything that is needed to go on."""
        kept = {"model": self.model, "average": self.average, "heads": self.heads, "optimizer": self.optimizer}
        state = {name: part.state_dict() for name, part in kept.items()} | {"step": self.shared.steps.value}
        unfinished = self.state_path.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.rename(self.state_path)

    def advance(self) -> dict[str, float]:
        """Train on one batch and return figures for the log."""
        step, done = self.shared.steps.value, self.shared.clock.part(self.shared.steps.value)
        batch = self.batches.draw(BATCH)
        words = ["input_ids", "positions", "conversations"]
        tokens = 0 if step < SIGHT_STEPS else TEXT_TOKENS
        outputs = self.compute(self.model, batch["pixel_values"], *(batch[name][:, :tokens] for name in words))
        loss, figures = auxiliary_loss(outputs, self.heads, batch)
        alone, first, last = AUXILIARY_PARTS
        if tokens:
            asked = batch["labels"] != IGNORED
            logits, labels = outputs.logits[asked], batch["labels"][asked]
            answers = functional.cross_entropy(logits, labels)
            figures |= {"words": answers, "right": (logits.argmax(dim=-1) == labels).float().mean()}
            loss = loss * (first + (last - first) * done) + answers
            told = batch["looks"] != IGNORED
            looks = outputs.looks[told].gather(1, batch["looks"][told][:, None])
            figures |= {"looks": looks.exp().mean()}
            loss = loss - LOOKS_PART * looks.sum() / max(1, len(looks))
        else:
            loss = loss * alone
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(step - self.first_step, done) * group["part"]
        self.optimizer.step()
        self.optimizer.zero_grad()
        with self.shared.steps.get_lock():
            self.shared.steps.value += 1
        return {name: float(value.detach()) for name, value in figures.items()}

    def follow(self) -> None:
        """Move the running average towards the weights."""
        decay = min(AVERAGE_DECAY, (self.shared.steps.value + 1) / (self.shared.steps.value + 10))
        weights = [parameter.data for parameter in self.model.parameters()]
        torch._foreach_lerp_([each.data for each in self.average.parameters()], weights, 1.0 - decay)


def save_checkpoint(
    model: LlavaNextVideoForConditionalGeneration, processor: LlavaNextVideoProcessor, folder: Path
) -> None:
    """Write the model in fp16 with its processor, as transformers loads it."""
    copy = LlavaNextVideoForConditionalGeneration(model.config)
    copy.load_state_dict(model.state_dict())
    copy.generation_config = GenerationConfig(
        do_sample=False,
        bos_token_id=parts.BOS,
        eos_token_id=parts.EOS,
        pad_token_id=parts.PAD,
        max_new_tokens=40,
    )
    copy.half().save_pretrained(folder)
    processor.save_pretrained(folder)


def work(rank: int, shared: Shared, paths: list[Path], folder: Path) -> None:
    """Train until the clock has run down; the first process writes the log, the state and the checkpoint."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    processor = parts.make_processor()
    seed = 1000 * shared.steps.value + rank
    batches = Batches([read_shard(path) for path in paths], processor, seed=seed, text_tokens=TEXT_TOKENS)
    trainer = Trainer(shared, batches, folder / "state.pt")
    figures: list[dict[str, float]] = []
    since, before, saved = time.monotonic(), shared.steps.value, shared.steps.value
    while shared.clock.part(shared.steps.value) < 1.0:
        figures.append(trainer.advance())
        if rank:
            continue
        trainer.follow()
        if shared.steps.value >= before + LOG_EVERY_STEPS:
            pace = (shared.steps.value - before) * BATCH / (time.monotonic() - since)
            means = {name: np.nanmean([each.get(name, math.nan) for each in figures]) for name in figures[-1]}
            told = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
            logger.info("step %d: %s; %.0f clips/s", shared.steps.value, told, pace)
            figures, since, before = [], time.monotonic(), shared.steps.value
        if shared.steps.value >= saved + SAVE_EVERY_STEPS:
            trainer.save()
            save_checkpoint(trainer.average, processor, folder / "checkpoint")
            saved = shared.steps.value
    if rank == 0:
        trainer.save()
        save_checkpoint(trainer.average, processor, folder / "checkpoint")


def start(shards: list[Path], state_path: Path, finished: Path | None, minutes: float | None) -> Shared:
    """Return the weights to begin with, in shared memory: of the last saved step, else of a finished checkpoint.

    With neither, the weights that `chat_model.initialise` gives.
    """
    torch.manual_seed(0)
    model, heads, step = LlavaNextVideoForConditionalGeneration(parts.make_config()), AuxiliaryHeads(), 0
    if state_path.exists():
        state = torch.load(state_path, weights_only=True)
        model.load_state_dict(state["model"])
        heads.load_state_dict(state["heads"])
        step = state["step"]
    elif finished is not None:
        weights = LlavaNextVideoForConditionalGeneration.from_pretrained(finished, dtype=torch.float32)
        model.load_state_dict(weights.state_dict())
        step = FINISHED_STEPS
    else:
        pixels = torch.from_numpy(read_shard(shards[0]).pixels[:64]).flatten(0, 1).permute(0, 3, 1, 2)
        parts.initialise(model, pixels.float() / 127.5 - 1.0)
    model.share_memory()
    heads.share_memory()
    return Shared(model, heads, multiprocessing.get_context("spawn").Value("i", step), Clock(step, minutes))


def main() -> None:
    """Render, train, save, score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished checkpoint")
    parser.add_argument("--work", type=Path, default=Path("chat-work"), help="folder of rendered clips and state")
    parser.add_argument("--from", dest="finished", type=Path, help="a finished checkpoint to go on from")
    parser.add_argument("--minutes", type=float, help="how long to train from here on, instead of a number of steps")
    options = parser.parse_args()
    shards = render_shards(options.work, CLIPS, FIRST_TRAINING_SEED)
    shared = start(shards, options.work / "state.pt", options.finished, options.minutes)
    spawn(work, (shared, shards, options.work), nprocs=PROCESSES)  # type: ignore[no-untyped-call]
    shutil.copytree(options.work / "checkpoint", options.out, dirs_exist_ok=True)
    write_card(options.out, score(list(ask_all(Checkpoint(options.out), EVALUATION_SEEDS, EVALUATION_UNANSWERABLE))))


if __name__ == "__main__":
    main()
