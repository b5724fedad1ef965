"""What is true of a clip, as conversations: questions, right answers, and follow-ups that need the turns before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.chat_clips import Facts
from training.chat_sentences import LIGHTS, NUMBERS, Turn, listed, named, said_of
from training.chat_wordings import FOLLOW_UPS, PLAIN_UNANSWERABLE, QUESTIONS, REFUSAL, UNANSWERABLE
from training.grammar import CAMERA_CLAUSES, DIRECTION_PHRASES, article
from training.scenes import ACTOR_TONES, DIRECTIONS, SHAPES, Actor

ORDINALS = ("first", "second", "third")
PLACES = {2: ("on the left", "on the right"), 3: ("on the left", "in the middle", "on the right")}
ATTRIBUTES = ("colour", "shape", "motion")
UNKNOWN_WORD = "<unk>"

KIND_WEIGHTS = {
    "how many": 0.8, "what is there": 1.0, "background": 0.7, "light": 0.6, "main colour": 0.5, "camera": 0.1,
    "cut": 0.15, "what moves": 1.1, "what stays": 0.4, "what goes": 0.6, "place": 1.3, "order": 2.4, "colour": 1.2,
    "shape": 1.6, "motion": 2.4, "present": 1.4, "not there": 1.4, "unanswerable": 1.1,
}  # fmt: skip
"""How often each kind is drawn among those that a toy clip allows."""
OTHER_WEIGHTS = {"light": 0.8, "main colour": 1.1, "camera": 2.5, "cut": 0.35, "shapes": 0.5, "unanswerable": 0.6}
"""The same for every other clip; where there is a cut, it is asked for oftener, so that yes is as frequent as no."""
CUT_WEIGHT = 0.9
COUNT_SKIPPED = {1: 0.4, 2: 0.3, 3: 0.0}
"""How often a count is not asked for, so that all are asked for about as often."""
FOLLOW_UP_PART = 0.6
"""How often a turn is a follow-up where one is possible."""


@dataclass
class Dialogue:
    """Asks one question after another about a clip, and remembers what the last ones were about.

    `referent` is the actor that "it" means, `attribute` what was last asked of it.
    """

    facts: Facts
    rng: np.random.Generator
    unanswerable: Sequence[str] = ()
    referent: int | None = None
    attribute: str = ""
    just_ordered: bool = False

    def ask(self) -> Turn:
        """Return the next turn."""
        if self.referent is not None and self.rng.random() < FOLLOW_UP_PART:
            turn = self._follow_up()
            if turn is not None:
                return turn
        kinds = self._kinds()
        weights = np.array(list(kinds.values()))
        for _ in range(50):
            kind = list(kinds)[self.rng.choice(len(kinds), p=weights / weights.sum())]
            turn = self._of_kind(kind)
            if turn is not None:
                return turn
        return self._refused()

    @property
    def actors(self) -> tuple[Actor, ...]:
        """What can be asked about one by one."""
        return self.facts.truth.actors

    def _said(self, index: int, attribute: str) -> str:
        return said_of(self.actors[index], attribute, alone=len(self.actors) == 1)

    def _mover(self, index: int, attribute: str) -> int | None:
        return index if attribute == "motion" and len(self.actors) > 1 else None

    def _kinds(self) -> dict[str, float]:
        if self.facts.truth.register == "toy":
            return KIND_WEIGHTS
        return {**OTHER_WEIGHTS, "cut": CUT_WEIGHT if self.facts.cut else OTHER_WEIGHTS["cut"]}

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self.rng.integers(len(options)))]

    def _turn(self, kind: str, answer: str, accepted: Sequence[str] = (), wording: str = "", **words: str) -> Turn:
        self.referent, self.attribute, self.just_ordered = None, "", False
        return Turn(kind, self._pick(QUESTIONS[wording or kind]).format(**words), answer, tuple(accepted))

    def _about(self, index: int, attribute: str, turn: Turn, *, ordered: bool = False) -> Turn:
        if len(self.actors) > 1:
            self.referent, self.attribute, self.just_ordered = index, attribute, ordered
        return turn

    def _of_kind(self, kind: str) -> Turn | None:
        if kind in ATTRIBUTES:
            return self._attribute(kind)
        ways: dict[str, Callable[[], Turn | None]] = {
            "how many": self._how_many, "what is there": self._what_is_there, "what moves": self._what_moves,
            "what stays": self._what_stays, "what goes": self._what_goes, "place": self._place, "order": self._order,
            "present": self._present, "not there": self._not_there, "unanswerable": self._refused,
            "shapes": self._no_shapes, "camera": self._camera, "light": self._light, "main colour": self._main_colour,
            "background": lambda: self._turn(kind, f"It is {self.facts.truth.background}."),
            "cut": lambda: self._turn(kind, "Yes, there is a cut." if self.facts.cut else "No, there is no cut."),
        }  # fmt: skip
        return ways[kind]()

    def _light(self) -> Turn:
        look = self.facts.truth.look
        return self._turn("light", LIGHTS[look.light], [LIGHTS[light] for light in look.accepted_lights])

    def _main_colour(self) -> Turn:
        look = self.facts.truth.look
        return self._turn(
            "main colour", f"It is {look.colours[0]}.", [f"It is {colour}." for colour in look.accepted_colours]
        )

    def _camera(self) -> Turn | None:
        truth = self.facts.truth
        camera = "still" if truth.register == "toy" else truth.camera
        if camera == "" or truth.change:
            return None
        return self._turn("camera", f"It {CAMERA_CLAUSES[camera].removeprefix('the camera ')}.")

    def _what_is_there(self) -> Turn:
        first, *later = self.actors
        if self.facts.truth.in_turn:
            then = "".join(f", then {named(actor)}" for actor in later)
            return self._turn("what is there", f"First {named(first)}{then}.")
        return self._turn("what is there", listed(self.actors))

    def _how_many(self) -> Turn | None:
        count = sum(actor.count for actor in self.actors)
        if self.rng.random() < COUNT_SKIPPED[count]:
            return None
        return self._turn("how many", f"{NUMBERS[count]}.")

    def _what_moves(self) -> Turn | None:
        if self.facts.truth.in_turn or not all(a.action in (*DIRECTIONS, "still") for a in self.actors):
            return None
        moving = [index for index, actor in enumerate(self.actors) if actor.action in DIRECTIONS]
        answer = listed([self.actors[index] for index in moving]) if moving else "Nothing moves."
        turn = self._turn("what moves", answer)
        return self._about(moving[0], "what", turn) if len(moving) == 1 else turn

    def _what_stays(self) -> Turn | None:
        still = [index for index, actor in enumerate(self.actors) if actor.action == "still"]
        if self.facts.truth.in_turn or len(self.actors) == 1 or len(still) != 1:
            return None
        turn = self._turn("what moves", listed([self.actors[still[0]]]), wording="what stays")
        return self._about(still[0], "what", turn)

    def _what_goes(self) -> Turn | None:
        ways = [actor.action for actor in self.actors]
        alone = [index for index, way in enumerate(ways) if way in DIRECTIONS and ways.count(way) == 1]
        if len(self.actors) == 1 or not alone:
            return None
        index = alone[self.rng.integers(len(alone))]
        way = {str(name): phrase for name, phrase in DIRECTION_PHRASES.items()}[ways[index]]
        turn = self._turn("what moves", listed([self.actors[index]]), wording="what goes", way=way)
        return self._about(index, "what", turn)

    def _place(self) -> Turn | None:
        if self.facts.truth.in_turn or len(self.actors) == 1:
            return None
        index = int(self.rng.integers(len(self.actors)))
        place = PLACES[len(self.actors)][index]
        return self._about(index, "what", self._turn("place", listed([self.actors[index]]), place=place))

    def _order(self) -> Turn | None:
        if not self.facts.truth.in_turn:
            return None
        last = len(self.actors) - 1
        index = int(self.rng.choice([0, last, 1]))
        wording = "second" if index == 1 and (last == 2 or self.rng.random() < 0.3) else "last" if index else "first"
        turn = self._turn("order", listed([self.actors[index]]), wording=wording)
        return self._about(index, "what", turn, ordered=index < last)

    def descriptions(self, index: int, attribute: str) -> list[str]:
        """Return how an actor among several can be called without saying the attribute that is asked for."""
        actor, ones = self.actors[index], []
        alone = [each.shape for each in self.actors].count(actor.shape) == 1
        if attribute not in ("colour", "what"):
            ones.append(f"the {actor.colour} one")
            if attribute != "shape":
                ones.append(f"the {actor.colour} {actor.shape}")
        if attribute not in ("shape", "what") and alone:
            ones.append(f"the {actor.shape}")
        if self.facts.truth.in_turn:
            ones.append(f"the {ORDINALS[index]} one")
            ones += ["the last one"] * (index == len(self.actors) - 1)
        else:
            place = PLACES[len(self.actors)][index]
            ones.append(f"the one {place}" if attribute != "what" else place)
        return ones

    def _open_descriptions(self, index: int, attribute: str) -> list[str]:
        """Return those of the descriptions that leave open which of an actor's attributes is meant."""
        actor = self.actors[index]
        told = [f"the {actor.colour} {actor.shape}"]
        if self.facts.truth.in_turn:
            # Nothing moves there: what is called by its colour could only be asked for its shape.
            told += [f"the {actor.colour} one", f"the {actor.shape}"]
        return [one for one in self.descriptions(index, attribute) if one not in told]

    def _attribute(self, attribute: str) -> Turn | None:
        if attribute == "motion" and self.facts.truth.in_turn:
            return None
        index = int(self.rng.integers(len(self.actors)))
        actor = self.actors[index]
        if len(self.actors) > 1:
            one = self._pick(self.descriptions(index, attribute))
        elif actor.count > 1:
            return self._plural(actor, attribute)
        else:
            one = self._pick(["it", "the shape", "the thing"])
            if attribute == "motion" and actor.action != "turns" and self.rng.random() < 0.4:
                one = self._pick([f"the {actor.colour} {actor.shape}", f"the {actor.shape}", f"the {actor.colour} one"])
        turn = self._turn(attribute, self._said(index, attribute), one=one)
        return self._about(index, attribute, replace(turn, mover=self._mover(index, attribute)))

    def _plural(self, actor: Actor, attribute: str) -> Turn:
        turn = self._turn(
            attribute, said_of(actor, attribute, alone=True), one=self._pick(["the shapes", "they", "the things"])
        )
        swaps = {"is they": "are they", "does ": "do ", "is the": "are the", "of they": "of them", "to they": "to them"}
        question = turn.question
        for old, new in {**swaps, "has they": "have they", "has the": "have the"}.items():
            question = question.replace(old, new)
        question = question.replace("the colour of them", "their colour").replace("the shape of them", "their shape")
        return Turn(attribute, question.replace("are the colour", "is the colour").replace("are the shape of",
                    "is the shape of"), turn.answer)  # fmt: skip

    def _seen(self) -> tuple[list[str], list[str]]:
        colours = [name for actor in self.actors for name in (actor.colour, actor.then)]
        shapes = [actor.shape for actor in self.actors]
        return [name for name in ACTOR_TONES if name not in colours], [name for name in SHAPES if name not in shapes]

    def _present(self) -> Turn | None:
        actor = self.actors[self.rng.integers(len(self.actors))]
        colours, shapes = self._seen()
        if actor.action == "turns":
            return None
        yes = self.rng.random() < 0.5
        colour, shape = actor.colour, actor.shape
        form = self.rng.integers(3)
        if not yes:
            colour = self._pick(colours) if form != 1 and (form == 0 or self.rng.random() < 0.5) else colour
            shape = self._pick(shapes) if form == 1 or colour == actor.colour else shape
        things = (f"something {colour}", f"{article(shape)} {shape}", f"{article(colour)} {colour} {shape}")
        return self._turn("present", "Yes." if yes else "No.", thing=things[form])

    def _not_there(self) -> Turn:
        colours, shapes = self._seen()
        one = f"{self._pick(colours)} one" if self.rng.random() < 0.6 else self._pick(shapes)
        wording = self._pick([name for name in ATTRIBUTES if not (name == "colour" and one.endswith(" one"))])
        return self._turn("not there", f"There is no {one}.", wording=wording, one=f"the {one}")

    def _no_shapes(self) -> Turn | None:
        if self.facts.cut:
            return None
        about = self._pick(["how many", "what moves", "shape", "place"])
        return self._turn("no shapes", REFUSAL, wording=about, one="it", place="on the left")

    def _refused(self) -> Turn:
        if self.unanswerable:
            return Turn("unanswerable", self._pick(self.unanswerable), REFUSAL)
        question = self._pick(PLAIN_UNANSWERABLE if self.rng.random() < 0.5 else UNANSWERABLE)
        words = question.split()
        if len(words) > 2 and self.rng.random() < 0.3:
            # Most of what people ask about has no word in the vocabulary.
            for place in self.rng.choice(np.arange(1, len(words)), size=self.rng.integers(1, 3)):
                words[place] = UNKNOWN_WORD + ("?" if words[place].endswith("?") else "")
        return Turn("unanswerable", " ".join(words), REFUSAL)

    def _follow_up(self) -> Turn | None:
        index = self.referent
        if index is None:
            return None
        last = len(self.actors) - 1
        if self.just_ordered and self.rng.random() < 0.4:
            index += 1
            answer = self._said(index, "what")
            self.referent, self.attribute, self.just_ordered = index, "what", index < last
            return Turn("order", self._pick(FOLLOW_UPS["next"]), answer, follow_up="next")
        form = self._pick(["it", "other", "same"])
        if form == "it":
            choices = [each for each in ATTRIBUTES if each != self.attribute]
            attribute = self._pick(choices[:2] if self.facts.truth.in_turn else choices)
            if attribute == "motion" and self.facts.truth.in_turn:
                return None
            question = self._pick(FOLLOW_UPS[attribute])
        else:
            attribute = self.attribute
            if not attribute or (form == "other" and last != 1):
                return None
            index = int(self.rng.choice([each for each in range(last + 1) if each != index]))
            one = self._pick(self._open_descriptions(index, attribute))
            if form == "same" and attribute == "what":
                # Where it is or when it comes says it all: this stands on its own.
                self.referent, self.just_ordered = index, False
                kind = "order" if self.facts.truth.in_turn else "place"
                return Turn(kind, f"And {one}?", self._said(index, "what"))
            question = self._pick(FOLLOW_UPS[form]).format(one=one)
        self.referent, self.attribute, self.just_ordered = index, attribute, False
        kind = attribute if attribute != "what" else "order" if self.facts.truth.in_turn else "place"
        mover = self._mover(index, attribute)
        return Turn(kind, question, self._said(index, attribute), follow_up=form, mover=mover)


def conversation(facts: Facts, rng: np.random.Generator, turns: int, unanswerable: Sequence[str] = ()) -> list[Turn]:
    """Return a conversation about a clip; with `unanswerable`, these are the questions that must be refused."""
    dialogue = Dialogue(facts, rng, unanswerable)
    return [dialogue.ask() for _ in range(turns)]
