from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import vidtext
from tests.tasks.models import ColourCaptioner, ColourChat, loads
from vidtext.errors import CancelledError, NoMemoryError, OptionError, SourceError
from vidtext.job import Job
from vidtext.models.acquire import Workload
from vidtext.models.base import GenerationOptions, Message, ResolvedModel, cut_short
from vidtext.settings import Settings
from vidtext.tasks import chat as task
from vidtext.tasks.chat import answer_stream, begin_dialogue
from vidtext.tasks.conversation import chat
from vidtext.tasks.dialogue import Dialogue
from vidtext.tasks.options import ChatOptions

Film = Callable[..., Path]


class Talker(ColourChat):
    """Repeats the words of the last message, and remembers all that it was given."""

    def __init__(self, context_tokens: int = 4096) -> None:
        super().__init__(lambda text: text, context_tokens)
        self.given: list[tuple[Message, ...]] = []
        self.options: list[GenerationOptions] = []

    def reply(self, messages, options: GenerationOptions, job: Job) -> Iterator[str]:
        self.given.append(tuple(messages))
        self.options.append(options)
        for word in ("Echo:", *messages[-1].text.split()):
            job.check()
            yield f"{word} "


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> Talker:
    return use(monkeypatch, Talker())


def use(monkeypatch: pytest.MonkeyPatch, model: ColourCaptioner) -> ColourCaptioner:
    monkeypatch.setattr(task, "resolve_chat", lambda _name, _settings: ResolvedModel(model.info, None, "A note."))
    monkeypatch.setattr(task, "acquire_model", loads(model))
    return model


def test_an_answer_streams_and_is_kept(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))

    pieces = list(conversation.ask("What moves?"))

    assert pieces == ["Echo: ", "What ", "moves? "]
    turn = conversation.dialogue.turns[0]
    assert (turn.question, turn.answer, turn.finished, turn.notes) == (
        "What moves?",
        "Echo: What moves?",
        True,
        ("A note.",),
    )


def test_the_next_question_goes_with_what_was_said(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    for question in ("What moves?", "Which way?"):
        list(conversation.ask(question))

    assert [(message.role, message.text) for message in talker.given[-1]] == [
        ("user", "What moves?"),
        ("assistant", "Echo: What moves?"),
        ("user", "Which way?"),
    ]
    assert [len(message.clips) for message in talker.given[-1]] == [1, 0, 0]
    assert conversation.dialogue.turns[1].notes == ()
    assert len({options.memory_key for options in talker.options}) == 1


def test_the_video_is_not_read_again(talker: Talker, film: Film) -> None:
    source = film(("red", 3))
    conversation = chat(source)
    source.unlink()

    assert "".join(conversation.ask("What moves?")) == "Echo: What moves? "


def test_a_time_in_a_question_is_looked_at_more_closely(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 10), ("blue", 10)))
    list(conversation.ask("What is there between 0:12 and 0:16?"))

    message = talker.given[-1][-1]
    assert [talker.names(clip) for clip in message.clips] == [["red", "blue"], ["blue"]]
    assert all(12 <= second < 16 for second in message.clips[1].seconds)
    assert message.text.startswith("The last frames are from 0:12–0:16.")
    assert "Looked at 0:12–0:16 more closely: 4 frames." in conversation.dialogue.turns[0].notes


def test_a_time_behind_the_end_is_told(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    list(conversation.ask("What happens at 5:00?"))

    assert any("5:00 is behind the end" in note for note in conversation.dialogue.turns[0].notes)
    assert len(talker.given[-1][-1].clips) == 1


def test_a_video_that_disappeared_is_explained_and_the_talk_goes_on(talker: Talker, film: Film) -> None:
    source = film(("red", 10))
    conversation = chat(source)
    source.unlink()

    with pytest.raises(SourceError, match="There is no file"):
        list(conversation.ask("What happens at 0:05?"))
    assert list(conversation.ask("What colour is it?"))
    assert len(conversation.dialogue.turns) == 1


def test_several_videos_share_the_frames(talker: Talker, film: Film) -> None:
    conversation = chat([film(("red", 4), name="a.mp4"), film(("blue", 4), name="b.mp4")], frames=16)
    list(conversation.ask("What happens at the end of Video B?"))

    message = talker.given[0][0]
    assert [len(clip) for clip in message.clips] == [8, 8, 4]
    assert [talker.names(clip) for clip in message.clips] == [["red"], ["blue"], ["blue"]]
    assert [(video.label, video.name) for video in conversation.dialogue.videos] == [
        ("Video A", "a.mp4"),
        ("Video B", "b.mp4"),
    ]
    assert "There are 2 videos, in this order: Video A, Video B." in message.text
    assert "The last frames are from 0:02–0:04 of Video B." in message.text


@pytest.mark.parametrize(
    ("question", "looked_at"),
    [
        ("What happens in the second video at 0:02?", ["Video A", "Video B"]),
        ("What is each video about at 0:02?", ["Video A", "Video B"]),
        ("What happens in video b at 0:02?", ["Video B"]),
        ("And in Video A at 0:02?", ["Video A"]),
    ],
)
def test_only_a_named_video_is_looked_at_alone(talker: Talker, film: Film, question: str, looked_at: list[str]) -> None:
    conversation = chat([film(("red", 4), name="a.mp4"), film(("blue", 4), name="b.mp4")], frames=16)
    list(conversation.ask(question))
    assert [look.label for look in conversation.dialogue.turns[0].looks] == looked_at


def test_a_closed_answer_is_kept_as_far_as_it_is(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    answer = conversation.ask("one two three four")
    next(answer), next(answer)
    answer.close()

    turn = conversation.dialogue.turns[0]
    assert (turn.answer, turn.finished) == ("Echo: one ", False)
    assert list(conversation.ask("And now?"))


def test_a_stopped_job_ends_the_answer(talker: Talker, film: Film) -> None:
    job = Job()
    dialogue = begin_dialogue([(film(("red", 3)), "")], ChatOptions(), settings=Settings(), job=job)
    results = answer_stream(dialogue, "one two", ChatOptions(), settings=Settings(), job=job)
    kept = next(results)
    job.stop()

    with pytest.raises(CancelledError):
        next(results)
    assert kept.turn.answer == "Echo: "


def test_two_questions_at_once_are_one_too_many(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    first = conversation.ask("one two")
    next(first)
    seen: list[str] = []

    def ask() -> None:
        try:
            list(conversation.ask("Me too?"))
        except OptionError as error:
            seen.append(str(error))

    other = threading.Thread(target=ask)
    other.start()
    other.join()

    assert seen == ["The answer before is still being written. Read it to its end, or close it, first."]
    assert list(first)


def test_undo_forgets_the_last_turn(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    list(conversation.ask("One?"))
    list(conversation.ask("Two?"))
    conversation.undo()
    list(conversation.ask("Three?"))

    assert [turn.question for turn in conversation.dialogue.turns] == ["One?", "Three?"]
    assert [message.text for message in talker.given[-1]][0::2] == ["One?", "Three?"]


def test_two_hundred_turns(monkeypatch: pytest.MonkeyPatch, film: Film) -> None:
    talker = use(monkeypatch, Talker(context_tokens=400))
    conversation = chat(film(("red", 3)), max_new_tokens=20)
    for number in range(200):
        list(conversation.ask(f"Question {number} with some words?"))

    assert len(conversation.dialogue.turns) == 200
    assert any("no longer fit" in note for note in conversation.dialogue.turns[-1].notes)
    assert talker.count_tokens(talker.given[-1]) <= 380


def test_options_reach_the_model(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)), temperature=0.5, top_p=0.9, max_new_tokens=7, system_prompt="Be brief.")
    list(conversation.ask("What?"))

    options = talker.options[0]
    assert (options.temperature, options.top_p, options.max_new_tokens) == (0.5, 0.9, 7)
    assert talker.given[0][0] == Message("system", "Be brief.")


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ("", "The question is empty"),
        (" \n ", "The question is empty"),
        ("x" * 100_000, "has 100,000 characters; up to 8,000 are allowed"),
    ],
)
def test_questions_that_cannot_be_are_explained(talker: Talker, film: Film, question: str, message: str) -> None:
    conversation = chat(film(("red", 3)))

    with pytest.raises(OptionError, match=message):
        list(conversation.ask(question))
    assert conversation.dialogue.turns == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frames": 1}, "1 frames were asked for; chatty takes 4 to 768"),
        ({"frames": 10_000}, "10000 frames were asked for"),
        ({"max_new_tokens": 0}, "max_new_tokens is 0; it must be a whole number of at least 1"),
        ({"system_prompt": "x" * 2001}, "The system prompt has 2,001 characters; up to 2,000 are allowed"),
    ],
)
def test_options_that_cannot_be_are_explained(talker: Talker, film: Film, options: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        list(chat(film(("red", 3)), **options).ask("What?"))


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_or_many_videos_are_explained(talker: Talker, count: int) -> None:
    with pytest.raises(OptionError, match=f"{count} videos were given; chatty can talk about up to 4 videos at a time"):
        chat([b""] * count)


def test_a_captioner_does_not_chat(monkeypatch: pytest.MonkeyPatch, film: Film) -> None:
    use(monkeypatch, Talker())
    dialogue = begin_dialogue([(film(("red", 3)), "")], ChatOptions(), settings=Settings(), job=Job())
    use(monkeypatch, ColourCaptioner())

    with pytest.raises(OptionError, match="does not chat"):
        next(answer_stream(dialogue, "What?", ChatOptions(), settings=Settings(), job=Job()))


def test_a_saved_conversation_is_a_value(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    list(conversation.ask("One?"))
    before = conversation.dialogue
    list(conversation.ask("Two?"))

    assert isinstance(before, Dialogue)
    assert [turn.question for turn in before.turns] == ["One?"]


def test_the_public_function_is_this_one() -> None:
    assert vidtext.chat is chat


def test_when_memory_runs_out_it_is_asked_again_with_half_the_frames(
    monkeypatch: pytest.MonkeyPatch, film: Film
) -> None:
    class Starved(Talker):
        def reply(self, messages, options: GenerationOptions, job: Job) -> Iterator[str]:
            if len(messages[0].clips[0]) > 8:
                raise NoMemoryError("It ran out.")
            yield from super().reply(messages, options, job)

    use(monkeypatch, Starved())
    conversation = chat(film(("red", 3)), frames=16)

    assert "".join(conversation.ask("What moves?")).strip() == "Echo: What moves?"
    assert "Memory ran out: asked again with 8 frames." in conversation.dialogue.turns[0].notes


def test_when_memory_runs_out_twice_it_is_an_error_and_the_conversation_stays(
    monkeypatch: pytest.MonkeyPatch, film: Film
) -> None:
    class Starved(Talker):
        def reply(self, messages, *_: object) -> Iterator[str]:
            self.given.append(tuple(messages))
            raise NoMemoryError("It ran out.")
            yield ""

    model = use(monkeypatch, Starved())
    conversation = chat(film(("red", 3)), frames=16)

    with pytest.raises(NoMemoryError):
        list(conversation.ask("What moves?"))
    assert len(model.given) == 2
    assert conversation.dialogue.turns == ()


def test_more_frames_than_four_contexts_hold_are_refused(monkeypatch: pytest.MonkeyPatch, film: Film) -> None:
    model = use(monkeypatch, Talker())
    info = replace(model.info, tokens_per_frame=16, context_tokens=1024)
    monkeypatch.setattr(task, "resolve_chat", lambda _name, _settings: ResolvedModel(info, None))
    with pytest.raises(OptionError, match="257 frames were asked for; chatty takes 4 to 256"):
        list(chat(film(("red", 3)), frames=257).ask("What?"))


def test_half_a_character_in_a_question_is_no_defect(talker: Talker, film: Film) -> None:
    conversation = chat(film(("red", 3)))
    assert "".join(conversation.ask("Red \ud83d?")).strip() == "Echo: Red \ufffd?"


def test_a_model_that_knows_one_number_of_frames_takes_no_other(film: Film) -> None:
    with pytest.raises(OptionError, match="32 frames were asked for; embedded-chat takes 6 alone"):
        list(chat(film(("red", 2)), model="embedded", frames=32).ask("What is it?"))


@pytest.mark.parametrize(
    ("says", "answer", "note"),
    [(["It is"], "It is", cut_short(9)), ([], "", "The model ended its answer before the first word.")],
)
def test_an_answer_that_is_not_whole_is_told(monkeypatch, film: Film, says: list[str], answer: str, note: str) -> None:
    class Brief(Talker):
        def reply(self, *_: object) -> Generator[str, None, str]:
            yield from says
            return cut_short(9) if says else ""

    use(monkeypatch, Brief())
    conversation = chat(film(("red", 2)))
    assert "".join(conversation.ask("What is it?")).strip() == answer
    assert conversation.dialogue.turns[-1].notes[-1] == note


def test_closer_looks_are_in_the_memory_plan(talker: Talker, film: Film, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []
    load = loads(talker)

    def noted(resolution: ResolvedModel, work: Workload, **how: object) -> object:
        planned.append(work.frames)
        return load(resolution, work, **how)

    monkeypatch.setattr(task, "acquire_model", noted)
    conversation = chat([film(("red", 4), name="a.mp4"), film(("blue", 4), name="b.mp4")], frames=16)
    for question in ("What moves?", "What happens at 0:02?", "And at 0:03 in Video B?", "Why?"):
        list(conversation.ask(question))
    assert planned == [16, 16 + 2 * 4, 16 + 3 * 4, 16 + 3 * 4]
    assert [len(clip) for message in talker.given[-1] for clip in message.clips] == [8, 8, 4, 4, 4]
