"""What the embedded chat model says of a thing, sentence by sentence, and when it is right."""

from collections.abc import Sequence
from dataclasses import dataclass

from training.grammar import COUNT_WORDS, DIRECTION_PHRASES, article
from training.scenes import Actor

NUMBERS = {1: "One", 2: "Two", 3: "Three"}
LIGHTS = {"dark": "It is dark.", "moderate": "It is moderately lit.", "bright": "It is bright."}


@dataclass(frozen=True)
class Turn:
    """One question with its answers. `accepted` holds every right answer, `answer` the one to learn.

    `follow_up` says in which way the question needs the turns before it; empty where it stands on its own. `mover` is
    the number of the actor whose motion the answer tells after its name, None for any other answer.
    """

    kind: str
    question: str
    answer: str
    accepted: tuple[str, ...] = ()
    follow_up: str = ""
    mover: int | None = None

    def is_right(self, text: str) -> bool:
        """Return whether an answer says what is true, whatever its letter case, spacing and final stop."""
        return plain(text) in {plain(answer) for answer in (self.answer, *self.accepted)}


def plain(text: str) -> str:
    """Return a sentence without letter case, repeated spaces and final stop."""
    return " ".join(text.lower().split()).rstrip(" .")


def named(actor: Actor) -> str:
    """Return what an actor is, with its article: "a red circle"."""
    if actor.count > 1:
        return f"{COUNT_WORDS[actor.count]} {actor.colour} {actor.shape}s"
    turn = f" that turns {actor.then}" if actor.action == "turns" else ""
    return f"{article(actor.colour)} {actor.colour} {actor.shape}{turn}"


def listed(actors: Sequence[Actor]) -> str:
    """Return several actors as one sentence."""
    names = [named(actor) for actor in actors]
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{text[0].upper()}{text[1:]}."


def said_of(actor: Actor, attribute: str, *, alone: bool) -> str:
    """Return the answer about one attribute: colour, shape, motion, or what it is altogether.

    Where an actor is not `alone`, its motion is told with its name: the model finds what it is that is asked about, and
    then, having named it, how that moves. Left to say both at once, it told the motion of any of them.
    """
    many = actor.count > 1
    start = "They" if many else "It"
    if attribute == "what":
        return listed([actor])
    if attribute == "colour" and actor.action != "turns":
        return f"{start} {'are' if many else 'is'} {actor.colour}."
    if attribute == "shape":
        return f"They are {actor.shape}s." if many else f"It is {article(actor.shape)} {actor.shape}."
    if not alone:
        start = f"The {actor.shape}" if actor.action == "turns" else f"The {actor.colour} {actor.shape}"
    if actor.action == "turns":
        return f"{start} turns from {actor.colour} to {actor.then}."
    ending = "" if many else "s"
    if actor.action == "still":
        return f"{start} stay{ending} still."
    if actor.action in ("grows", "shrinks"):
        return f"{start} {actor.action if not many else actor.action.removesuffix('s')}."
    phrases = {str(name): phrase for name, phrase in DIRECTION_PHRASES.items()}
    then = f" and then {phrases[actor.then]}" if actor.then else ""
    return f"{start} move{ending} {phrases[actor.action]}{then}."
