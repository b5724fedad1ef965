"""The names under which Chromium stores what is downloaded."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from tests.text.test_names import CHANGED, KEPT
from vidtext.text.names import file_name
from vidtext.ui.status import download_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_chromium_takes_the_names_as_they_are(browser: Browser) -> None:
    for video in (*(f"{stem}.mp4" for stem in KEPT), *CHANGED):
        name = file_name(video, "captions", ".srt")
        page = browser.new_page()  # a page may start ten downloads by itself
        page.set_content(download_html("SRT", name, "application/x-subrip", "1"))
        with page.expect_download() as started:
            page.get_by_role("link").click()
        # Chromium itself replaces all format characters, also the joiners that some scripts need.
        stored = "".join("_" if unicodedata.category(character) == "Cf" else character for character in name)
        assert started.value.suggested_filename == stored
        page.close()
