"""What the page weighs until it can be used: 109 requests and some 880 kB when the bounds were set.

Whoever passes a bound for a good reason raises it, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.ui.serving import Served

MOST_REQUESTS = 115
MOST_BYTES = 945_000


def test_the_first_visit_weighs_no_more_than_it_did(quick: Served, browser: Browser) -> None:
    """Everything but the video, which the player fetches in parts, as it comes over the network into an empty cache."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    network.on("Network.requestWillBeSent", lambda told: kinds.setdefault(told["requestId"], told["type"]))
    network.on("Network.loadingFinished", lambda told: sizes.setdefault(told["requestId"], told["encodedDataLength"]))
    network.on("Network.requestServedFromCache", lambda told: kinds.update({told["requestId"]: "Cached"}))
    network.send("Network.enable")

    page.goto(quick.address)
    page.wait_for_selector(".vt-model")
    page.wait_for_function("document.querySelector('#vt-player video[data-vt]')?.readyState >= 1")
    expect(page.get_by_role("button", name="Caption", exact=True)).to_be_enabled()
    page.evaluate("document.fonts.ready.then(() => null)")

    counted = {each for each, kind in kinds.items() if kind not in ("Media", "Cached", "Font")}
    weight = sum(sizes.get(each, 0) for each in counted)
    context.close()
    assert 20 < len(counted) <= MOST_REQUESTS
    assert 300_000 < weight <= MOST_BYTES
