"""Generation that can be watched and stopped: the one road from `generate()` to whoever waits for its words."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

if TYPE_CHECKING:
    from collections.abc import Generator

    from transformers import PreTrainedModel


class _EachToken(StoppingCriteria):  # type: ignore[misc]  # transformers has no types here
    """Reports the tokens at every step, and ends the generation at the next one once it is stopped."""

    def __init__(self) -> None:
        self.steps: queue.SimpleQueue[torch.Tensor | BaseException | None] = queue.SimpleQueue()
        self.stopped = threading.Event()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:  # noqa: ARG002, ANN401
        self.steps.put(input_ids)
        return torch.full((len(input_ids),), self.stopped.is_set(), device=input_ids.device, dtype=torch.bool)


def stream_generate(model: PreTrainedModel, **inputs: Any) -> Generator[torch.Tensor, None, None]:  # noqa: ANN401
    """Yield all tokens so far, `(batch, length)`, at every step of `model.generate(**inputs)`.

    `generate` runs in a thread. Closing the iterator ends it within one token and waits for its end, so that the
    device is free when the iterator is closed. An exception in `generate` is raised here.
    """
    each = _EachToken()

    def work() -> None:
        try:
            with torch.inference_mode():
                model.generate(**inputs, stopping_criteria=StoppingCriteriaList([each]))
        except BaseException as error:  # noqa: BLE001  handed over to the thread that waits
            each.steps.put(error)
        else:
            each.steps.put(None)

    thread = threading.Thread(target=work, name="generate", daemon=True)
    thread.start()
    try:
        while (step := each.steps.get()) is not None:
            if isinstance(step, BaseException):
                raise step
            yield step
    finally:
        each.stopped.set()
        thread.join()
