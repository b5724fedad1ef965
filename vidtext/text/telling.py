"""From single descriptions to titles, paragraphs and keywords, by rules that add nothing to what was said.

These serve models that only caption. What a description does not say, no text made here says either.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TITLE_CHARACTERS = 64
"""The longest title: a line of a table of contents on a phone, twice what YouTube shows of a chapter at once."""

_SHORTEST_CUT = 20
"""A title is cut at a comma only if that leaves so many characters; else between words."""

_CLOSING = ".!?…"
_CLAUSE_END = re.compile(r"(?<=[^\s])(?:; | – |\. )")
_NUMBERED = re.compile(r"(.*) \((\d+)\)")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_WORD_OR_NUMBER = re.compile(r"\d+(?:[.:,]\d+)*|[\w'’-]+")

_TELLING_NOTHING = (
    "a about above across after again against all along also an and another any are around as at away back background "
    "be because been before behind being below between both but by camera can closer come comes could do does doing "
    "down during each either first for from get gets go goes going had has have having he her here him his how i if "
    "in into is it its itself just left like lit many moderately more most mostly move moves moving much near next no "
    "nor not of off on one onto or other our out over own right same scene shown shows side so some still stay stays "
    "such than that the their them then there these they this those through to together too toward towards two under "
    "until up us very was we were what when where which while who will with within without would you your"
)
_FUNCTION_WORDS = frozenset(_TELLING_NOTHING.split())
"""English words that tell nothing of what a video is about: articles, prepositions, pronouns, auxiliaries, and the
words of movement, place, light and camera that every caption uses."""

_FIRST = re.compile(r"first,? ", re.IGNORECASE)
"""What a sentence of a row may begin with, and must not behind "Next, ": "first a circle appears, then a star"."""

_MIDDLE = ("Then, ", "Next, ", "After that, ")


def sentence(words: str) -> str:
    """Begin with a capital letter and end with a full stop, as models' captions do not always."""
    words = words.strip()
    if not words:
        return words
    return words[0].upper() + words[1:] + ("" if words[-1] in _CLOSING else ".")


def title_of(description: str) -> str:
    """Make a title of a description: its first clause, without the full stop, at most `TITLE_CHARACTERS` long.

    Where it is cut, `…` stands at its end. A description without words has the title "Untitled".
    """
    line = " ".join(description.split())
    return short_title(_CLAUSE_END.split(line, maxsplit=1)[0].rstrip(_CLOSING + ";, "))


def short_title(title: str) -> str:
    """Begin with a capital letter, and cut what is longer than `TITLE_CHARACTERS`: `…` stands at its end then.

    Nothing is called "Untitled".
    """
    if len(title) > TITLE_CHARACTERS:
        head = title[: TITLE_CHARACTERS - 1]
        at_comma = head.rfind(", ")
        end = at_comma if at_comma >= _SHORTEST_CUT else max(head.rfind(" "), _SHORTEST_CUT)
        title = head[:end].rstrip(" ,") + "…"
    return title[0].upper() + title[1:] if title else "Untitled"


def distinct_title(candidates: Sequence[str], before: str | None) -> str:
    """Choose the first candidate that differs from the title before; where none does, number it: "A red circle (2)"."""
    if before is None:
        return candidates[0]
    numbered = _NUMBERED.fullmatch(before)
    stem = numbered[1] if numbered else before
    number = int(numbered[2]) if numbered else 1
    return next((title for title in candidates if title not in (before, stem)), f"{stem} ({number + 1})")


def wording(text: str) -> str:
    """Return a text's words and numbers: texts that differ only in case and punctuation have the same wording."""
    return " ".join(_WORD_OR_NUMBER.findall(text.lower()))


def without_repeats(texts: Iterable[str]) -> list[str]:
    """Return the texts in order, each wording once; texts without words are left out."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(wording(text), text)
    found.pop("", None)
    return list(found.values())


def told_in_order(texts: Sequence[str]) -> str:
    """Tell different sentences as one paragraph: "First, …. Then, …. Finally, …."; a single one stays as it is."""
    sentences = [sentence(text) for text in without_repeats(texts)]
    if len(sentences) < 2:  # noqa: PLR2004  a row begins with two
        return "".join(sentences)
    middle = [_MIDDLE[index % len(_MIDDLE)] for index in range(len(sentences) - 2)]
    connectives = ["First, ", *middle, "Finally, " if middle else "Then, "]
    sentences = [_without_first(text) for text in sentences]
    return " ".join(connective + _lower_first(text) for connective, text in zip(connectives, sentences, strict=True))


def keywords(texts: Sequence[str], weights: Sequence[float], count: int) -> tuple[str, ...]:
    """Return the `count` words that matter most: by the summed weight of the texts that have them, then by first use.

    Args:
        texts: descriptions in English; words of other languages count as well.
        weights: one for each text, such as the seconds that it is about.
        count: how many words at most.
    """
    total: defaultdict[str, float] = defaultdict(float)
    for text, weight in zip(texts, weights, strict=True):
        for word in dict.fromkeys(_WORD.findall(text.lower())):
            if word not in _FUNCTION_WORDS and len(word) > 2:  # noqa: PLR2004  no word of two letters says much
                total[word] += weight
    return tuple(sorted(total, key=total.__getitem__, reverse=True)[:count])


def _without_first(text: str) -> str:
    begins = _FIRST.match(text)
    return text[begins.end() :] if begins else text


def _lower_first(text: str) -> str:
    """Lower the first letter, unless the word is more than that: an acronym, or "I"."""
    first = text.split(maxsplit=1)[0].rstrip(",.;:")
    return text if first == "I" or first[1:] != first[1:].lower() else text[0].lower() + text[1:]
