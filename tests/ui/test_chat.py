from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.conftest import PLAYS_FROM
from tests.ui.serving import files_in, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Request, Route

    from tests.ui.serving import Served

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def field(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Question", exact=True)


def turns(page: Page) -> Locator:
    return page.locator(".vt-turn")


def ask(page: Page, question: str) -> None:
    """Ask, and wait until the answer is whole."""
    before = turns(page).count()
    field(page).fill(question)
    field(page).press("Enter")
    expect(turns(page)).to_have_count(before + 1)
    rested(page)


def rested(page: Page) -> None:
    expect(page.locator("#vt-chat-result [data-undo]")).to_be_visible()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def opened(served: Served, visit: Callable[..., Page], **options: object) -> Page:
    page = visit(served, **options)
    page.get_by_role("tab", name="Chat").click()
    return page


@pytest.fixture
def page(quick: Served, visit: Callable[..., Page]) -> Page:
    return opened(quick, visit)


SECOND = "Second <b>one</b>? " + "Go on. " * 8 + "Please."
"""The answer repeats it: it takes over ten seconds."""


@pytest.fixture
def answering(slow: Served, visit: Callable[..., Page]) -> Page:
    """A page on which the second answer is being written."""
    slow.work_log.unlink(missing_ok=True)
    page = opened(slow, visit)
    field(page).fill("First?")
    field(page).press("Enter")
    expect(page.locator(".vt-said")).to_contain_text("not at 9:59.", timeout=30_000)
    rested(page)
    field(page).fill(SECOND)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(turns(page).last.locator(".vt-said")).to_contain_text("Answer 2 on:")
    return page


def document(page: Page, name: str) -> str:
    href = (
        page.get_by_role("link", name=f"Download as {name}", exact=True).locator("visible=true").get_attribute("href")
    )
    return unquote((href or "").partition(",")[2])


def test_questions_and_answers_follow_each_other(page: Page) -> None:
    ask(page, "What moves?")
    expect(field(page)).to_have_value("")
    ask(page, "And <b>the other</b>?")
    expect(page.locator(".vt-asked")).to_have_text(["What moves?", "And <b>the other</b>?"])
    expect(page.locator(".vt-said").last).to_have_text(
        "Answer 2 on: And <b>the other</b>? At 0:07 it ends, not at 9:59."
    )
    expect(page.locator(".vt-turn b")).to_have_count(0)
    expect(page.locator("#vt-chat-live [role=status]")).to_contain_text("Answer 2 on")


def test_the_header_names_the_model_of_the_tab(page: Page) -> None:
    expect(page.locator(".vt-model")).to_contain_text("Answers what the script says.")
    page.get_by_role("tab", name="Caption").click()
    expect(page.locator(".vt-model")).to_contain_text("Sees what the script says.")


def test_the_plan_is_told_among_the_options_and_under_the_button_where_memory_is_short(page: Page) -> None:
    short = page.locator("#vt-chat-plan")
    expect(short).to_have_text("")
    page.get_by_role("button", name="More options").locator("visible=true").click()
    need = page.locator("#vt-chat-need")
    expect(need).to_have_text("6 frames of 64 × 64 · needs about 50 MB of 8.0 GB free.")
    page.get_by_label("Frames", exact=True).fill("99")
    expect(need).to_have_text("99 frames of 64 × 64 · needs about 50 MB of 8.0 GB free.")
    expect(short).to_have_text("A note of the plan.")
    page.get_by_label("Frames", exact=True).fill("many")
    expect(short).to_have_text("")
    expect(need).to_have_text("")


def test_a_time_in_an_answer_seeks(page: Page) -> None:
    ask(page, "When does it end?")
    expect(page.locator(".vt-said .vt-moment")).to_have_text(["0:07"])
    page.get_by_role("button", name="Play from 0:07", exact=True).click()
    page.wait_for_function(PLAYS_FROM, arg=7)


def test_the_strip_shows_what_the_model_saw(page: Page) -> None:
    ask(page, "What moves?")
    expect(page.locator(".vt-frame")).to_have_count(6)
    ask(page, "What happens at 0:03?")
    expect(page.locator(".vt-frame")).to_have_count(12)


def test_a_suggestion_is_asked(page: Page) -> None:
    page.get_by_role("button", name="What moves?").click()
    rested(page)
    expect(page.locator(".vt-asked")).to_have_text(["What moves?"])


def test_try_again_and_edit_ask_from_there(page: Page, quick: Served) -> None:
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("number input for Temperature").fill("0.7")
    page.get_by_label("number input for Temperature").press("Tab")
    ask(page, "One?")
    ask(page, "Two?")
    answered = quick.worked().count("ended world.mp4")
    page.get_by_role("button", name="Try again").click()
    wait_until(lambda: quick.worked().count("ended world.mp4") > answered, what="the new answer")
    rested(page)
    expect(page.locator(".vt-asked")).to_have_text(["One?", "Two?"])
    turns(page).first.hover()
    page.get_by_role("button", name="Edit this question").first.click()
    box = page.get_by_role("textbox", name="The question")
    expect(box).to_have_value("One?")
    box.fill("Uno?")
    box.press("Enter")
    expect(page.locator(".vt-asked")).to_have_text(["Uno?"])
    rested(page)
    expect(page.locator(".vt-said")).to_contain_text("Answer 1 on: Uno?")


def test_try_again_is_not_offered_where_the_answer_would_be_the_same(page: Page) -> None:
    ask(page, "One?")
    expect(page.get_by_role("button", name="Edit this question")).to_have_count(1)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_turns_that_an_edit_took_away_can_be_brought_back(page: Page) -> None:
    for question in ("One?", "Two?", "Three?"):
        ask(page, question)
    turns(page).first.hover()
    page.get_by_role("button", name="Edit this question").first.click()
    page.get_by_role("textbox", name="The question").fill("Uno?")
    page.get_by_role("textbox", name="The question").press("Enter")
    expect(page.locator(".vt-asked")).to_have_text(["Uno?"])
    rested(page)
    expect(page.locator("#vt-chat-result")).to_contain_text("the conversation had 3 turns")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".vt-asked")).to_have_text(["One?", "Two?", "Three?"])
    ask(page, "Four?")
    expect(page.locator(".vt-said").last).to_contain_text("Answer 4 on: Four?")
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".vt-asked")).to_have_text(["Uno?"])


def test_a_conversation_can_be_brought_back_after_a_new_one_was_begun(page: Page) -> None:
    ask(page, "One?")
    page.get_by_role("button", name="New conversation").click()
    expect(turns(page)).to_have_count(0)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".vt-asked")).to_have_text(["One?"])
    page.get_by_role("button", name="Undo").click()
    expect(turns(page)).to_have_count(0)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.locator(".vt-asked")).to_have_text(["One?"])


def test_a_second_video_is_not_offered_where_the_model_takes_one(page: Page) -> None:
    page.get_by_role("button", name="More options").locator("visible=true").click()
    expect(page.locator("#vt-chat-more")).to_be_visible()
    choose_model(page, "other/one-video")
    expect(page.locator("#vt-chat-one-video")).to_contain_text("one video at a time")
    expect(page.locator("#vt-chat-more")).to_be_hidden()


def test_a_second_video_that_is_refused_loses_nothing(page: Page, tmp_path: Path) -> None:
    ask(page, "One?")
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chat-more input[type=file]").set_input_files(numbered_clip(tmp_path / "b.mp4", 60))
    expect(page.locator("#vt-chat-more")).to_contain_text("b.mp4")
    choose_model(page, "other/one-video")
    field(page).fill("Two?")
    field(page).press("Enter")
    expect(page.get_by_test_id("toast-text")).to_contain_text("can talk about one video at a time")
    rested(page)
    expect(page.locator(".vt-asked")).to_have_text(["One?"])
    expect(field(page)).to_have_value("Two?")
    page.locator("#vt-chat-more").get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-chat-more")).to_be_hidden()
    field(page).press("Enter")
    expect(page.locator(".vt-asked")).to_have_text(["One?", "Two?"])


def choose_model(page: Page, name: str) -> None:
    page.locator("#vt-chat-model input").click()
    page.get_by_role("option", name=name).click()


def test_an_edit_can_be_given_up(page: Page) -> None:
    ask(page, "One?")
    turns(page).first.hover()
    page.get_by_role("button", name="Edit this question").click()
    page.get_by_role("textbox", name="The question").press("Escape")
    expect(page.locator(".vt-asked")).to_be_visible()
    expect(page.locator(".vt-edit")).to_have_count(0)


def test_undo_gives_the_question_back(page: Page) -> None:
    ask(page, "One?")
    ask(page, "Two?")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".vt-asked")).to_have_text(["One?"])
    expect(field(page)).to_have_value("Two?")
    page.get_by_role("button", name="Undo").click()
    expect(turns(page)).to_have_count(0)
    expect(page.locator("#vt-chat-result")).to_contain_text("Ask about the video.")


def test_a_new_conversation_forgets(page: Page, quick: Served) -> None:
    ask(page, "One?")
    page.get_by_role("button", name="New conversation").click()
    expect(turns(page)).to_have_count(0)
    assert quick.worked()[-1].startswith("forgot ")
    ask(page, "Two?")
    expect(page.locator(".vt-said")).to_contain_text("Answer 1 on: Two?")


def test_another_video_is_a_new_conversation_and_says_so(page: Page) -> None:
    ask(page, "One?")
    result = page.locator("#vt-chat-result")
    page.locator(".vt-example").last.click()
    expect(result).to_contain_text("The video changed, so this is a new conversation.")
    page.wait_for_function("document.querySelector('#vt-player video[data-vt]')?.readyState >= 2")
    page.get_by_role("button", name="Clear").click()
    expect(result).to_contain_text("Add a video")
    page.locator(".vt-example").last.click()
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")
    ask(page, "Two?")
    expect(page.locator(".vt-asked")).to_have_text(["Two?"])


def test_a_video_that_takes_the_place_of_another_ends_the_conversation(page: Page, tmp_path: Path) -> None:
    ask(page, "One?")
    page.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "other.mp4", 60))
    expect(page.locator("#vt-chat-result")).to_contain_text("The video changed, so this is a new conversation.")
    expect(turns(page)).to_have_count(0)


def test_several_videos_share_a_conversation(page: Page, tmp_path: Path) -> None:
    ask(page, "One?")
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chat-more input[type=file]").set_input_files(numbered_clip(tmp_path / "<i>b.mp4", 60))
    expect(page.locator("#vt-chat-more")).to_contain_text(".mp4")
    field(page).fill("Which is longer?")
    field(page).press("Enter")
    expect(page.locator("#vt-chat-result")).to_contain_text("The videos changed, so this is a new conversation.")
    rested(page)
    expect(turns(page)).to_have_count(1)
    expect(page.locator(".vt-frame")).to_have_count(12)
    expect(page.locator("div.vt-frame span").first).to_contain_text("Video B")
    names = [video["label"] for video in json.loads(document(page, "JSON"))["videos"]]
    assert names == ["Video A", "Video B"]


def test_options_reach_the_model(page: Page) -> None:
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("Instructions to the model").fill("Be brief.")
    page.get_by_label("number input for Temperature").fill("0.7")
    page.get_by_label("number input for Top-p").fill("0.9")
    page.get_by_label("number input for Tokens per answer").fill("12")
    page.get_by_label("number input for Tokens per answer").press("Tab")
    ask(page, "One?")
    expect(turns(page).locator(".vt-notes")).to_contain_text("0.7 0.9 12 'Be brief.'")


def test_a_saved_conversation_is_opened_again(page: Page, tmp_path: Path) -> None:
    ask(page, "One?")
    ask(page, "Two <b>?</b>")
    saved = tmp_path / "talk.json"
    saved.write_text(document(page, "JSON"), "utf-8")
    assert "## Two \\<b\\>?\\</b\\>" in document(page, "Markdown")
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chat-saved input[type=file]").set_input_files(saved)
    expect(page.locator(".vt-asked")).to_have_text(["One?", "Two <b>?</b>"])
    expect(page.locator("#vt-chat-result")).to_contain_text("Opened a conversation about Earth at night.")
    ask(page, "Three?")
    expect(page.locator(".vt-said").last).to_contain_text("Answer 3 on: Three?")


def test_a_file_that_is_no_conversation_is_explained(page: Page, tmp_path: Path) -> None:
    ask(page, "One?")
    bad = tmp_path / "talk.json"
    bad.write_text('{"turns": 3}')
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chat-saved input[type=file]").set_input_files(bad)
    expect(page.locator("#vt-chat-open-problem")).to_contain_text("This is not a saved conversation")
    expect(page.locator(".vt-asked")).to_have_text(["One?"])


@pytest.mark.parametrize(
    ("question", "message"),
    [("", "The question is empty."), ("   ", "The question is empty."), ("a" * 100_000, "has 100,000 characters")],
    ids=["empty", "blank", "long"],
)
def test_a_question_that_cannot_be_is_explained(page: Page, question: str, message: str) -> None:
    ask(page, "One?")
    field(page).fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#vt-question-problem")).to_contain_text(message)
    rested(page)
    expect(page.locator(".vt-asked")).to_have_text(["One?"])
    expect(field(page)).to_have_value(question)


def test_a_question_before_any_video_is_explained(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#vt-chat-result")).to_contain_text("Add a video")
    field(page).fill("What moves?")
    field(page).press("Enter")
    expect(page.get_by_test_id("toast-text")).to_contain_text("There is no video yet.")
    expect(field(page)).to_have_value("What moves?")


def test_a_video_that_cannot_be_read_leaves_the_conversation_and_the_question(page: Page) -> None:
    ask(page, "One?")
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.get_by_label("Frames", exact=True).fill("13")
    field(page).fill("Two?")
    field(page).press("Enter")
    expect(page.get_by_test_id("toast-text")).to_contain_text("The video cannot be read: <b>it is broken</b>.")
    rested(page)
    expect(page.locator(".vt-asked")).to_have_text(["One?"])
    expect(field(page)).to_have_value("Two?")


def test_a_video_that_disappeared_between_turns_is_explained(page: Page, quick: Served, tmp_path: Path) -> None:
    page.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "gone.mp4", 60))
    expect(page.locator("#vt-video-facts")).to_contain_text("gone.mp4")
    ask(page, "One?")
    for file in files_in(quick.files, "gone.mp4"):
        file.unlink()
    field(page).fill("Two?")
    field(page).press("Enter")
    expect(page.get_by_test_id("toast-text")).to_contain_text("no longer on the server")
    expect(page.locator(".vt-asked")).to_have_text(["One?"])


def test_stop_ends_the_answer_and_keeps_what_was_said(answering: Page, slow: Served) -> None:
    answering.get_by_role("button", name="Stop").click()
    rested(answering)
    wait_until(lambda: slow.worked().count("ended world.mp4") == 2, what="the work to end")
    assert len([line for line in slow.worked() if line.startswith("token")]) < 12 + len(SECOND.split())
    expect(turns(answering)).to_have_count(2)
    expect(turns(answering).last).to_contain_text("Stopped before the answer was whole.")
    expect(turns(answering).last.locator(".vt-said")).to_contain_text("Answer 2 on:")


def test_a_closed_tab_ends_the_answer_and_the_next_visitor_is_served(
    answering: Page, slow: Served, visit: Callable[..., Page]
) -> None:
    answering.close()
    wait_until(lambda: slow.worked().count("ended world.mp4") == 2, what="the work to end")
    (key,) = {line.rpartition(" ")[2] for line in slow.worked() if line.startswith("token")}
    wait_until(lambda: f"forgot {key}" in slow.worked(), what="the conversation to be forgotten")
    other = opened(slow, visit)
    field(other).fill("Hello?")
    field(other).press("Enter")
    expect(turns(other).locator(".vt-said")).to_contain_text("Answer 1 on: Hello?")


def test_stop_before_the_first_word_gives_the_question_back(slow: Served, visit: Callable[..., Page]) -> None:
    page = opened(slow, visit)
    open_streams: set[Request] = set()
    page.on("request", lambda sent: open_streams.add(sent) if "/queue/data" in sent.url else None)
    page.on("requestfinished", lambda sent: open_streams.discard(sent))  # noqa: PLW0108  (Playwright takes no builtin)
    page.on("requestfailed", lambda sent: open_streams.discard(sent))  # noqa: PLW0108  (Gradio closes them so)
    for number in range(6):
        while open_streams:  # the work before has not said its last word
            page.wait_for_timeout(20)
        field(page).fill(f"Too early {number}?")
        field(page).press("Enter")
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
        expect(field(page)).to_have_value(f"Too early {number}?")
        expect(page.locator("#vt-chat-live")).to_have_text("Stopped.")
        expect(turns(page)).to_have_count(0)


def test_stop_may_overtake_the_question(slow: Served, visit: Callable[..., Page]) -> None:
    page = opened(slow, visit)
    slow.work_log.unlink(missing_ok=True)
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/queue/join*", hold)
    field(page).fill("Too late?")
    field(page).press("Enter")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    (question,) = late
    question.continue_()
    expect(page.locator("#vt-chat-live")).to_have_text("Stopped.")
    expect(field(page)).to_have_value("Too late?")
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(turns(page)).to_have_count(0)
    assert not [line for line in slow.worked() if line.startswith("token")]


def test_a_second_question_waits_for_the_first_answer(answering: Page) -> None:
    field(answering).fill("Third?")
    field(answering).press("Enter")
    expect(answering.get_by_test_id("toast-text")).to_contain_text("Ask is still at work.")
    expect(field(answering)).to_have_value("Third?")
    expect(answering.get_by_role("button", name="Stop")).to_be_visible()
    expect(turns(answering).last.locator(".vt-said")).to_contain_text("not at 9:59.", timeout=30_000)
    expect(answering.locator(".vt-asked")).to_have_text(["First?", SECOND])


def test_two_visitors_do_not_see_each_others_words(quick: Served, visit: Callable[..., Page]) -> None:
    one, other = opened(quick, visit), opened(quick, visit)
    ask(one, "My secret?")
    ask(other, "Hello?")
    expect(other.locator("body")).not_to_contain_text("secret")
    expect(other.locator(".vt-said")).to_contain_text("Answer 1 on: Hello?")
    keys = {line.rpartition(" ")[2] for line in quick.worked()[-30:] if line.startswith("token world.mp4 ")}
    assert len(keys) >= 2


def test_on_a_phone_nothing_scrolls_sideways(quick: Served, visit: Callable[..., Page]) -> None:
    page = opened(quick, visit, **PHONE)
    ask(page, "W" * 300)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    heights = [box["height"] for each in page.locator(".vt-turn .vt-quiet").all() if (box := each.bounding_box())]
    assert len(heights) == 1  # Edit; the same answer would come again, so there is nothing to try
    assert min(heights) >= 44


def test_two_hundred_turns(page: Page, tmp_path: Path) -> None:
    turn = {"question": "What moves?", "answer": "A ball.", "finished": True, "notes": []}
    saved = tmp_path / "long.json"
    saved.write_text(json.dumps({"model": "m", "videos": [], "turns": [turn] * 200}))
    page.get_by_role("button", name="More options").locator("visible=true").click()
    page.locator("#vt-chat-saved input[type=file]").set_input_files(saved)
    expect(turns(page)).to_have_count(200)
    ask(page, "And now?")
    expect(turns(page).last.locator(".vt-said")).to_contain_text(re.compile(r"Answer 201 on: And now\?"))
    pane = page.locator("#vt-chat-result")
    page.wait_for_function(
        "pane => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 60", arg=pane.element_handle()
    )
