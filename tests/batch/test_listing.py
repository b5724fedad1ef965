from __future__ import annotations

import errno
import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidtext.batch.items import as_json
from vidtext.batch.listing import Wish, key, named, read_wishes
from vidtext.errors import OptionError, SourceRefusedError
from vidtext.media.source.inputs import open_source
from vidtext.settings import Settings
from vidtext.tasks.options import CaptionOptions, ChapterOptions, QuestionOptions
from vidtext.text.names import tail_of

TASKS = {"caption": CaptionOptions("m", 5.0)}


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


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.mp4", ["[x]/e.mp4", "a.mp4", "in/b.mp4", "in/deep/c.mp4"]),
        ("in/**", ["in/b.mp4", "in/deep/c.mp4"]),
        ("**/**/deep/*", ["in/deep/c.mp4"]),
        ("**/in/**/*.mp4", ["in/b.mp4", "in/deep/c.mp4"]),
        ("**.mp4", ["a.mp4"]),
        ("**/.hidden/*", [".hidden/d.mp4"]),
        ("[[]x]/**/*.mp4", ["[x]/e.mp4"]),
        ("self/in/*.mp4", ["self/in/b.mp4"]),
    ],
)
def test_patterns_find_each_video_once_and_never_go_round_in_circles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, found: list[str]
) -> None:
    """A link leads back to the top: followed, it finds each video forty times before the system calls it a loop."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "in/b.mp4", "in/deep/c.mp4", ".hidden/d.mp4", "[x]/e.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "self").symlink_to(tmp_path)

    assert sources(pattern) == found
    assert sources(f"{tmp_path}/{pattern}") == [f"{tmp_path}/{each}" for each in found]


@pytest.mark.usefixtures("folder")
def test_a_video_is_taken_once_however_its_path_is_written(folder: Path) -> None:
    (folder / "link.mp4").symlink_to("in/a.mp4")
    (folder / "there").symlink_to("in")
    given = ["in/a.mp4", "./in/a.mp4", "in/../in/a.mp4", str(folder / "in/a.mp4"), "link.mp4", "there/*.mp4", "in"]
    assert sources(*given) == ["in/a.mp4"]


@pytest.mark.usefixtures("folder")
def test_a_video_with_other_tasks_is_other_work(folder: Path) -> None:
    (folder / "list.jsonl").write_text('{"source": "a.mkv"}\n{"source": "./a.mkv", "chapters": {}}\n')
    assert sources("list.jsonl") == ["a.mkv", "./a.mkv"]


def test_a_pattern_ends_when_it_has_found_more_than_is_allowed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(_pattern: str) -> Iterator[str]:
        for number in range(1000):
            (folder / f"{number}.mp4").touch()
            yield f"{number}.mp4"

    monkeypatch.setattr("glob.iglob", endless)
    with pytest.raises(OptionError, match="more than 3 videos"):
        sources("*.mp4", settings=Settings().override(batch__max_items=3))
    assert not (folder / "5.mp4").exists()


def closed(monkeypatch: pytest.MonkeyPatch, place: str, *, listing: bool) -> None:
    """Let nobody look at what is in a folder, nor, unless `listing`, see its names: what `chmod` does, but to root."""
    scandir, listdir, stat = os.scandir, os.listdir, os.stat

    def refuse(path: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def within(path: object) -> bool:
        return not isinstance(path, int) and place in Path(os.fspath(path)).parent.parts  # type: ignore[call-overload]  # of paths, and of what no path is

    def see(real: Any) -> Any:
        return lambda path=".": refuse(path) if not listing and Path(path).name == place else real(path)

    monkeypatch.setattr(os, "scandir", see(scandir))
    monkeypatch.setattr(os, "listdir", see(listdir))
    monkeypatch.setattr(os, "stat", lambda path, **how: refuse(path) if within(path) else stat(path, **how))


@pytest.mark.parametrize("listing", [True, False])
def test_a_folder_that_may_not_be_read_is_told_and_left_out_of_patterns(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    listing: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    (folder / "z.mp4").touch()
    closed(monkeypatch, "in", listing=listing)

    with pytest.raises(OptionError, match=r"^in(/a\.mp4)? cannot be read: Permission denied\. Change"):
        sources("in")
    assert sources("**/*.*") == sources("*") == ["a.mkv", "b.MP4", "z.mp4"]
    for pattern in ("in/*.mp4", "in/deep/*.mp4", "in/**/*"):
        with pytest.raises(OptionError, match="There is no video in"):
            sources(pattern)


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
        {"caption": CaptionOptions("m", 5.0, stop_seconds=9), "chapters": ChapterOptions()},
        {"chat": QuestionOptions(frames=8, questions=("Why?",))},
    ]
    assert wishes[2].source == "line\u2028end.mp4"


def test_lone_surrogates_in_a_list_become_text_and_those_of_file_names_stay(folder: Path) -> None:
    name = b"caf\xe9.mp4"  # as Latin-1 systems wrote it
    Path(os.fsdecode(name)).touch()
    asked = {"questions": ["\ud83d?", "\ud83d\ude00"], "system_prompt": "\ude00"}
    (folder / "list.jsonl").write_text(json.dumps({"source": "caf\udce9.mp4", "chat": asked}), "ascii")

    (wish,) = read_wishes(["list.jsonl"], TASKS, Settings())

    assert os.fsencode(wish.source) == name
    assert wish.tasks == {"chat": QuestionOptions(system_prompt="\ufffd", questions=("\ufffd?", "😀"))}


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
        ('{"source": "a", "caption": {"every_seconds": %s}}' % ("9" * 400), "every_seconds is 999"),
        ('{"source": "a", "chat": {"questions": ["Why?"], "temperature": -%s}}' % ("9" * 400), "temperature is -999"),
        ('{"source": "a", "summary": {"length": ["long"]}}', 'length is ["long"]; it must be one of short, medium'),
        ('{"source": "a", "caption": {"model": null}}', "model is null; it must be a text"),
        ('{"source": "a", "chat": {}}', "chat: questions is []; it must be a list of texts"),
        ('{"source": "a", "chat": {"questions": ["", 1]}}', 'chat: questions is ["", 1]; it must be a list of texts'),
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
        ("**/*", Settings().override(batch__max_items=3), "more than 3 videos"),
        ("list.txt", Settings().override(batch__max_list_bytes=3), "has more than 3 bytes"),
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
    given = ["x-chapters.mp4", "x.mp4", "y.mp4", "Y-SUMMARY.mp4", "https://example.com/..%2f..%2fetc", ".mp4"]
    assert names(*given, tmp_path=tmp_path) == ["x-chapters", "x-2", "y", "Y-SUMMARY-2", "etc", "video"]


def test_names_in_two_normalizations_are_one_name(tmp_path: Path) -> None:
    composed, decomposed = "\u00dcber", "U\u0308ber"
    assert names(f"a/{composed}.mp4", f"b/{decomposed}.mp4", tmp_path=tmp_path) == [composed, f"{decomposed}-2"]


@pytest.mark.parametrize("address", ["http://[::1/clip.mp4", "https://[x]/clip.mp4", "ftp://]/"])
def test_an_address_that_is_none_is_a_video_that_fails_by_itself(tmp_path: Path, address: str) -> None:
    assert names(address, "a.mp4", tmp_path=tmp_path) == ["video", "a"]
    with pytest.raises(SourceRefusedError), open_source(address):
        pass


def test_names_that_look_like_numbered_ones_stay_unique(tmp_path: Path) -> None:
    given = [f"{number}/{name}.mp4" for name in ("v", "v-2", "V", "v-2-2", "v-3") for number in range(3)]
    assert names(*given, tmp_path=tmp_path) == [
        *("v", "v-2", "v-3"),
        *("v-2-2", "v-2-3", "v-2-4"),
        *("V-4", "V-5", "V-6"),
        *("v-2-2-2", "v-2-2-3", "v-2-2-4"),
        *("v-3-2", "v-3-3", "v-3-4"),
    ]


def test_equal_names_are_given_in_time_that_grows_with_their_number() -> None:
    """Trying all numbers from 2 for each of them takes minutes."""
    wishes = [Wish(f"{number}/video.mp4", TASKS) for number in range(20_000)]
    began = time.process_time()
    items = named(wishes, {})
    assert time.process_time() - began < 20
    assert len({item.name for item in items}) == len(wishes)
    assert items[-1].name == "video-20000"


def test_names_of_an_earlier_run_are_kept(tmp_path: Path) -> None:
    known = {key("y/a.mp4", as_json(TASKS)): "a"}
    assert names("x/a.mp4", "y/a.mp4", known=known, tmp_path=tmp_path) == ["a-2", "a"]


def test_every_name_leaves_room_for_what_stands_behind_it(tmp_path: Path) -> None:
    (name,) = names("映" * 83 + ".mp4", tmp_path=tmp_path)
    assert name == "映" * 74
    assert len(f"{name}-{Settings().batch.max_items}{tail_of('chapters', '.txt')}".encode()) <= 255


def test_a_list_may_hold_whole_videos_and_long_addresses(tmp_path: Path) -> None:
    given = ["data:video/mp4;base64," + "A" * 10_000, "https://example.com/" + "a" * 5000 + ".mp4"]
    assert names(*given, tmp_path=tmp_path) == ["video", "a" * 224]


def test_whole_numbers_of_an_earlier_version_are_the_same_work() -> None:
    asked = as_json({"caption": CaptionOptions("m", 5)})
    before = {"caption": asked["caption"] | {"every_seconds": 5}}
    assert key("a.mp4", before) == key("a.mp4", asked)


def test_a_record_from_before_an_option_existed_is_the_same_work() -> None:
    whole = as_json({"caption": CaptionOptions(every_seconds=5.0)})
    before = {"caption": {"model": "auto", "every_seconds": 5}}
    assert key("a.mp4", before) == key("a.mp4", whole)
    assert key("a.mp4", {"caption": {"every_seconds": 6}}) != key("a.mp4", whole)
