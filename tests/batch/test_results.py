from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.media.full_disk import file_size_limit
from tests.text.test_documents import ENDS
from vidtext.batch.items import Item
from vidtext.batch.results import open_results
from vidtext.batch.work import Document, Outcome, failed
from vidtext.errors import MediaError, OptionError, VidtextError
from vidtext.tasks.options import CaptionOptions

ITEMS = [Item(f"{name}.mp4", {"caption": CaptionOptions()}, name) for name in ("a", "b", "c")]
A, B, C = ITEMS


def done(item: Item, words: str = "words") -> Outcome:
    return Outcome(item, {"caption": {"text": words}}, (Document(".srt", words), Document(".vtt", words)))


def lines(folder: Path) -> list[tuple[str, str]]:
    read = [json.loads(line) for line in (folder / "results.jsonl").read_text("utf-8").splitlines()]
    return [(record["name"], record["status"]) for record in read]


def test_what_is_done_is_skipped_and_what_failed_is_done_again(tmp_path: Path) -> None:
    with open_results(tmp_path, resume=False) as results:
        assert results.begin(ITEMS) == ITEMS
        results.add(done(B))
        results.add(failed(A, MediaError("Broken.")))
    assert json.loads((tmp_path / "results.jsonl").read_text().splitlines()[1])["error"] == {
        "kind": "MediaError",
        "message": "Broken.",
    }
    with open_results(tmp_path, resume=True) as results:
        assert results.begin(ITEMS) == [A, C]
        assert lines(tmp_path) == [("b", "done")]
        results.add(done(C))
        results.add(done(A))
        results.finish(ITEMS)
    assert lines(tmp_path) == [("a", "done"), ("b", "done"), ("c", "done")]


def test_other_options_are_other_work(tmp_path: Path) -> None:
    with open_results(tmp_path, resume=False) as results:
        results.begin([A])
        results.add(done(A))
    other = Item(A.source, {"caption": CaptionOptions(every_seconds=5)}, "a-2")
    with open_results(tmp_path, resume=True) as results:
        assert results.begin([other]) == [other]
        assert lines(tmp_path) == [("a", "done")]


def test_a_line_without_its_end_is_not_read(tmp_path: Path) -> None:
    with open_results(tmp_path, resume=False) as results:
        results.begin(ITEMS)
        results.add(done(A))
        results.add(done(B))
    file = tmp_path / "results.jsonl"
    file.write_bytes(file.read_bytes()[:-5])
    (tmp_path / ".0123456789.part").touch()
    with open_results(tmp_path, resume=True) as results:
        assert results.begin(ITEMS) == [B, C]
        results.add(done(B))
    assert lines(tmp_path) == [("a", "done"), ("b", "done")]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize("where", ["line", "file"])
def test_a_full_disk_leaves_what_was_finished(tmp_path: Path, where: str) -> None:
    with open_results(tmp_path, resume=False) as results:
        results.begin(ITEMS)
        results.add(done(A))
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        size = len(before["results.jsonl"])
        large = done(B, "w" * 10 * size) if where == "file" else done(B)
        with file_size_limit(size + 20), pytest.raises(VidtextError, match="cannot be written"):
            results.add(large)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
        results.add(done(B))
    assert lines(tmp_path) == [("a", "done"), ("b", "done")]


def test_a_lone_surrogate_costs_no_document(tmp_path: Path) -> None:
    with open_results(tmp_path, resume=False) as results:
        results.begin([A])
        results.add(done(A, "a \ud83d b"))
        results.finish([A])
    assert (tmp_path / "a.srt").read_text("utf-8") == "a ? b"
    assert lines(tmp_path) == [("a", "done")]


def test_a_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text('{"name": "a"}\n')
    with pytest.raises(OptionError, match="Add --resume"), open_results(tmp_path, resume=False):
        pass
    with pytest.raises(OptionError, match="Line 1 of .* is not what"), open_results(tmp_path, resume=True):
        pass
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(OptionError, match="files that no batch wrote"), open_results(tmp_path / "other", resume=True):
        pass
    with (
        pytest.raises(OptionError, match="cannot be written into: "),
        open_results(tmp_path / "other" / "mine.txt", resume=True),
    ):
        pass


def test_two_batches_keep_out_of_one_folder(tmp_path: Path) -> None:
    with open_results(tmp_path, resume=False) as results:
        results.begin(ITEMS)
        with pytest.raises(OptionError, match="Another batch is writing"), open_results(tmp_path, resume=True):
            pass
    with open_results(tmp_path, resume=True):
        pass


def test_a_name_that_is_no_utf8_is_kept_and_found_again(tmp_path: Path) -> None:
    item = Item(os.fsdecode(b"/films/caf\xe9.mp4"), {"caption": CaptionOptions()}, "caf_")
    with open_results(tmp_path, resume=False) as results:
        results.add(done(item))
    assert json.loads((tmp_path / "results.jsonl").read_text("utf-8"))["source"] == item.source
    with open_results(tmp_path, resume=True) as results:
        assert results.begin([item]) == []


def test_every_reader_of_lines_finds_one_line_an_item(tmp_path: Path) -> None:
    words = "".join(f"a{end}b" for end in ENDS)
    with open_results(tmp_path, resume=False) as results:
        for item in ITEMS:
            results.add(done(item, words))
    assert lines(tmp_path) == [("a", "done"), ("b", "done"), ("c", "done")]
