"""What is asked of each video of a batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vidtext.tasks.registry import TASKS

if TYPE_CHECKING:
    from pathlib import Path

Tasks = Mapping[str, Any]
"""What is done with a video: the options of each task, by the task's name, in the order of `TASKS`."""


def as_json(tasks: Tasks) -> dict[str, dict[str, Any]]:
    """Return each task with its options, as a line of a JSONL list has them."""
    return {name: dataclasses.asdict(options) for name, options in tasks.items()}


@dataclass(frozen=True)
class Item:
    """One video of a batch.

    Attributes:
        source: a path or an address.
        tasks: what is done with it.
        name: what its files are called, without an ending; no other item of the batch has it.
    """

    source: str | Path
    tasks: Tasks
    name: str

    @property
    def models(self) -> tuple[tuple[str, bool], ...]:
        """The names of the models that are used, each with whether it is to chat."""
        used = ((getattr(options, "model", None), TASKS[name].converses) for name, options in self.tasks.items())
        return tuple(dict.fromkeys((model, chats) for model, chats in used if model is not None))
