from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.serving import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.ui.serving import Served


ALL_TOKENS = 6 * 5
"""Of six windows, if nothing stops them."""


def tokens(slow: Served) -> int:
    return len([line for line in slow.worked() if line.startswith("token")])


@pytest.fixture
def page(slow: Served, visit: Callable[..., Page]) -> Page:
    """A page that is busy with many captions, the first of which is there."""
    slow.work_log.unlink(missing_ok=True)
    page = visit(slow)
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.locator(".vt-cues li").first).to_be_visible()
    return page


def test_stop_keeps_what_is_there(page: Page) -> None:
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    note = page.locator("#vt-caption-below .vt-notes li").first
    expect(note).to_have_text(re.compile(r"Stopped after [1-5] of 6 captions\."))
    expect(page.locator(".vt-cues li")).to_have_count(int(note.inner_text().split()[2]))
    expect(page.get_by_role("link", name="Download as SRT")).to_be_visible()
    expect(page.locator("#vt-caption-status")).to_have_text("")


def test_stop_ends_the_work_itself(page: Page, slow: Served) -> None:
    page.get_by_role("button", name="Stop").click()
    wait_until(lambda: "ended world.mp4" in slow.worked(), what="the work to end")
    assert tokens(slow) < ALL_TOKENS


def test_a_closed_tab_ends_the_work(page: Page, slow: Served) -> None:
    page.close()
    wait_until(lambda: "ended world.mp4" in slow.worked(), what="the work to end")
    assert tokens(slow) < ALL_TOKENS


def test_another_video_ends_the_work_and_clears_what_was_there(page: Page, slow: Served) -> None:
    page.locator(".vt-example").last.click()
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    expect(page.locator("#vt-caption-result")).to_contain_text("were cleared")
    expect(page.locator(".vt-frame")).to_have_count(0)
    wait_until(lambda: "ended world.mp4" in slow.worked(), what="the work to end")
    assert tokens(slow) < ALL_TOKENS


def test_progress_moves(page: Page) -> None:
    bar, doing = page.get_by_role("progressbar"), page.locator(".vt-doing")
    expect(doing).to_contain_text("1 of")
    before = int(bar.get_attribute("aria-valuenow") or "")
    expect(doing).to_contain_text("2 of")
    assert int(bar.get_attribute("aria-valuenow") or "") > before > 0


def test_the_keyboard_follows_the_button(page: Page) -> None:
    page.wait_for_function("document.activeElement.id === 'vt-caption-stop'")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'vt-caption-go'")
