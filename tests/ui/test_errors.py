"""Errors stand at their fields until they are mended; toasts are for what has no field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served


def more_options(page: Page) -> None:
    page.get_by_role("button", name="More options").locator("visible=true").click()


@pytest.fixture
def page(quick: Served, visit: Callable[..., Page]) -> Page:
    return visit(quick)


def test_a_number_out_of_bounds_is_told_at_its_field_until_it_is_mended(page: Page, quick: Served) -> None:
    page.get_by_role("radio", name="Every few seconds").check()
    field = page.get_by_label("Seconds between captions")
    field.fill("0")
    for _ in range(2):  # equal ones once
        page.get_by_role("button", name="Caption", exact=True).click()
        expect(page.locator(".vt-problem")).to_have_text(["Seconds between captions: at least 0.1."])
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description("Seconds between captions: at least 0.1.")
        expect(page.get_by_test_id("toast-body")).to_have_count(0)
        expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    field.fill("10")
    expect(page.locator(".vt-problem")).to_have_count(0)
    expect(field).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-cues li")).to_have_count(3)
    assert "Traceback" not in quick.server_log.read_text("utf-8")


@pytest.mark.parametrize(
    ("typed", "told"), [("0", "at least 1"), ("1000000000", "at most 256"), ("", "enter a number")]
)
def test_a_number_of_tokens(page: Page, typed: str, told: str) -> None:
    more_options(page)
    page.get_by_label("Tokens per caption").fill(typed)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-tokens-problem")).to_contain_text(f"Tokens per caption: {told}")


def test_a_field_that_is_hidden_is_not_in_use(page: Page) -> None:
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("0")
    page.get_by_role("radio", name="One caption").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-quotation")).to_be_visible()


def test_options_that_are_closed_are_opened_for_their_error(page: Page) -> None:
    more_options(page)
    page.get_by_label("To", exact=True).fill("0:00")
    more_options(page)
    expect(page.get_by_label("To", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-stop-at-problem")).to_contain_text("The end must be after the start.")
    expect(page.get_by_label("To", exact=True)).to_be_focused()


def test_a_result_is_not_taken_for_that_of_a_refused_run(page: Page) -> None:
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-caption-below .vt-actions")).to_be_visible()
    more_options(page)
    page.get_by_label("From", exact=True).fill("5:00")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator("#vt-start-problem")).to_be_visible()
    result = page.locator("#vt-caption-result")
    expect(result).to_have_attribute("data-of", "before")
    page.get_by_label("From", exact=True).fill("0:01")
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(result).not_to_have_attribute("data-of", "before")
    expect(page.locator(".vt-quotation")).to_have_attribute("data-cue-start", re.compile("^1"))


def test_what_has_no_field_is_a_toast_once_until_it_is_closed(page: Page) -> None:
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("tab", name="Chat").click()
    question = page.get_by_role("textbox", name="Question", exact=True)
    question.fill("What moves?")
    toasts = page.get_by_test_id("toast-text")
    for number in (1, 2, 3):
        question.press("Enter")
        expect(toasts).to_have_count(number)
        expect(toasts.locator("visible=true")).to_have_count(1)
    expect(toasts.locator("visible=true")).to_contain_text("There is no video yet")
    assert page.evaluate(
        "document.querySelector('.toast-body').getBoundingClientRect().top"
        " > document.querySelector('#vt-top').getBoundingClientRect().bottom"
    )
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_a_bad_link_is_told_at_its_field_and_goes_with_the_next_video(page: Page) -> None:
    page.get_by_label("Link to a video file").fill("ftp://example.org/a.mp4")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator("#vt-address-problem")).to_contain_text("http://")
    page.locator(".vt-example").first.click()
    expect(page.locator("#vt-address-problem")).to_have_count(0)
