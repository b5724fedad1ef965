"""Text that every encoding of Unicode can say."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """Return the text without lone surrogates, which no UTF-8 can say and no tokenizer takes.

    JSON may hold one as an escape, and pieces of text may be cut between two. A pair that belongs together becomes its
    character, any other surrogate U+FFFD, as in JavaScript's `toWellFormed`.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
