"""More visitors than the device has room for: each is told its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.conftest import GRACE, SLOW, scripted
from tests.ui.serving import Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator, Page


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A slow page with room for one at work and two who wait."""
    limits = {"VIDTEXT_JOBS__MAX_RUNNING": "1", "VIDTEXT_JOBS__MAX_QUEUED": "2"}
    with serve(scripted(SLOW), tmp_path_factory.mktemp("narrow"), **GRACE, **limits) as served:
        yield served


def begin(page: Page) -> Locator:
    """Ask for captions, and return what is said of how far they are."""
    page.get_by_role("radio", name="Every few seconds").check()
    page.get_by_label("Seconds between captions").fill("1")  # so that it takes over a minute
    page.get_by_role("button", name="Caption", exact=True).click()
    return page.locator("#vt-caption-status .vt-doing")


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_visible()


def test_each_is_told_its_place_and_moves_up(narrow: Served, visit: Callable[..., Page]) -> None:
    first, second, third, fourth = (visit(narrow) for _ in range(4))
    expect(begin(first)).to_contain_text("captions")
    expect(begin(second)).to_have_text("Waiting, you are next")
    expect(begin(third)).to_have_text("Waiting, 1 before you")

    begin(fourth)
    toast = fourth.locator(".toast-body")
    expect(toast).to_contain_text("2 jobs are waiting already, and no more may. Try again later.")
    expect(fourth.get_by_role("button", name="Caption", exact=True)).to_be_visible()

    stop(second)
    expect(second.locator("#vt-caption-result")).to_contain_text("Stopped")
    expect(third.locator("#vt-caption-status .vt-doing")).to_have_text("Waiting, you are next")
    stop(first)
    expect(third.locator(".vt-cues li").first).to_be_visible()
    stop(third)


def test_whoever_leaves_the_page_leaves_the_line(narrow: Served, visit: Callable[..., Page]) -> None:
    first, second, third = (visit(narrow) for _ in range(3))
    expect(begin(first)).to_contain_text("captions")
    expect(begin(second)).to_have_text("Waiting, you are next")
    place = begin(third)
    expect(place).to_have_text("Waiting, 1 before you")
    second.close()
    expect(place).to_have_text("Waiting, you are next")
    first.close()
    expect(third.locator(".vt-cues li").first).to_be_visible()
    stop(third)
