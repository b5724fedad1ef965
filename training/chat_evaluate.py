"""Score the embedded chat model on clips that it never saw: ``python -m training.chat_evaluate``."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from training.chat_clips import chat_clip, facts_of
from training.chat_conversations import conversation
from training.chat_sentences import Turn, plain
from training.chat_wordings import DEVELOPMENT_UNANSWERABLE, EVALUATION_UNANSWERABLE
from training.evaluate import SIZES
from training.palette import Pixels

CHECKPOINT = Path(__file__).parent.parent / "vidtext" / "models" / "embedded" / "chat"
EVALUATION_SEEDS = range(400)
DEVELOPMENT_SEEDS = range(500_000, 500_300)
"""Training takes its seeds from one million on; constants were chosen on the development seeds alone."""
TURNS = 5
_BATCH = 40
_NEW_TOKENS = 30


@dataclass(frozen=True)
class Score:
    """How often a kind of question was answered rightly, and how often its commonest answer would have been right."""

    name: str
    questions: int
    right: float
    commonest: float


@dataclass(frozen=True)
class Asked:
    """A turn, and what the model answered: with true answers before it, and with its own."""

    turn: Turn
    after_truth: str
    after_own: str


class Checkpoint:
    """A chat model loaded the way that every caller loads it."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()

    def answer(self, clips: Sequence[Pixels], histories: Sequence[Sequence[str]]) -> list[str]:
        """Answer the last question about each clip of six frames (6, H, W, 3) uint8 RGB.

        A history holds questions and answers in turn and ends with a question.
        """
        texts: list[str] = []
        for first in range(0, len(clips), _BATCH):
            inputs = self.processor.apply_chat_template(
                [
                    _messages(clip, history)
                    for clip, history in zip(
                        clips[first : first + _BATCH], histories[first : first + _BATCH], strict=True
                    )
                ],
                add_generation_prompt=True,
                tokenize=True,
                return_dict=True,
                return_tensors="pt",
                processor_kwargs={"padding": True},
            )
            with torch.inference_mode():
                tokens = self.model.generate(**inputs, max_new_tokens=_NEW_TOKENS, do_sample=False)
            new = tokens[:, inputs["input_ids"].shape[1] :]
            texts += [text.strip() for text in self.processor.batch_decode(new, skip_special_tokens=True)]
        return texts


def _messages(clip: Pixels, history: Sequence[str]) -> list[dict[str, object]]:
    messages: list[dict[str, object]] = []
    for index, text in enumerate(history):
        content: list[dict[str, object]] = [{"type": "text", "text": text}]
        if index == 0:
            content.insert(0, {"type": "video", "video": clip})
        messages.append({"role": "assistant" if index % 2 else "user", "content": content})
    return messages


def ask_all(checkpoint: Checkpoint, seeds: Sequence[int], unanswerable: Sequence[str]) -> Iterator[Asked]:
    """Hold a conversation of TURNS turns about the clip of each seed, twice: with true answers and with its own."""
    clips, talks = [], []
    for seed in seeds:
        clip = chat_clip(seed, SIZES[seed % len(SIZES)])
        clips.append(clip.pixels)
        talks.append(
            conversation(facts_of(clip.truth, clip.motion), np.random.default_rng([seed, 9]), TURNS, unanswerable)
        )
    histories: list[list[list[str]]] = [[[] for _ in seeds] for _ in range(2)]
    for number in range(TURNS):
        answers = []
        for own, told in enumerate(histories):
            for talk, history in zip(talks, told, strict=True):
                history.append(talk[number].question)
            answers.append(checkpoint.answer(clips, told))
            for talk, history, answer in zip(talks, told, answers[-1], strict=True):
                history.append(answer if own else talk[number].answer)
        for talk, true, mine in zip(talks, *answers, strict=True):
            yield Asked(talk[number], true, mine)


def group_of(turn: Turn) -> str:
    """Return the row of the table that a turn belongs to: follow-ups, and how one of several moves, have their own."""
    if turn.follow_up:
        return f"follow-up: {FOLLOW_UP_NAMES[turn.follow_up]}"
    return turn.kind if turn.mover is None else f"{turn.kind}, of one among several"


FOLLOW_UP_NAMES = {"it": "its other attributes", "other": "the other one", "same": "and another?", "next": "and then?"}


def score(asked: Sequence[Asked]) -> list[Score]:
    """Score each kind of question, all follow-ups, and all follow-ups after the model's own answers."""
    groups: dict[str, list[Asked]] = defaultdict(list)
    for each in asked:
        groups[group_of(each.turn)].append(each)
    rows = [_row(name, group, own=False) for name, group in sorted(groups.items())]
    follow_ups = [each for each in asked if each.turn.follow_up]
    rows.append(_row("all follow-ups", follow_ups, own=False))
    rows.append(_row("all follow-ups, after its own answers", follow_ups, own=True))
    rows.append(_row("all questions", asked, own=False))
    rows.append(_row("all questions, after its own answers", asked, own=True))
    return rows


def _row(name: str, group: Sequence[Asked], *, own: bool) -> Score:
    right = sum(each.turn.is_right(each.after_own if own else each.after_truth) for each in group)
    answers = Counter(plain(answer) for each in group for answer in {each.turn.answer, *each.turn.accepted})
    return Score(name, len(group), right / max(1, len(group)), answers.most_common(1)[0][1] / max(1, len(group)))


def table(scores: Sequence[Score]) -> str:
    """Return the scores as a Markdown table."""
    lines = ["| question | asked | right | commonest answer |", "|---|---:|---:|---:|"]
    lines += [
        f"| {each.name} | {each.questions} | {100 * each.right:.1f} % | {100 * each.commonest:.1f} % |"
        for each in scores
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=CHECKPOINT)
    parser.add_argument("--development", action="store_true", help="use the development seeds and questions")
    parser.add_argument("--clips", type=int, help="how many clips, from the first seed on")
    parser.add_argument("--wrong", type=int, default=0, help="print so many wrong answers")
    options = parser.parse_args()
    seeds = DEVELOPMENT_SEEDS if options.development else EVALUATION_SEEDS
    held_out = DEVELOPMENT_UNANSWERABLE if options.development else EVALUATION_UNANSWERABLE
    asked = list(ask_all(Checkpoint(options.checkpoint), seeds[: options.clips], held_out))
    print(table(score(asked)))
    wrong = [each for each in asked if not each.turn.is_right(each.after_truth)]
    for each in wrong[: options.wrong]:
        print(f"{each.turn.question} {each.turn.answer} but: {each.after_truth}")


if __name__ == "__main__":
    main()
