"""The words of the embedded chat model: all that its answers and the trained questions consist of."""

import re
from functools import cache

from training import chat_wordings as wordings
from training.grammar import CAMERA_CLAUSES, COUNT_WORDS, DIRECTION_PHRASES
from training.palette import COLOUR_NAMES
from training.scenes import ACTOR_TONES, BACKGROUND_TONES, SHAPES

_ANSWERS = (
    "A An It They First Nothing One Two Three Yes No There is are that turns from to moves move stays stay still grows "
    "grow shrinks shrink and then dark bright moderately lit there a cut no one I cannot tell , ."
)


@cache
def words() -> list[str]:
    """Return every word in the letter cases that it is used in, without special tokens."""
    texts = [
        *(text for group in wordings.QUESTIONS.values() for text in group),
        *(text for group in wordings.FOLLOW_UPS.values() for text in group),
        *wordings.UNANSWERABLE, wordings.REFUSAL, _ANSWERS,
        "the it they them their something one ones shape shapes thing things on in left right middle color colors",
        "first second third last to have has do Do are Are Is Where where anything all both",
        *COLOUR_NAMES, *ACTOR_TONES, *BACKGROUND_TONES, *SHAPES, *(f"{shape}s" for shape in SHAPES),
        *COUNT_WORDS.values(), *DIRECTION_PHRASES.values(), *CAMERA_CLAUSES.values(),
    ]  # fmt: skip
    found = {word for text in texts for word in re.findall(r"\w+|[^\w\s]", re.sub(r"[{<]\w+[}>]", "", text))}
    return sorted(found | {word.lower() for word in found})
