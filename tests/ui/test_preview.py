from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.serving import files_in, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served

SECONDS, RATE = 4, 10


@pytest.mark.parametrize("name", ["clip.mkv", "clip.avi"])
def test_a_video_that_browsers_cannot_play_is_shown_through_a_preview(
    quick: Served, visit: Callable[..., Page], tmp_path: Path, name: str
) -> None:
    page = visit(quick)
    clip = numbered_clip(tmp_path / name, SECONDS * RATE, rate=RATE)
    page.locator("#vt-bring input[type=file]").set_input_files(clip)
    expect(page.locator("#vt-video-facts")).to_contain_text("shows a preview")
    page.wait_for_function("document.querySelector('#vt-player video').readyState >= 2")
    assert page.evaluate("document.querySelector('#vt-player video').duration") == pytest.approx(SECONDS, abs=0.3)

    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-quotation .vt-text")).to_have_text(f"Sentence 1 of <b>{name}</b>.")


def test_what_a_visitor_brought_is_deleted_when_the_tab_is_closed(
    quick: Served, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(quick)
    page.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "mine.mkv", 10))
    expect(page.locator("#vt-video-facts")).to_contain_text("shows a preview")
    assert files_in(quick.files, "mine.mkv")
    page.close()
    wait_until(lambda: not files_in(quick.files, "mine.mkv"), what="the upload to be deleted")
    wait_until(lambda: not files_in(quick.files, "preview-*"), what="the preview to be deleted")
