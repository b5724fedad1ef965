"""The reasoning of models that think before they answer, kept out of the answer, however it is marked."""

from __future__ import annotations

from vidtext.errors import ModelError

_MARKERS = {
    "<think>": "</think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<seed:think>": "</seed:think>",
}
"""What opens and closes reasoning in a model's text: Qwen, DeepSeek, GLM, InternVL and most others; Magistral; Kimi;
Seed. These are the pairs that the reasoning parsers of vLLM look for
(https://docs.vllm.ai/en/latest/features/reasoning_outputs/)."""

_CLOSING = tuple(_MARKERS.values())

MARKERS = frozenset((*_MARKERS, *_CLOSING))
"""All of them."""


def opens_reasoning(prompt: str) -> bool:
    """Whether a prompt ends inside of reasoning, as the template of Qwen3-VL-Thinking has it."""
    return prompt.rstrip().endswith(tuple(_MARKERS))


def no_answer(model: str, tokens: int | None) -> ModelError:
    """Return the error of a reply that is nothing but reasoning, which `tokens` ended, None where the model did."""
    if tokens is None:
        return ModelError(f"{model} wrote its reasoning and no answer. Ask again, or choose another model.")
    return ModelError(
        f"{model} used all {tokens} tokens for its reasoning and wrote no answer. Allow more tokens (max_new_tokens; "
        "description_tokens for chapters and summaries), or choose a model that does not reason."
    )


class AnswerFilter:
    """Lets the answer of one reply through, piece by piece, and drops the reasoning.

    Reasoning stands between two markers. The prompt may hold the first one: then the reply begins with reasoning.

    Args:
        opened: whether the prompt opened reasoning. None where nobody knows: then all is held back until a marker or
            the end tells.

    Attributes:
        opened: the same, once it is known.
        reasoned: whether there was reasoning.
        answered: whether some of an answer was let through.
        closed_late: whether a closing marker came behind an answer: what was let through may have been reasoning.
    """

    def __init__(self, *, opened: bool | None) -> None:
        self.opened = opened
        self.reasoned = bool(opened)
        self.answered = False
        self.closed_late = False
        self._closing = _CLOSING if opened else ()
        """The markers that end the reasoning that the text is inside of; none outside."""
        self._opening = ""
        self._rest = ""

    def added(self, piece: str) -> str:
        """Return what of the answer is certain after one more piece, without the start of what may be a marker."""
        self._rest += piece
        certain = ""
        while found := _first(self._rest, self._closing or tuple(MARKERS)):
            place, marker = found
            before, self._rest = self._rest[:place], self._rest[place + len(marker) :]
            if self._closing:
                self._closing = ()
                self._after_reasoning()
            elif marker in _MARKERS:
                certain += self._let_through(before) if self._says_something(before) else ""
                self.opened = bool(self.opened)
                self._closing, self._opening = (_MARKERS[marker],), marker
            elif self.opened is None:  # so all before it was reasoning
                self.opened = True
                self._after_reasoning()
            elif self._says_something(before):  # an answer that names the marker, or `opened` was wrong
                certain += self._let_through(before + marker)
                self.closed_late = True
        if self._closing or self.opened is None:
            return certain
        held = _partial(self._rest)
        before, after = self._rest[: len(self._rest) - held], self._rest[len(self._rest) - held :]
        if not self._says_something(before):
            return certain
        self._rest = after
        return certain + self._let_through(before)

    def ended(self, *, cut: bool) -> str:
        """Return the rest of the answer: no more pieces will come. `cut` tells that the reply is not whole."""
        if self._closing and (cut or not self.answered or not self._opening):
            self.reasoned = True
            return ""
        return self._let_through(self._opening * bool(self._closing) + self._rest)

    def reasoned_elsewhere(self) -> None:
        """Note that the reasoning comes apart from the text, which then has none."""
        self.opened, self.reasoned = bool(self.opened), True

    def _says_something(self, text: str) -> bool:
        """Whether the text is part of an answer, rather than space before one."""
        return self.answered or bool(text.strip())

    def _after_reasoning(self) -> None:
        self.reasoned = True
        if not self.answered:
            self._rest = self._rest.lstrip()

    def _let_through(self, text: str) -> str:
        if self.reasoned and not self.answered:
            text = text.lstrip()
        self.answered = self.answered or bool(text.strip())
        return text


def _first(text: str, markers: tuple[str, ...]) -> tuple[int, str] | None:
    """Return where the first of the markers stands in the text, and which it is."""
    return min(((place, marker) for marker in markers if (place := text.find(marker)) >= 0), default=None)


def _partial(text: str) -> int:
    """Return how many characters at the end of the text may be the start of a marker."""
    longest = max(map(len, MARKERS)) - 1
    return next(
        (
            length
            for length in range(min(longest, len(text)), 0, -1)
            if any(marker.startswith(text[-length:]) for marker in MARKERS)
        ),
        0,
    )
