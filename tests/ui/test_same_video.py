"""Work is always done on the video that is shown, and what is shown is always about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page, Route

    from tests.ui.serving import Served


def bring(page: Page, file: Path) -> None:
    page.locator("#vt-bring input[type=file]").set_input_files(file)


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Caption", exact=True)


def facts(page: Page) -> Locator:
    return page.locator("#vt-video-facts")


def sentence(page: Page) -> Locator:
    return page.locator("#vt-caption-result .vt-quotation .vt-text")


@pytest.fixture
def captioned(quick: Served, visit: Callable[..., Page]) -> Page:
    """A page with a caption of the first video."""
    page = visit(quick)
    button(page).click()
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_visible()
    return page


def test_nothing_is_begun_while_another_video_is_prepared(captioned: Page, quick: Served, tmp_path: Path) -> None:
    page = captioned
    with quick.held_previews():
        bring(page, numbered_clip(tmp_path / "other.mkv", 20))
        expect(facts(page)).to_contain_text("Making the preview")
        expect(button(page)).to_be_disabled()
        expect(sentence(page)).to_have_text("Sentence 1 of <b>world.mp4</b>.")  # the player still shows that one
        page.get_by_role("tab", name="Chat").click()
        page.get_by_role("textbox", name="Question", exact=True).fill("What moves?")
        page.get_by_role("textbox", name="Question", exact=True).press("Enter")
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_disabled()
        expect(page.get_by_role("textbox", name="Question", exact=True)).to_have_value("What moves?")
        page.get_by_role("tab", name="Caption").click()
    expect(facts(page)).to_contain_text("other.mkv")
    expect(page.locator("#vt-caption-result")).to_contain_text("were cleared")
    expect(page.locator(".vt-frame")).to_have_count(0)
    button(page).click()
    expect(sentence(page)).to_have_text("Sentence 1 of <b>other.mkv</b>.")


def test_the_server_refuses_what_the_page_lets_through(captioned: Page, quick: Served, tmp_path: Path) -> None:
    page = captioned
    with quick.held_previews():
        bring(page, numbered_clip(tmp_path / "other.mkv", 20))
        expect(button(page)).to_be_disabled()
        page.evaluate("go => { go.disabled = false; go.click(); }", page.locator("#vt-caption-go").element_handle())
        expect(page.get_by_test_id("toast-text")).to_contain_text("still being prepared")
        expect(sentence(page)).to_have_text("Sentence 1 of <b>world.mp4</b>.")


def test_a_click_that_arrives_after_another_video_is_not_about_the_one_before(
    quick: Served, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(quick)
    late: list[Route] = []
    page.route("**/queue/join*", lambda route: route.continue_() if late else late.append(route))
    button(page).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    bring(page, numbered_clip(tmp_path / "other.mp4", 20))
    expect(facts(page)).to_contain_text("other.mp4")
    late[0].continue_()
    expect(page.get_by_test_id("toast-text")).to_contain_text("Another video has come in since, other.mp4.")
    expect(sentence(page)).to_have_count(0)
    button(page).click()
    expect(sentence(page)).to_have_text("Sentence 1 of <b>other.mp4</b>.")


def test_the_last_of_several_videos_stays(captioned: Page, quick: Served, tmp_path: Path) -> None:
    page = captioned
    with quick.held_previews():
        bring(page, numbered_clip(tmp_path / "first.mkv", 20))
        expect(facts(page)).to_contain_text("Making the preview")
        bring(page, numbered_clip(tmp_path / "second.mp4", 20))
        expect(facts(page)).to_contain_text("second.mp4")
        expect(button(page)).to_be_enabled()
        bring(page, numbered_clip(tmp_path / "third.mkv", 20))
        expect(facts(page)).to_contain_text("Making the preview")
        page.locator(".vt-example").first.click()
        expect(facts(page)).to_contain_text("Earth at night")
    expect(page.locator("#vt-caption-result")).to_contain_text("were cleared")
    button(page).click()
    expect(sentence(page)).to_have_text("Sentence 1 of <b>world.mp4</b>.")


def test_a_video_that_was_taken_away_while_it_was_prepared_does_not_come(
    captioned: Page, quick: Served, tmp_path: Path
) -> None:
    page = captioned
    with quick.held_previews():
        bring(page, numbered_clip(tmp_path / "other.mkv", 20))
        expect(facts(page)).to_contain_text("Making the preview")
        page.get_by_role("button", name="Clear").click()
        expect(facts(page)).to_contain_text("choose an example")
    expect(sentence(page)).to_have_count(0)
    expect(page.locator("#vt-caption-result")).to_contain_text("Add a video")


def test_a_video_that_cannot_be_used_leaves_the_one_before_with_its_results(captioned: Page, tmp_path: Path) -> None:
    page = captioned
    (bad := tmp_path / "bad.mkv").write_text("no video" * 100)
    bring(page, bad)
    expect(page.locator(".vt-problem")).to_contain_text("is not a video")
    expect(facts(page)).to_contain_text("Earth at night")
    expect(sentence(page)).to_have_text("Sentence 1 of <b>world.mp4</b>.")
    expect(page.locator(".vt-frame").first).to_be_visible()
    page.get_by_role("radio", name="Every few seconds").check()
    button(page).click()
    expect(page.locator(".vt-cues li").first).to_contain_text("world.mp4")


def test_what_the_server_says_too_late_of_another_video_is_not_shown(captioned: Page) -> None:
    captioned.evaluate(
        """() => document.querySelector("#vt-caption-result [data-video]")
          .insertAdjacentHTML("afterend", '<div data-video="another"><p>No</p></div>')"""
    )
    expect(captioned.get_by_text("No", exact=True)).to_be_hidden()
    expect(sentence(captioned)).to_be_visible()


def test_the_address_of_another_video_goes_from_its_field(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    address = page.get_by_label("Link to a video file")
    address.fill("ftp://example.org/a.mp4")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator(".vt-problem")).to_be_visible()
    expect(address).to_have_value("ftp://example.org/a.mp4")  # to be mended
    expect(facts(page)).to_contain_text("Earth at night")
    page.locator(".vt-example").first.click()
    expect(address).to_have_value("")
