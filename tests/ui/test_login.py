from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import serve

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser


def test_a_person_logs_in(tmp_path: Path, browser: Browser) -> None:
    with serve(scripted(QUICK), tmp_path, VIDTEXT_SERVER__AUTH="guard:a-password") as closed:
        log_in_and_caption(browser, closed.address)


def log_in_and_caption(browser: Browser, address: str) -> None:
    complaints: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.get_by_label("username").fill("guard")
    page.get_by_label("password").fill("a-password")
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector("#vt-player video")
    page.get_by_role("button", name="Caption", exact=True).click()
    page.wait_for_selector("[data-cue-start]")
    page.close()
    assert not complaints
