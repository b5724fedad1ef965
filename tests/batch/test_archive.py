"""Results of a batch as one ZIP."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from vidtext.batch.archive import write_archive
from vidtext.batch.items import Item
from vidtext.batch.work import Document, Outcome, failed
from vidtext.errors import MediaError
from vidtext.tasks.options import CaptionOptions

A, B = (Item(f"{name}.mp4", {"caption": CaptionOptions()}, name) for name in "ab")


def test_it_holds_what_a_folder_would_and_a_lone_surrogate_costs_no_document(tmp_path: Path) -> None:
    words = "映 \ud83d."
    write_archive(
        [Outcome(A, {"caption": words}, (Document(".srt", words),)), failed(B, MediaError("Broken."))],
        tmp_path / "a.zip",
    )

    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["results.jsonl", "a.srt"]
        assert archive.read("a.srt").decode("utf-8") == "映 ?."
        first, second = (json.loads(line) for line in archive.read("results.jsonl").splitlines())
    assert first["caption"] == words  # as an escape, which JSON has for it
    assert second["error"]["message"] == "Broken."
