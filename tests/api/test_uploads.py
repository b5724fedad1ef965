"""Whose uploads take how much of the disk."""

from __future__ import annotations

import shutil
from collections import namedtuple
from http import HTTPStatus
from pathlib import Path

import pytest

from vidtext.api.uploads import Uploads
from vidtext.settings import Settings

MB = 1_000_000
Disk = namedtuple("Disk", ["total", "used", "free"])  # noqa: PYI024  as shutil has it
SETTINGS = Settings().override(
    server__min_free_disk_bytes=100 * MB,
    page__unclaimed_bytes_per_client=1000 * MB,
    page__unclaimed_uploads_per_client=3,
)


@pytest.fixture(autouse=True)
def disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The free bytes of the disk."""
    free = [500 * MB]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**12, 0, free[0]))
    return free


def stored(uploads: Uploads, folder: Path, client: str, nbytes: int = 0, *, claimed: bool = False) -> Path:
    place = folder / f"{len(list(folder.iterdir()))}"
    place.mkdir()
    file = place / "a.mp4"
    with file.open("wb") as target:
        target.truncate(nbytes)
    uploads.stored(client, [file], claimed=claimed)
    return file


def refused(uploads: Uploads, client: str, nbytes: int = 0) -> HTTPStatus | None:
    problem = uploads.refusal(client, nbytes, SETTINGS)
    return problem and problem.status


def test_one_client_does_not_fill_the_disk_for_others(tmp_path: Path, disk: list[int]) -> None:
    uploads = Uploads()
    taken = 0
    while refused(uploads, "a", 10 * MB) is None:
        uploads.stored("a", [stored(uploads, tmp_path, "a", 10 * MB, claimed=True)], claimed=True)
        taken += 10 * MB
        disk[0] -= 10 * MB
    assert refused(uploads, "a", 10 * MB) == HTTPStatus.INSUFFICIENT_STORAGE
    assert taken == pytest.approx(300 * MB, abs=10 * MB)  # three quarters of the 400 MB that may be used
    assert refused(uploads, "b", 50 * MB) is None


def test_nobody_takes_what_must_stay_free(disk: list[int]) -> None:
    assert refused(Uploads(), "a", 401 * MB) == HTTPStatus.INSUFFICIENT_STORAGE
    disk[0] = 99 * MB
    assert refused(Uploads(), "a") == HTTPStatus.INSUFFICIENT_STORAGE


def test_unclaimed_uploads_have_a_number(tmp_path: Path) -> None:
    uploads = Uploads()
    files = [stored(uploads, tmp_path, "a") for _ in range(3)]
    assert refused(uploads, "a") == HTTPStatus.TOO_MANY_REQUESTS
    assert refused(uploads, "b") is None
    uploads.claim(files[0])
    assert refused(uploads, "a") is None
    stored(uploads, tmp_path, "a")
    assert refused(uploads, "a") == HTTPStatus.TOO_MANY_REQUESTS
    shutil.rmtree(files[1].parent)
    assert refused(uploads, "a") is None


def test_what_comes_counts_until_it_is_stored(disk: list[int]) -> None:
    disk[0] = 10**12
    uploads = Uploads()
    uploads.coming("a", 900 * MB)
    assert refused(uploads, "a", 200 * MB) == HTTPStatus.TOO_MANY_REQUESTS
    assert refused(uploads, "b", 200 * MB) is None
    uploads.coming("a", -900 * MB)
    assert refused(uploads, "a", 200 * MB) is None
