"""What chat models are asked, in one place. A captioner takes no prompts.

`STYLES` are the ways to write a summary, by the names that the page, the command line and the API use; the user may
give a text of their own instead. The other templates are filled in with `str.format`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """A way to write: what the page calls it, and what the model is told."""

    label: str
    instruction: str


STYLES: dict[str, Style] = {
    "neutral": Style("Neutral", "Write plainly and factually, in the present tense."),
    "lecture": Style(
        "Lecture notes",
        "Write lecture notes for a student: the topic, what is explained in which order, and terms to remember.",
    ),
    "meeting": Style(
        "Meeting minutes",
        "Write meeting minutes: who is seen, what is dealt with in which order, and what is visibly decided.",
    ),
    "product": Style(
        "Product copy",
        "Write appealing copy for a product page: what is shown, what it does and looks like. Claim only what is seen.",
    ),
    "accessibility": Style(
        "Accessibility description",
        "Write an audio description for people who cannot see: people, places, actions, colours and text on the "
        "screen, in the order in which they appear.",
    ),
}

CAPTION = "Describe this video in one short sentence."

DESCRIBE_PART = "This is a part of a longer video. Say in one or two sentences what it shows. {style}"

TITLES = """\
These are descriptions of the {count} parts of a video, in order:
{descriptions}
Write a table of contents: one title of at most eight words for each part, all different, in the same order. \
Write exactly {count} lines, each with its number, and nothing else."""

REDUCE = """\
These are descriptions of consecutive parts of a video:
{descriptions}
Write {sentences} about the whole video, in order, without repeating anything and without adding anything. {style}"""

KEYWORDS = """\
This is the summary of a video:
{summary}
Write the {count} most important words or short phrases of it, separated by commas, and nothing else."""

SUGGESTIONS = (
    "What is in the video?",
    "What moves?",
    "How bright is it?",
    "What does the camera do?",
    "What happens at the end?",
)
"""What a person may ask in a conversation, for a start."""
