from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from vidtext.batch.items import Questions, Tasks
from vidtext.batch.listing import key, named, read_wishes
from vidtext.errors import OptionError
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionOptions
from vidtext.tasks.chapters import ChapterOptions
from vidtext.tasks.chat import ChatOptions

TASKS = Tasks(caption=CaptionOptions("m", 5.0))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with four videos, two of them deeper, and a text."""
    monkeypatch.chdir(tmp_path)
    for name in ("b.MP4", "a.mkv", "notes.txt", "in/a.mp4", "in/deep/c.webm"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def sources(*given: str, settings: Settings | None = None) -> list[str]:
    return [wish.source for wish in read_wishes(given, TASKS, settings or Settings())]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["."], ["a.mkv", "b.MP4"]),
        (["in"], ["in/a.mp4"]),
        (["**/*.*"], ["a.mkv", "b.MP4", "in/a.mp4", "in/deep/c.webm"]),
        (["in/a.mp4", "in", "https://example.com/x.mp4"], ["in/a.mp4", "https://example.com/x.mp4"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_folders_patterns_and_sources(given: list[str], found: list[str]) -> None:
    assert sources(*given) == found


def test_a_list_has_a_source_a_line(folder: Path) -> None:
    (folder / "list.txt").write_text("\ufeff# mine\n\n in/a.mp4 \r\nmissing.mp4\n", "utf-8")
    assert sources("list.txt") == ["in/a.mp4", "missing.mp4"]


def test_lines_of_jsonl_have_tasks_and_options_of_their_own(folder: Path) -> None:
    lines = [
        {"source": "a.mkv"},
        {"source": "b.MP4", "caption": {"stop_seconds": 9}, "chapters": {"count": None}},
        {"source": "line\u2028end.mp4", "chat": {"questions": ["Why?"], "frames": 8}},
    ]
    (folder / "list.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")

    wishes = read_wishes(["list.jsonl"], TASKS, Settings())

    assert [wish.tasks for wish in wishes] == [
        TASKS,
        Tasks(caption=CaptionOptions("m", 5.0, stop_seconds=9), chapters=ChapterOptions()),
        Tasks(chat=Questions(ChatOptions(frames=8), ("Why?",))),
    ]
    assert wishes[2].source == "line\u2028end.mp4"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1 of list.jsonl is not JSON"),
        ('{"source": ""}', "line 1 of list.jsonl has no source"),
        ('{"source": "a", "sing": {}}', "'sing' is not known. Besides source, it may have caption, chapters,"),
        ('{"source": "a", "caption": true}', "caption is True; give its options"),
        ('{"source": "a", "caption": {"count": 3}}', "caption: 'count' is not an option. The options are model,"),
        ('{"source": "a", "chapters": {"count": 2.5}}', "count is 2.5; it must be a whole number"),
        ('{"source": "a", "caption": {"every_seconds": NaN}}', "every_seconds is NaN; it must be a number"),
        ('{"source": "a", "caption": {"every_seconds": true}}', "every_seconds is true; it must be a number"),
        ('{"source": "a", "summary": {"length": ["long"]}}', 'length is ["long"]; it must be one of short, medium'),
        ('{"source": "a", "caption": {"model": null}}', "model is null; it must be a text"),
        ('{"source": "a", "chat": {}}', 'chat: give "questions" as a list of texts'),
        ('{"source": "a", "chat": {"questions": ["", 1]}}', 'chat: give "questions" as a list of texts'),
    ],
)
def test_a_line_that_is_not_understood_is_explained(folder: Path, line: str, said: str) -> None:
    (folder / "list.jsonl").write_text(line if line == "{" else f"{line}\n")
    with pytest.raises(OptionError) as caught:
        sources("list.jsonl")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("given", "settings", "said"),
    [
        ("nowhere.mp4", Settings(), "There is no file or folder 'nowhere.mp4'"),
        ("in/deep/*.mp4", Settings(), "There is no video in in/deep/*.mp4"),
        ("**/*", replace(Settings(), max_batch_items=3), "more than 3 videos"),
        ("list.txt", replace(Settings(), max_batch_list_bytes=3), "has more than 3 bytes"),
        ("bytes.txt", Settings(), "is not UTF-8 text"),
    ],
)
def test_what_gives_no_batch_is_explained(folder: Path, given: str, settings: Settings, said: str) -> None:
    (folder / "list.txt").write_text("a.mkv\n")
    (folder / "bytes.txt").write_bytes(b"a\xff.mkv\n")
    with pytest.raises(OptionError) as caught:
        sources(given, settings=settings)
    assert said in str(caught.value)


def test_standard_input_is_a_list(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.mkv\nin/a.mp4")))
    assert sources("-") == ["a.mkv", "in/a.mp4"]


def names(*given: str, known: dict[str, str] | None = None, tmp_path: Path) -> list[str]:
    (tmp_path / "names.txt").write_text("\n".join(given))
    wishes = read_wishes([str(tmp_path / "names.txt")], TASKS, Settings())
    return [item.name for item in named(wishes, known or {})]


def test_no_two_names_are_alike_on_any_system(tmp_path: Path) -> None:
    given = ["x/a.mp4", "y/a.mov", "y/A.webm", "https://example.com/d/a%20b.mp4?c=1", "data:video/mp4;base64,AAAA"]
    assert names(*given, tmp_path=tmp_path) == ["a", "a-2", "A-3", "a b", "video"]


def test_no_name_leads_to_the_files_of_another_or_out_of_the_folder(tmp_path: Path) -> None:
    given = ["x.chapters.mp4", "y.SUMMARY.mp4", "https://example.com/..%2f..%2fetc", ".mp4"]
    assert names(*given, tmp_path=tmp_path) == ["x-chapters", "y-SUMMARY", "etc", "video"]


def test_names_of_an_earlier_run_are_kept(tmp_path: Path) -> None:
    known = {key("y/a.mp4", TASKS.as_json()): "a"}
    assert names("x/a.mp4", "y/a.mp4", known=known, tmp_path=tmp_path) == ["a-2", "a"]


def test_every_name_leaves_room_for_what_stands_behind_it(tmp_path: Path) -> None:
    (name,) = names("映" * 83 + ".mp4", tmp_path=tmp_path)
    assert name == "映" * 53
    assert len(f"{name}-12.chapters.ffmetadata".encode()) < 255


def test_a_list_may_hold_whole_videos_and_long_addresses(tmp_path: Path) -> None:
    given = ["data:video/mp4;base64," + "A" * 10_000, "https://example.com/" + "a" * 5000 + ".mp4"]
    assert names(*given, tmp_path=tmp_path) == ["video", "a" * 160]
