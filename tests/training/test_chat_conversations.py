"""Conversations by hand and by the hundred against the truth that they are about."""

from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest

from training.chat_batches import as_typed
from training.chat_clips import Facts, chat_clip, facts_of
from training.chat_conversations import Dialogue, conversation
from training.chat_evaluate import group_of
from training.chat_model import make_processor
from training.chat_sentences import Turn, listed, said_of
from training.chat_wordings import DEVELOPMENT_UNANSWERABLE, EVALUATION_UNANSWERABLE, REFUSAL, UNANSWERABLE
from training.palette import COLOUR_NAMES, Look
from training.scenes import Actor, Motion, Truth

LOOK = Look(40.0, tuple(1.0 if name == "blue" else 0.0 for name in COLOUR_NAMES))
PAIR = (Actor("red", "circle", "right"), Actor("blue", "star", "up"))
TWO = Facts(Truth("toy", LOOK, background="grey", actors=PAIR), cut=False)
TURN = Facts(Truth("toy", LOOK, background="grey", actors=PAIR, in_turn=True), cut=False)
PAN = Facts(Truth("natural", LOOK, camera="left"), cut=False)
CUT = Facts(Truth("natural", LOOK), cut=True)


@cache
def turns_about(facts: Facts) -> list[Turn]:
    return [turn for seed in range(500) for turn in conversation(facts, np.random.default_rng(seed), 5)]


@pytest.mark.parametrize(
    ("actor", "attribute", "sentence"),
    [
        (Actor("red", "circle", "right"), "what", "A red circle."),
        (Actor("orange", "star", count=3), "what", "Three orange stars."),
        (Actor("orange", "star", count=3), "colour", "They are orange."),
        (Actor("red", "square", "up", then="left"), "motion", "It moves up and then to the left."),
        (Actor("red", "square", "shrinks"), "motion", "It shrinks."),
        (Actor("red", "square", "turns", then="blue"), "motion", "It turns from red to blue."),
        (Actor("red", "square", "turns", then="blue"), "colour", "It turns from red to blue."),
        (Actor("red", "square"), "motion", "It stays still."),
        (Actor("green", "triangle", "down", count=2), "motion", "They move down."),
    ],
)
def test_an_actor_is_said_to_be_what_it_is(actor, attribute, sentence) -> None:
    assert said_of(actor, attribute, alone=True) == sentence


@pytest.mark.parametrize(
    ("actor", "sentence"),
    [
        (Actor("red", "circle", "right"), "The red circle moves to the right."),
        (Actor("orange", "star"), "The orange star stays still."),
        (Actor("red", "square", "turns", then="blue"), "The square turns from red to blue."),
    ],
)
def test_how_one_of_several_moves_is_told_with_its_name(actor, sentence) -> None:
    assert said_of(actor, "motion", alone=False) == sentence


def test_several_actors_make_one_sentence() -> None:
    assert listed([*PAIR, Actor("green", "square")]) == "A red circle, a blue star and a green square."


@pytest.mark.parametrize(
    ("facts", "question", "answer"),
    [
        (TWO, "How many shapes are there?", "Two."),
        (TWO, "What do you see?", "A red circle and a blue star."),
        (TWO, "What is on the right?", "A blue star."),
        (TWO, "What colour is the circle?", "It is red."),
        (TWO, "Which way does the blue one go?", "The blue star moves up."),
        (TWO, "What moves up?", "A blue star."),
        (TWO, "What moves?", "A red circle and a blue star."),
        (TWO, "What colour is the background?", "It is grey."),
        (TWO, "Is it dark or bright?", "It is dark."),
        (TWO, "Is there a cut?", "No, there is no cut."),
        (TURN, "What appears first?", "A red circle."),
        (TURN, "What do you see?", "First a red circle, then a blue star."),
        (PAN, "What does the camera do?", "It pans to the left."),
        (PAN, "What is the main colour?", "It is blue."),
        (PAN, "What moves?", REFUSAL),
        (CUT, "Is there a cut?", "Yes, there is a cut."),
    ],
)
def test_questions_are_answered_from_the_truth(facts, question, answer) -> None:
    assert {turn.answer for turn in turns_about(facts) if turn.question == question} == {answer}


def test_nothing_is_asked_about_shapes_or_a_camera_where_there_is_a_cut() -> None:
    assert {turn.kind for turn in turns_about(CUT)} == {"cut", "light", "main colour", "unanswerable"}


def test_the_words_of_a_question_never_say_its_answer() -> None:
    for turn in turns_about(TWO):
        if turn.kind in ("colour", "shape", "motion"):
            said = turn.answer.removeprefix("It is ").removeprefix("a ").removesuffix(".")
            said = said.partition(" moves ")[2] or said  # how one of several moves is told with its name
            assert said not in turn.question


def test_a_follow_up_cannot_be_answered_from_its_own_words() -> None:
    for facts in (TWO, TURN):
        answers = defaultdict(Counter)
        for turn in turns_about(facts):
            if turn.follow_up:
                answers[turn.question][turn.answer] += 1
        assert len(answers) > 20
        for question, counts in answers.items():
            # Of two things in turn, the next one is always the second.
            next_one = any(word in question for word in ("then", "next", "after"))
            assert len(counts) > 1 or next_one or sum(counts.values()) < 5, question


def test_a_follow_up_follows_from_the_turns_before_it() -> None:
    dialogue = Dialogue(TWO, np.random.default_rng(0))
    for _ in range(3000):
        before, asked = dialogue.referent, dialogue.attribute
        turn = dialogue.ask()
        if turn.follow_up == "other":
            assert turn.answer == said_of(PAIR[1 - before], asked, alone=False)
        elif turn.follow_up == "it":
            assert turn.answer == said_of(PAIR[before], turn.kind, alone=False)


def test_no_answer_of_a_kind_is_the_best_guess() -> None:
    answers = defaultdict(Counter)
    for seed in range(450_000, 450_260):
        clip = chat_clip(seed, (64, 64))
        for turn in conversation(facts_of(clip.truth, clip.motion), np.random.default_rng(seed), 10):
            answers[group_of(turn)][turn.answer] += 1
    bounds = {"present": 0.62, "cut": 0.68, "camera": 0.55, "light": 0.55, "how many": 0.55}
    for kind, counts in answers.items():
        if kind not in ("unanswerable", "no shapes"):
            assert counts.most_common(1)[0][1] <= bounds.get(kind, 0.45) * counts.total(), (kind, counts.most_common(3))


def test_held_out_questions_are_in_no_training() -> None:
    trained = {question.lower() for question in UNANSWERABLE}
    held_out = [question.lower() for question in (*DEVELOPMENT_UNANSWERABLE, *EVALUATION_UNANSWERABLE)]
    assert not trained & set(held_out)
    assert len(set(held_out)) == len(held_out)
    turns = conversation(TWO, np.random.default_rng(0), 60, EVALUATION_UNANSWERABLE)
    assert {turn.question for turn in turns if turn.kind == "unanswerable"} <= set(EVALUATION_UNANSWERABLE)


def test_an_answer_is_right_whatever_its_letter_case_and_stop() -> None:
    turn = next(turn for turn in turns_about(TWO) if turn.answer == "It is red.")
    assert turn.is_right("it is red")
    assert not turn.is_right("It is blue.")


def test_a_cut_is_where_the_path_of_the_camera_is_not_known() -> None:
    path = np.zeros((6, 3), dtype=np.float32)
    still = Motion(path, np.zeros((0, 6, 2), dtype=np.float32))
    assert not facts_of(PAN.truth, still).cut
    path[3:] = np.nan
    assert facts_of(PAN.truth, Motion(path, still.actors)).cut


def test_a_way_of_the_camera_that_is_not_clear_is_not_asked_about() -> None:
    path = np.zeros((6, 3), dtype=np.float32)
    path[:, 0] = np.linspace(0, 0.2, 6)
    actors = np.zeros((0, 6, 2), dtype=np.float32)
    assert facts_of(PAN.truth, Motion(path, actors)).truth.camera == ""
    assert facts_of(PAN.truth, Motion(path * 2, actors)).truth.camera == "left"


def test_the_template_is_that_of_llava_next_video() -> None:
    processor = make_processor()
    messages = [
        {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": "What moves?"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "A red circle."}]},
        {"role": "user", "content": [{"type": "text", "text": "Which way?"}]},
    ]
    prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
    assert prompt == "USER: <video>\nWhat moves? ASSISTANT: A red circle. USER: Which way? ASSISTANT:"
    read = processor(text=prompt, videos=[np.zeros((6, 64, 64, 3), dtype=np.uint8)], return_tensors="pt")
    assert int((read["input_ids"] == processor.video_token_id).sum()) == 6 * 16


def test_every_trained_word_has_a_token_and_comes_back() -> None:
    tokenizer = make_processor().tokenizer
    rng = np.random.default_rng(0)
    turns = [turn for facts in (TWO, TURN, PAN, CUT) for turn in turns_about(facts)]
    for answer in {turn.answer for turn in turns}:
        assert tokenizer.decode(tokenizer(answer).input_ids, skip_special_tokens=True) == answer
    for question in {as_typed(turn.question, rng) for turn in turns if "<unk>" not in turn.question}:
        assert tokenizer.unk_token_id not in tokenizer(question).input_ids


def test_nobody_can_type_the_marks_of_the_speakers() -> None:
    tokenizer = make_processor().tokenizer
    assert set(tokenizer("USER :", add_special_tokens=False).input_ids) == {tokenizer.unk_token_id}
