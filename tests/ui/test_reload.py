"""A page that is loaded again finds everything; one that is closed leaves nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.conftest import scripted
from tests.ui.serving import serve, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Dialog, Page

    from tests.ui.serving import Served


def caption(page: Page) -> None:
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_visible()


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page whose visits wait as long as they do for people."""
    with serve(scripted("0.2"), tmp_path_factory.mktemp("patient")) as served:
        yield served


@pytest.fixture
def busy(patient: Served, visit: Callable[..., Page]) -> Page:
    """A page that is busy with thirty captions, the first of which is there; they take half a minute."""
    patient.work_log.unlink(missing_ok=True)
    page = visit(patient)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("1")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li").first).to_be_visible()
    return page


def count_rows(page: Page) -> int:
    return page.locator(".vt-cues li").count()


def test_video_results_edits_form_and_tab_are_back(patient: Served, visit: Callable[..., Page], tmp_path: Path) -> None:
    page = visit(patient)
    page.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "mine.mkv", 60))
    expect(page.locator("#vt-video-facts")).to_contain_text("mine.mkv")
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("2")
    caption(page)
    rows = page.locator(".vt-cues li").count()
    page.get_by_role("tab", name="Chat").click()
    page.get_by_role("textbox", name="Question", exact=True).fill("What moves?")
    page.get_by_role("textbox", name="Question", exact=True).press("Enter")
    expect(page.locator("#vt-chat-result [data-undo]")).to_be_visible()
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible()
    page.get_by_label("Title of chapter 2").fill("My own title")
    page.get_by_label("Title of chapter 2").press("Enter")
    expect(page.locator(".vt-block span").nth(1)).to_have_text("My own title")

    page.reload()

    expect(page.get_by_label("Title of chapter 2")).to_have_value("My own title")
    expect(page.get_by_role("tab", name="Chapters")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#vt-video-facts")).to_contain_text("mine.mkv")
    page.wait_for_function("document.querySelector('#vt-player video')?.duration > 1.5")
    expect(page.locator(".vt-block span").nth(1)).to_have_text("My own title")
    expect(page.locator(".vt-frame").first).to_be_visible()
    page.get_by_role("tab", name="Caption").click()
    expect(page.locator(".vt-cues li")).to_have_count(rows)
    expect(page.get_by_label("Seconds between captions")).to_have_value("2")
    page.get_by_role("tab", name="Chat").click()
    expect(page.locator(".vt-asked")).to_have_text(["What moves?"])
    page.get_by_role("textbox", name="Question", exact=True).fill("And then?")
    page.get_by_role("textbox", name="Question", exact=True).press("Enter")
    expect(page.locator(".vt-said").last).to_contain_text("Answer 2 on: And then?")


def test_a_page_that_was_left_and_gone_back_to_has_everything(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    caption(page)
    page.goto("about:blank")
    page.go_back()
    expect(page.locator(".vt-quotation")).to_be_visible()


def test_work_goes_on_while_its_page_is_loaded_again(busy: Page, patient: Served) -> None:
    busy.on("dialog", lambda dialog: dialog.accept())
    rows = count_rows(busy)
    busy.reload()
    expect(busy.get_by_role("button", name="Stop")).to_be_visible()
    expect(busy.locator(".vt-doing")).to_contain_text("of 30 captions")
    expect(busy.locator(".vt-cues li").nth(rows + 1)).to_be_visible()
    busy.get_by_role("button", name="Stop").click()
    expect(busy.locator("#vt-caption-below")).to_contain_text("Stopped after")
    wait_until(lambda: "ended world.mp4" in patient.worked(), what="the work to end")


def test_leaving_in_the_middle_of_work_asks_and_staying_goes_on(busy: Page) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    busy.on("dialog", stay)
    rows = count_rows(busy)
    busy.evaluate("setTimeout(() => location.reload())")
    expect(busy.locator(".vt-cues li").nth(rows + 1)).to_be_visible()
    assert asked == ["beforeunload"]
    busy.get_by_role("button", name="Stop").click()
    expect(busy.locator("#vt-caption-below")).to_contain_text("Stopped after")


def test_a_page_that_rests_is_left_without_a_question(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    caption(page)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    expect(page.locator(".vt-quotation")).to_be_visible()
    assert not asked


def test_a_duplicated_tab_is_a_visit_of_its_own(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    caption(page)
    with page.expect_popup() as opened:
        page.evaluate("window.open(location.href)")  # which copies what the tab has stored, as duplicating does
    other = opened.value
    expect(other.locator(".vt-model")).to_be_visible()
    other.get_by_role("button", name="Clear").click()
    expect(other.locator("#vt-video-facts")).to_contain_text("choose an example")
    other.reload()
    expect(other.locator("#vt-video-facts")).to_contain_text("choose an example")
    page.reload()
    expect(page.locator(".vt-quotation")).to_be_visible()
    expect(page.locator("#vt-video-facts")).to_contain_text("Earth at night")
    other.close()


def test_the_token_stands_in_no_address_and_no_log(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    addresses: list[str] = []
    tokens: set[str] = set()
    page.on("request", lambda request: addresses.append(request.url))
    page.on("request", lambda request: tokens.add(request.headers.get("x-vidtext-visit", "")))
    caption(page)
    page.reload()
    expect(page.locator(".vt-quotation")).to_be_visible()
    (token,) = tokens - {""}
    assert re.fullmatch("[0-9a-f]{32}", token)
    assert not [address for address in addresses if token in address]
    assert token not in patient.server_log.read_text("utf-8")
    assert token not in page.content()


def test_back_leads_to_the_tab_before(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    for name in ("Summary", "Chat"):
        page.get_by_role("tab", name=name).click()
    assert page.url.endswith("#chat")
    page.go_back()
    expect(page.get_by_role("tab", name="Summary")).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.get_by_role("tab", name="Caption")).to_have_attribute("aria-selected", "true")
    page.go_forward()
    expect(page.get_by_role("tab", name="Summary")).to_have_attribute("aria-selected", "true")


def test_what_was_changed_by_hand_is_there_and_can_be_taken_back(patient: Served, visit: Callable[..., Page]) -> None:
    page = visit(patient)
    caption(page)
    text, below = page.get_by_role("textbox", name="Caption 1"), page.locator("#vt-caption-below")
    text.fill("Mine")
    text.press("Enter")
    expect(below).to_contain_text("Edited by hand.")
    page.reload()
    expect(text).to_have_text("Mine")
    below.get_by_role("button", name="Undo").click()
    expect(text).to_have_text("Sentence 1 of <b>world.mp4</b>.")
