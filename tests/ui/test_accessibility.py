"""axe-core finds nothing on the page: on any tab, in any state, on a desktop, a phone, or in the dark.

The tabs are read from the page, so that a new one is covered too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.conftest import scripted
from tests.ui.serving import Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
}
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
COLOURS = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""What the dark look can change."""

GRADIOS = 'nested-interactive: <button class="icon-button'
"""Gradio's button that adds files to a list holds another button; the inner one does the work and is named."""

AT_REST = """() => document.getAnimations().every(
  (each) => each.playState !== "running" || each.effect.getTiming().iterations === Infinity,
)"""
PROBLEM = ".vt-problem:visible, [data-testid=toast-text]:visible"
OPTIONS = ".vt-more input:not([type=file], [type=range], [type=checkbox], [readonly])"


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A page whose work goes on while axe looks at it."""
    with serve(scripted("0.25"), tmp_path_factory.mktemp("steady")) as served:
        yield served


def violations(page: Page, look: str) -> list[str]:
    page.wait_for_function(AT_REST)
    found = Axe().run(page, options=COLOURS if look == "dark" else RULES).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]


def fill_what_is_asked_for(panel: Locator, videos: Sequence[Path] = ()) -> None:
    for field in panel.locator("textarea:not(.vt-more *)").all():
        if field.is_visible() and not field.input_value():
            field.fill("What moves?")
    for field in panel.locator("input[type=file][multiple]:not(.vt-more *)").all() if videos else ():
        field.set_input_files(videos)
        expect(panel.locator(".file-preview")).to_contain_text(videos[0].stem)  # it is uploaded


@pytest.mark.timeout(900)
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(steady: Served, visit: Callable[..., Page], tmp_path: Path, look: str) -> None:
    page = visit(steady, **LOOKS[look])
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=look == "dark")
    videos = [numbered_clip(tmp_path / "first.mp4", 30), numbered_clip(tmp_path / "second.mp4", 30)]
    found: dict[str, list[str]] = {}
    for tab in page.get_by_role("tab").all():
        name = tab.inner_text()
        tab.click()
        panel = page.locator("[role=tabpanel]:visible")
        go, stop = panel.locator(".vt-action .primary"), panel.locator(".vt-action .stop")
        found[f"{name}, empty"] = violations(page, look)

        panel.get_by_role("button", name="More options").click()
        expect(panel.get_by_label("Model", exact=True)).to_be_visible()
        found[f"{name}, more options"] = violations(page, look)

        fill_what_is_asked_for(panel, videos)
        go.click()
        expect(stop).to_be_visible()
        found[f"{name}, working"] = violations(page, look)

        expect(panel.locator(".vt-result .vt-empty"), f"{name} has no result").to_have_count(0, timeout=120_000)
        expect(go).to_be_visible(timeout=120_000)
        found[f"{name}, result"] = violations(page, look)

        wrong = [field for field in panel.locator(OPTIONS).all() if field.is_visible()]
        for field in wrong:
            field.fill("-1" if field.get_attribute("type") == "number" else "nonsense")
        if wrong:
            fill_what_is_asked_for(panel)
            go.click()
            expect(page.locator(PROBLEM).first).to_be_visible()
            found[f"{name}, error at a field"] = violations(page, look)
            for field in wrong:
                field.fill("")
    if look != "dark":
        assert any(GRADIOS in each for state in found.values() for each in state), "Gradio has mended it: drop GRADIOS"
    ours = {name: [each for each in state if GRADIOS not in each] for name, state in found.items()}
    assert {name: state for name, state in ours.items() if state} == {}


@pytest.mark.parametrize(
    "look", [look if look == "desktop" else pytest.param(look, marks=pytest.mark.slow) for look in LOOKS]
)
def test_axe_finds_nothing_in_a_refusal(quick: Served, visit: Callable[..., Page], look: str) -> None:
    page = visit(quick, **LOOKS[look])
    page.wait_for_function("dark => document.body.classList.contains('dark') === dark", arg=look == "dark")
    page.locator("#vt-player").get_by_role("button", name="Clear").click()
    found: dict[str, list[str]] = {}
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.locator("[role=tabpanel]:visible .vt-action .primary").click()
        expect(page.locator(PROBLEM).first).to_be_visible()
        found[tab.inner_text()] = violations(page, look)
        page.keyboard.press("Escape")
    assert {state: each for state, each in found.items() if each} == {}
