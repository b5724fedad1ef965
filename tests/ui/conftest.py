"""The pages under test, and a browser that reports whatever goes wrong in it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.ui.serving import CHROMIUM, CHROMIUM_FLAGS, ROOT, Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

expect.set_options(timeout=20_000)  # a busy machine is no defect

DESKTOP: ViewportSize = {"width": 1360, "height": 900}
PLAYS_FROM = """(seconds) => {
  const video = document.querySelector("#vt-player video");
  const plays = !video.paused && video.currentTime >= seconds && video.currentTime < seconds + 3;
  if (plays) video.pause();
  return plays;
}"""
"""Whether the player plays what follows a time; if so, it is paused there."""

QUICK, SLOW = "0.02", "0.4"
GRACE = {"VIDTEXT_PAGE__RELOAD_GRACE_SECONDS": "1.5"}
"""For tests that wait until a closed tab's visit is over; one that is loaded again is back sooner."""


def scripted(seconds_a_token: str) -> Callable[[int, Any], list[str]]:
    return lambda port, log: [str(ROOT / "tests/ui/scripted_page.py"), str(port), seconds_a_token, str(log)]


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with a captioner that writes at once, and small limits."""
    limits = {"VIDTEXT_LIMITS__MAX_DURATION_SECONDS": "60", "VIDTEXT_LIMITS__MAX_SOURCE_BYTES": str(5 << 20)}
    with serve(scripted(QUICK), tmp_path_factory.mktemp("quick"), **GRACE, **limits) as served:
        yield served


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page with a captioner that takes its time."""
    with serve(scripted(SLOW), tmp_path_factory.mktemp("slow"), **GRACE) as served:
        yield served


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app itself, with the embedded model."""
    folder = tmp_path_factory.mktemp("real")
    with serve(lambda _port, _log: ["app.py"], folder, VIDTEXT_MODELS__DEFAULT="embedded") as served:
        yield served
        log = served.server_log.read_text("utf-8")
    assert "Traceback" not in log, log


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def desktop(browser: Browser) -> BrowserContext:
    """A window of the usual size, whose cache the visits share that are there alone and have no wishes of their own."""
    return browser.new_context(viewport=DESKTOP)


@pytest.fixture
def visit(browser: Browser, desktop: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Open a page as a new visitor. After the test: no console errors, and no request to anywhere else."""
    with _watched_visits(browser, desktop) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def visit_once(browser: Browser, desktop: BrowserContext) -> Iterator[Callable[..., Page]]:
    """As `visit`, for a page that the tests of a module look at together."""
    with _watched_visits(browser, desktop) as open_page:
        yield open_page


@contextmanager
def _watched_visits(browser: Browser, desktop: BrowserContext) -> Iterator[Callable[..., Page]]:
    complaints: list[str] = []
    opened: list[Page | BrowserContext] = []

    def open_page(served: Served, **options: Any) -> Page:
        alone = bool(options or desktop.pages)  # a page behind another one in a window runs slowly
        context = browser.new_context(**{"viewport": DESKTOP, **options}) if alone else desktop
        page = context.new_page()
        opened.append(context if alone else page)
        page.set_default_timeout(20_000)
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.extend(_elsewhere(request.url, served.address)))
        page.goto(served.address)
        page.wait_for_selector("#vt-player video[data-vt]")
        page.wait_for_selector(".vt-model")
        return page

    yield open_page
    for each in opened:
        each.close()
    assert not complaints


def _elsewhere(url: str, address: str) -> list[str]:
    return [] if url.startswith((address, "data:", "blob:")) else [f"asked for {url[:200]}"]
