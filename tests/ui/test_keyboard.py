"""The page by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served


@pytest.fixture(scope="module")
def page(quick: Served, visit_once: Callable[..., Page]) -> Page:
    return visit_once(quick)


def test_the_first_stop_skips_to_the_action(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the main action")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_focused()


def test_tabs_are_one_stop_whose_arrows_choose(page: Page) -> None:
    tabs = page.get_by_role("tab")
    names = tabs.all_inner_texts()
    tabs.first.click()
    for key, name in [
        ("ArrowRight", names[1]),
        ("ArrowRight", names[2]),
        ("ArrowLeft", names[1]),
        ("End", names[-1]),
        ("ArrowRight", names[0]),
        ("ArrowLeft", names[-1]),
        ("Home", names[0]),
    ]:
        page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name, exact=True)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(page.locator("[role=tab][tabindex='0']")).to_have_text(name)
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.role !== 'tab'")


def test_radios_are_one_stop_whose_arrows_choose(page: Page) -> None:
    page.get_by_role("tab", name="Caption").click()
    group = page.get_by_role("group", name="Captions")
    group.get_by_role("radio", name="One caption").focus()
    page.keyboard.press("ArrowRight")
    expect(group.get_by_role("radio", name="Every few seconds")).to_be_checked()
    expect(page.get_by_label("Seconds between captions")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Seconds between captions")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("Seconds between captions")).to_be_hidden()


def test_escape_undoes_a_title_and_a_limit_is_told(page: Page) -> None:
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible()
    title = page.get_by_label("Title of chapter 2")
    before = title.input_value()
    title.press("End")
    title.press_sequentially(" and more")
    title.press("Escape")
    expect(title).to_have_value(before)
    expect(page.locator(".vt-block span").nth(1)).to_have_text(before)

    title.fill("a" * 199)
    expect(page.get_by_text("200 characters")).to_have_count(0)
    title.press_sequentially("bc")
    expect(title).to_have_value("a" * 199 + "b")
    expect(page.get_by_text("200 characters")).to_be_visible()
    title.press("Escape")
    expect(title).to_have_value(before)
    expect(page.get_by_text("200 characters")).to_have_count(0)
