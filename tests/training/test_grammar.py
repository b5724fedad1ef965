"""Sentences written by hand against what they mean, both ways."""

import pytest

from training.grammar import Claims, caption, parse
from training.palette import COLOUR_NAMES, Look
from training.scenes import Actor, Register, Truth
from training.world import render


def look(luma: float, **shares: float) -> Look:
    return Look(luma, tuple(shares.get(name, 0.0) for name in COLOUR_NAMES))


BLUE = look(40.0, blue=1.0)
SENTENCES = [
    (
        "A red circle moves to the right across a dark blue background.",
        Truth("toy", BLUE, background="dark blue", actors=(Actor("red", "circle", "right"),)),
    ),
    (
        "An orange star moves up and then to the left across a white background.",
        Truth("toy", BLUE, background="white", actors=(Actor("orange", "star", "up", then="left"),)),
    ),
    (
        "Three green triangles stay still on a black background.",
        Truth("toy", BLUE, background="black", actors=(Actor("green", "triangle", count=3),)),
    ),
    (
        "A red square turns blue on a grey background.",
        Truth("toy", BLUE, background="grey", actors=(Actor("red", "square", "turns", then="blue"),)),
    ),
    (
        "A pink star grows on a dark green background.",
        Truth("toy", BLUE, background="dark green", actors=(Actor("pink", "star", "grows"),)),
    ),
    (
        "A red circle stays still, a blue star moves down and a white square moves up on a black background.",
        Truth(
            "toy",
            BLUE,
            background="black",
            actors=(Actor("red", "circle"), Actor("blue", "star", "down"), Actor("white", "square", "up")),
        ),
    ),
    (
        "First a red circle appears, then an orange square, on a white background.",
        Truth("toy", BLUE, "", "", "white", (Actor("red", "circle"), Actor("orange", "square")), in_turn=True),
    ),
    (
        "A dark scene, mostly blue; the camera pans to the left.",
        Truth("natural", BLUE, camera="left"),
    ),
    (
        "A moderately lit scene, mostly green and brown; it grows darker.",
        Truth("natural", look(100.0, green=0.7, brown=0.3), change="darker"),
    ),
    (
        "A bright scene, mostly white.",
        Truth("natural", look(220.0, white=0.8, grey=0.2)),
    ),
]


@pytest.mark.parametrize(("sentence", "truth"), SENTENCES)
def test_a_truth_is_told_in_plain_english(sentence: str, truth: Truth) -> None:
    assert caption(truth) == sentence


@pytest.mark.parametrize(("sentence", "truth"), SENTENCES)
def test_a_sentence_means_what_was_told(sentence: str, truth: Truth) -> None:
    claims = parse(sentence.lower().replace(";", " ;"))
    assert (claims.actors, claims.background, claims.in_turn) == (truth.actors, truth.background, truth.in_turn)
    if truth.register == "natural":
        assert (claims.light, claims.colours) == (truth.light, truth.colours)
        assert (claims.camera, claims.change) == (truth.camera, truth.change)


@pytest.mark.parametrize("register", ["toy", "natural"])
def test_every_rendered_caption_can_be_read_back(register: Register) -> None:
    for seed in range(60):
        clip = render(seed, register=register, size=(48, 64))
        assert parse(clip.caption).actors == clip.truth.actors


def test_a_sentence_of_another_model_claims_nothing() -> None:
    assert parse("a man is playing a guitar") == Claims()
