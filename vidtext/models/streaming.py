"""Generation that can be watched and stopped at each token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from vidtext.models.reasoning import MARKERS
from vidtext.threads import ThreadedWork

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
"""What a tokenizer decodes the first bytes of a character to, while the others are still to come."""

_NO_SPACES_FROM = "\N{CJK RADICAL REPEAT}"
"""The first character of the CJK blocks of Unicode: from here on, scripts are written without spaces, and the
characters of a text in the making stay what they are."""


class _EachToken(StoppingCriteria):  # type: ignore[misc]  # transformers has no types here
    """Hands the tokens over at every step, and ends the generation once no more are wanted."""

    def __init__(self, hand_over: Callable[[torch.Tensor], bool]) -> None:
        self._hand_over = hand_over

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:  # noqa: ARG002, ANN401
        ends = not self._hand_over(input_ids)
        return torch.full((len(input_ids),), ends, device=input_ids.device, dtype=torch.bool)


def stream_generate(model: PreTrainedModel, **inputs: Any) -> Generator[torch.Tensor, None, None]:  # noqa: ANN401
    """Yield all tokens so far, `(batch, length)`, at every step of `model.generate(**inputs)`.

    `generate` runs in a thread. Closing the iterator ends it within one token and waits for its end, so that the
    device is free when the iterator is closed. An exception in `generate` is raised here.
    """

    def generate(hand_over: Callable[[torch.Tensor], bool]) -> None:
        with torch.inference_mode():
            model.generate(**inputs, stopping_criteria=StoppingCriteriaList([_EachToken(hand_over)]))

    work = ThreadedWork(generate, name="generate")
    try:
        yield from work.items()
    finally:
        work.close(wait=True)


class TextPieces:
    """Turns the growing tokens of one answer into pieces of text that are never taken back.

    Joined, the pieces are the decoded answer without white space around it. The end of the text is held back until it
    is certain, as transformers' `TextStreamer` does: a word until the space after it, a character until all its bytes
    are there. Unlike `TextStreamer`, which decodes each line on its own, this decodes the whole answer at every step:
    tokenizers that mark words by the space before them would lose the space at the start of a line.

    Special tokens are left out, but for those that mark reasoning: what is between them is told apart by its marks.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._given = 0
        special = {number: str(token) for number, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._left_out = torch.tensor([number for number, token in special.items() if token not in MARKERS])

    def grown(self, tokens: torch.Tensor) -> str:
        """Return the text that became certain with these tokens, `(length,)`: all of the answer so far."""
        text = self._decoded(tokens)
        whole = bool(text) and text[-1] >= _NO_SPACES_FROM and text[-1] != _INCOMPLETE
        word = re.split(r"\s", text)[-1]
        return self._new(text if whole else text.removesuffix(word).rstrip())

    def finished(self, tokens: torch.Tensor) -> str:
        """Return the rest of the text: no more tokens will come."""
        return self._new(self._decoded(tokens).rstrip())

    def _new(self, certain: str) -> str:
        piece = certain[self._given :]
        self._given += len(piece)
        return piece

    def _decoded(self, tokens: torch.Tensor) -> str:
        # Cleaning up would take back the space before a full stop that has been given out.
        tokens = tokens[~torch.isin(tokens, self._left_out.to(tokens.device))]
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text.lstrip()
