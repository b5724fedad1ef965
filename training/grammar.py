"""Truth to caption, and caption back to attributes. No sentence denies anything that cannot be seen."""

import re
from dataclasses import dataclass, replace

from training.palette import COLOUR_NAMES
from training.scenes import ACTOR_TONES, BACKGROUND_TONES, DIRECTIONS, SHAPES, Actor, Direction, Truth

COUNT_WORDS = {1: "a", 2: "two", 3: "three"}
DIRECTION_PHRASES: dict[Direction, str] = {"right": "to the right", "left": "to the left", "up": "up", "down": "down"}
LIGHT_PHRASES = {"dark": "a dark scene", "moderate": "a moderately lit scene", "bright": "a bright scene"}
CAMERA_CLAUSES = {
    "still": "the camera stays still",
    "right": "the camera pans to the right",
    "left": "the camera pans to the left",
    "up": "the camera tilts up",
    "down": "the camera tilts down",
    "closer": "the camera moves closer",
    "away": "the camera moves away",
}
CHANGE_CLAUSES = {"brighter": "it grows brighter", "darker": "it grows darker"}


@dataclass(frozen=True)
class Claims:
    """What a caption says; an attribute that it does not mention is empty."""

    light: str = ""
    colours: tuple[str, ...] = ()
    camera: str = ""
    change: str = ""
    background: str = ""
    actors: tuple[Actor, ...] = ()
    in_turn: bool = False


def article(word: str) -> str:
    """Return the indefinite article that `word` takes."""
    return "an" if word[0] in "aeiou" else "a"


def _name(actor: Actor) -> str:
    if actor.count == 1:
        return f"{article(actor.colour)} {actor.colour} {actor.shape}"
    return f"{COUNT_WORDS[actor.count]} {actor.colour} {actor.shape}s"


def _direction(name: str) -> Direction:
    return next(direction for direction in DIRECTIONS if direction == name)


def _predicate(actor: Actor) -> str:
    ending = "s" if actor.count == 1 else ""
    if actor.action == "still":
        return f"stay{ending} still"
    if actor.action == "turns":
        return f"turn{ending} {actor.then}"
    if actor.action in ("grows", "shrinks"):
        return actor.action if actor.count == 1 else actor.action.removesuffix("s")
    turn = f" and then {DIRECTION_PHRASES[_direction(actor.then)]}" if actor.then else ""
    return f"move{ending} {DIRECTION_PHRASES[_direction(actor.action)]}{turn}"


def _list(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def caption(truth: Truth) -> str:
    """Return the reference caption: one plain English sentence with a capital and a full stop."""
    if truth.register == "natural":
        sentence = f"{LIGHT_PHRASES[truth.light]}, mostly {_list(list(truth.colours))}"
        clause = CHANGE_CLAUSES.get(truth.change) or CAMERA_CLAUSES.get(truth.camera)
        sentence = f"{sentence}; {clause}" if clause else sentence
    elif truth.in_turn:
        first, *later = (_name(actor) for actor in truth.actors)
        turns = "".join(f", then {name}" for name in later)
        sentence = f"first {first} appears{turns}, on a {truth.background} background"
    else:
        crossing = all(actor.action in DIRECTIONS for actor in truth.actors)
        sentence = _list([f"{_name(actor)} {_predicate(actor)}" for actor in truth.actors])
        sentence = f"{sentence} {'across' if crossing else 'on'} a {truth.background} background"
    return f"{sentence[0].upper()}{sentence[1:]}."


_SHADE = "|".join(sorted(BACKGROUND_TONES, key=len, reverse=True))
_WHERE = "|".join(DIRECTION_PHRASES.values())
_ACTOR = re.compile(
    rf"(?:\b(?P<count>an?|two|three) )(?P<colour>{'|'.join(ACTOR_TONES)}) (?P<shape>{'|'.join(SHAPES)})s?\b"
    rf"(?: (?:(?P<still>stays? still)|(?P<size>grows?|shrinks?)|turns? (?P<new>{'|'.join(ACTOR_TONES)})"
    rf"|moves? (?P<where>{_WHERE})(?: and then (?P<then>{_WHERE}))?))?"
)
_LOOK = re.compile(rf"^(?P<light>a \w+(?: lit)? scene), mostly (?P<one>{'|'.join(COLOUR_NAMES)})(?: and (?P<two>\w+))?")
_BACKGROUND = re.compile(rf"(?:on|across) a (?P<background>{_SHADE}) background")


def _actor(match: re.Match[str]) -> Actor:
    counts = {"a": 1, "an": 1, "two": 2, "three": 3}
    directions = {phrase: name for name, phrase in DIRECTION_PHRASES.items()}
    actor = Actor(match["colour"], match["shape"], count=counts[match["count"]])
    if match["where"]:
        then = directions[match["then"]] if match["then"] else ""
        return replace(actor, action=directions[match["where"]], then=then)
    if match["new"]:
        return replace(actor, action="turns", then=match["new"])
    if match["size"]:
        return replace(actor, action="grows" if match["size"].startswith("grow") else "shrinks")
    return actor


def parse(text: str) -> Claims:
    """Read the attributes out of a caption, whatever wrote it; letter case and the final stop do not matter."""
    text = " ".join(text.lower().replace(" ,", ",").replace(" ;", ";").replace(" .", ".").split())
    look = _LOOK.match(text)
    background = _BACKGROUND.search(text)
    lights = {phrase: name for name, phrase in LIGHT_PHRASES.items()}
    return Claims(
        light=lights.get(look["light"], "") if look else "",
        colours=tuple(name for name in (look["one"], look["two"]) if name) if look else (),
        camera=next((name for name, clause in CAMERA_CLAUSES.items() if clause in text), ""),
        change=next((name for name, clause in CHANGE_CLAUSES.items() if clause in text), ""),
        background=background["background"] if background else "",
        actors=tuple(_actor(match) for match in _ACTOR.finditer(text)),
        in_turn=text.startswith("first "),
    )
