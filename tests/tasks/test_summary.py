from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import vidtext
from tests.tasks.models import ColourCaptioner, ColourChat, colour_of
from vidtext.errors import CancelledError, OptionError
from vidtext.job import Job
from vidtext.settings import Settings
from vidtext.tasks.options import SummaryOptions
from vidtext.tasks.summary import summarize, summary_stream

Film = Callable[..., Path]
FOUR = (("red", 8), ("green", 4), ("blue", 5), ("white", 3))


def test_a_captioners_words_are_told_in_order_each_once(colours: ColourCaptioner, film: Film) -> None:
    found = summarize(film(*FOUR))

    assert found.summary == (
        "First, a screen that is red. Then, a screen that is green. Next, a screen that is blue. "
        "Finally, a screen that is white."
    )
    assert found.model == "colours"


def test_the_abstract_has_what_lasts_longest(colours: ColourCaptioner, film: Film) -> None:
    assert summarize(film(*FOUR)).abstract == "First, a screen that is red. Then, a screen that is blue."


def test_what_comes_back_is_not_told_again(colours: ColourCaptioner, film: Film) -> None:
    found = summarize(film(("red", 30), ("blue", 30), ("red", 30), ("blue", 30)))

    assert found.summary == "First, a screen that is red. Then, a screen that is blue."


def test_length_is_a_choice_and_what_is_left_out_is_told(colours: ColourCaptioner, film: Film) -> None:
    source = film(*FOUR)
    short, long = summarize(source, length="short"), summarize(source, length="long")

    assert short.summary.count(".") == 3
    assert long.summary.count(".") == 4
    assert len(short.highlights.segments) == 3
    assert "3 of 4 different descriptions are told; a longer summary tells more." in short.notes
    assert not any("descriptions are told" in note for note in long.notes)


def test_a_length_without_effect_is_told(colours: ColourCaptioner, film: Film) -> None:
    source = film(("red", 30), ("blue", 30))
    short, medium, long = (summarize(source, length=length) for length in ("short", "medium", "long"))

    assert short.summary == medium.summary == long.summary
    assert len(short.notes) < len(medium.notes) == len(long.notes)


def test_highlights_lie_within_their_scenes_in_order(colours: ColourCaptioner, film: Film) -> None:
    edges = {"red": (0, 8), "green": (8, 12), "blue": (12, 17), "white": (17, 20)}

    for segment in summarize(film(*FOUR)).highlights.segments:
        low, high = edges[segment.text.split()[-1].rstrip(".")]
        assert low <= segment.start_seconds < segment.stop_seconds <= high + 1e-6


def test_keywords_are_of_what_lasts_longest(colours: ColourCaptioner, film: Film) -> None:
    assert summarize(film(*FOUR)).keywords == ("screen", "red", "blue", "green", "white")


def test_every_five_percent_is_the_simple_way(colours: ColourCaptioner, film: Film) -> None:
    found = summarize(film(*FOUR, ("black", 20)), look="time")

    assert len(colours.seen) == 20
    starts = [clip.seconds[0] for clip in colours.seen]
    assert starts == pytest.approx([2 * part + 1 / 3 for part in range(20)], abs=0.1)
    assert found.summary.startswith("First, a screen that is red.")
    assert found.summary.endswith("Finally, a screen that is black.")


def test_a_short_video_is_looked_at_once_a_second(colours: ColourCaptioner, film: Film) -> None:
    summarize(film(("red", 3)), look="time")

    assert len(colours.seen) == 3


def test_it_grows(colours: ColourCaptioner, film: Film) -> None:
    results = list(summary_stream(film(*FOUR), SummaryOptions(), settings=Settings(), job=Job()))

    assert [result.windows_done for result in results] == [1, 2, 3, 4]
    assert {result.windows_total for result in results} == {4}
    assert results[0].summary.summary == "A screen that is red."
    assert results[1].summary.summary == "First, a screen that is red. Then, a screen that is green."
    assert results[-1].thumbnails is not None
    assert [colour_of(picture) for picture in results[-1].thumbnails.pixels] == ["red", "green", "blue", "white"]


def test_stopping_keeps_what_is_finished(colours: ColourCaptioner, film: Film) -> None:
    job = Job()
    results = summary_stream(film(*FOUR), SummaryOptions(), settings=Settings(), job=job)
    kept = next(results)
    job.stop()

    with pytest.raises(CancelledError):
        next(results)
    assert kept.summary.summary == "A screen that is red."


def test_a_chat_model_puts_it_together_by_the_prompts(use, film: Film) -> None:
    def answer(prompt: str) -> str:
        if "separated by commas" in prompt:
            return "colour, screen"
        if "one or two sentences" in prompt:
            return "An abstract."
        assert "1. I see red.\n2. I see green.\n3. I see blue.\n4. I see white." in prompt
        assert "Sing it." in prompt
        return "A whole paragraph."

    use(ColourChat(answer))

    found = summarize(film(*FOUR), style="Sing it.")

    assert (found.abstract, found.summary) == ("An abstract.", "A whole paragraph.")
    assert found.keywords == ("colour", "screen")
    assert found.highlights.segments[0].text == "I see red."


@pytest.mark.parametrize("options", [{"length": "epic"}, {"look": "nowhere"}])
def test_options_that_cannot_be_are_explained(colours: ColourCaptioner, film: Film, options: dict) -> None:
    with pytest.raises(OptionError, match="it must be one of"):
        summarize(film(*FOUR), **options)


def test_one_frame_has_a_summary(colours: ColourCaptioner, film: Film) -> None:
    for look in ("shots", "time"):
        found = summarize(film(("blue", 0.1)), look=look)
        assert found.summary == found.abstract == "A screen that is blue."
        assert len(found.highlights.segments) == 1


def test_the_public_function_is_this_one() -> None:
    assert vidtext.summarize is summarize
