from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served


def test_two_visitors_work_at_once_and_do_not_see_each_other(
    slow: Served, visit: Callable[..., Page], tmp_path: Path
) -> None:
    one, other = visit(slow), visit(slow)
    one.locator("#vt-bring input[type=file]").set_input_files(numbered_clip(tmp_path / "secret.mp4", 600))
    expect(one.locator("#vt-video-facts")).to_contain_text("secret.mp4")
    for page in (one, other):
        page.get_by_role("radio", name="Every few seconds").check()
        page.get_by_role("button", name="Caption", exact=True).click()
    for page in (one, other):
        expect(page.locator(".vt-doing")).to_contain_text("captions")  # both are at work

    one.get_by_role("button", name="Stop").click()
    expect(one.get_by_role("button", name="Caption", exact=True)).to_be_visible()
    expect(other.locator(".vt-cues li")).to_have_count(2)  # and goes on
    expect(other.locator("body")).not_to_contain_text("secret")
    expect(one.locator(".vt-quotation, .vt-cues").first).to_contain_text("secret.mp4")
