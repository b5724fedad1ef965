from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.scripted_page import CARD, NOTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served

pytestmark = pytest.mark.browser


def test_an_example_is_loaded_and_one_click_away_from_a_result(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.wait_for_function("document.querySelector('#vt-player video').duration > 1")
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_enabled()


def test_the_model_is_told_with_what_it_sees_and_why(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    line = page.locator("#vt-model-line")
    expect(line).to_contain_text("Embedded model · cpu")
    expect(line).to_contain_text(CARD.description)
    expect(line).to_contain_text(NOTE)


def test_another_model_is_told_when_it_is_chosen(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.get_by_text("More options").locator("visible=true").click()
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name="embedded").click()
    expect(page.locator("#vt-model-line")).not_to_contain_text(NOTE)


def test_text_is_set_in_the_typeface_that_ships(quick: Served, visit: Callable[..., Page]) -> None:
    page = visit(quick)
    page.wait_for_function("document.fonts.check('16px \"Inter Variable\"')")
    assert "Inter Variable" in page.evaluate("getComputedStyle(document.querySelector('h1')).fontFamily")
