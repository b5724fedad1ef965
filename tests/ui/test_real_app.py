from __future__ import annotations

from typing import TYPE_CHECKING

from gradio_client import Client, handle_file
from playwright.sync_api import expect

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.ui.serving import Served


def test_one_click_gives_words_of_the_embedded_model(real: Served, visit: Callable[..., Page]) -> None:
    page = visit(real)
    page.get_by_role("button", name="Caption", exact=True).click()
    expect(page.locator(".vt-actions")).to_be_visible(timeout=60_000)
    words = page.locator(".vt-quotation .vt-text").inner_text().split()
    assert len(words) > 2
    expect(page.locator("#vt-caption-below .vt-facts")).to_contain_text("Embedded model")
    expect(page.locator(".vt-frame")).to_have_count(6)


def test_a_film_falls_into_its_scenes(real: Served, visit: Callable[..., Page]) -> None:
    page = visit(real)
    page.locator(".vt-example", has_text="four scenes").click()
    expect(page.locator("#vt-video-facts")).to_contain_text("four scenes")
    page.get_by_role("tab", name="Chapters").click()
    page.get_by_role("button", name="Find chapters").click()
    expect(page.locator("#vt-chapters-below .vt-actions")).to_be_visible(timeout=60_000)

    times = [time.inner_text() for time in page.locator(".vt-chapters .vt-time").all()]
    assert times == ["0:00–0:05", "0:05–0:10", "0:10–0:15", "0:15–0:20"]
    titles = [title.input_value() for title in page.locator(".vt-chapters input.vt-title").all()]
    things = ("yellow star", "purple square", "orange circle", "blue circle")
    assert [thing in title for thing, title in zip(things, titles, strict=True)] == [True] * 4


def test_a_film_is_summed_up(real: Served, visit: Callable[..., Page]) -> None:
    page = visit(real)
    page.locator(".vt-example", has_text="four scenes").click()
    expect(page.locator("#vt-video-facts")).to_contain_text("four scenes")
    page.get_by_role("tab", name="Summary").click()
    page.get_by_role("button", name="Summarize").click()
    expect(page.locator("#vt-summary-below .vt-actions")).to_be_visible(timeout=60_000)

    words = page.locator(".vt-paragraph").inner_text()
    assert ["star" in words, "square" in words, "triangle" in words] == [True] * 3
    expect(page.locator("#vt-summary-result .vt-thumb img")).to_have_count(4)


def test_a_program_gets_the_same_as_json(real: Served, tmp_path: Path) -> None:
    client = Client(real.address, verbose=False)
    answer = client.predict(
        handle_file(str(numbered_clip(tmp_path / "clip.mp4", 40))), every_seconds=2, api_name="/caption"
    )
    client.close()
    assert answer["model"] == "embedded"
    assert answer["segments"][0]["start_seconds"] == 0
    assert answer["segments"][-1]["stop_seconds"] == 4


def test_a_conversation_is_right_about_its_clip(real: Served, visit: Callable[..., Page]) -> None:
    page = visit(real)
    page.get_by_role("tab", name="Chat").click()
    expect(page.locator(".vt-model")).to_contain_text("Embedded chat model")
    questions = {  # the example: a red circle moves to the right across a dark blue background
        "What moves?": "A red circle.",
        "Which way does it go?": "It moves to the right.",
        "What colour is the background?": "It is dark blue.",
        "Who is the person in this video?": "I cannot tell.",
    }
    for number, question in enumerate(questions, start=1):
        page.get_by_role("textbox", name="Question", exact=True).fill(question)
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator(".vt-turn")).to_have_count(number, timeout=60_000)
        expect(page.locator("#vt-chat-result [data-undo]")).to_be_visible(timeout=60_000)
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(page.locator(".vt-said")).to_have_text(list(questions.values()))
