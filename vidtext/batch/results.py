"""The folder that a batch writes into: `results.jsonl`, a line an item, and the files about each item.

An item's line is written after its files, in one go, so that a line stands for files that are whole. Whatever ends a
batch, SIGKILL too, leaves the lines of what was finished and at most a last line without its end, which is not read.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from vidtext.batch.items import as_json
from vidtext.batch.listing import key
from vidtext.batch.work import DONE
from vidtext.errors import OptionError, VidtextError
from vidtext.media.write.atomic_write import whole_file
from vidtext.text.documents import json_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from vidtext.batch.items import Item
    from vidtext.batch.work import Outcome

RESULTS = "results.jsonl"
_LOCK = ".vidtext-batch.lock"


@contextmanager
def open_results(folder: Path, *, resume: bool) -> Iterator[Results]:
    """Open the folder of a batch, and keep every other batch out of it.

    Args:
        folder: is made if it is not there. Without `resume` it must be empty, so that nothing is lost.
        resume: go on with the batch that wrote into it, if one did.

    Raises:
        OptionError: it is not such a folder, it may not be written, or another batch is writing into it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise OptionError(f"Another batch is writing into {folder}. Wait for its end or choose another one.") from None
    except OSError as error:
        raise OptionError(f"{folder} cannot be written into: {error.strerror}. Choose another folder.") from None
    with lock:
        _check(folder, resume=resume)
        yield Results(folder)


def _check(folder: Path, *, resume: bool) -> None:
    there = {path.name for path in folder.iterdir()} - {_LOCK}
    if not there:
        return
    if RESULTS not in there:
        raise OptionError(f"{folder} has files that no batch wrote. Choose an empty folder or a new one.")
    if not resume:
        raise OptionError(
            f"{folder} has the results of a batch. Add --resume to go on with it, or choose another folder."
        )


@dataclass(frozen=True)
class _Line:
    """Where an item's line is in the file, in bytes with its end, and what stands in it."""

    start: int
    length: int
    name: str
    status: str


class Results:
    """An open folder of a batch. Of the results, only where they are is kept in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder, folder / RESULTS
        for part in folder.glob(".*.part"):  # of a run that was killed
            part.unlink()
        self._lines = dict(self._read())

    @property
    def names(self) -> dict[str, str]:
        """The names that items of an earlier run have, by `key`."""
        return {each: line.name for each, line in self._lines.items()}

    def begin(self, items: Sequence[Item]) -> list[Item]:
        """Make ready for items, and return those that are still to be done: not done before, or failed.

        Raises:
            VidtextError: the folder cannot be written.
        """
        done = {each for each, line in self._lines.items() if line.status == DONE}
        left = [item for item in items if _key(item) not in done]
        again = {_key(item) for item in left}
        self._rewrite([each for each in self._lines if each not in again])
        return left

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome: its files first, then its line.

        Raises:
            VidtextError: they cannot be written; nothing of this outcome is there then.
        """
        targets = [self._folder / f"{outcome.item.name}{document.suffix}" for document in outcome.documents]
        try:
            for target, document in zip(targets, outcome.documents, strict=True):
                with whole_file(target) as part:
                    part.write_bytes(document.text.encode(errors="replace"))
            self._append(outcome)
        except VidtextError:
            for target in targets:
                target.unlink(missing_ok=True)
            raise

    def finish(self, items: Sequence[Item]) -> None:
        """Put the lines into the order of the items, whatever the order was in which they were done.

        Raises:
            VidtextError: the file cannot be written; the lines stay as they are then.
        """
        places = {_key(item): place for place, item in enumerate(items)}
        self._rewrite(sorted(self._lines, key=lambda each: places.get(each, -1)))

    def _read(self) -> Iterator[tuple[str, _Line]]:
        if not self._file.exists():
            return
        start = 0
        with self._file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return  # its writer was killed
                try:
                    record = json.loads(line)
                    where = key(record["source"], record["asked"])
                    yield where, _Line(start, len(line), record["name"], record["status"])
                except (ValueError, KeyError, TypeError):
                    raise OptionError(
                        f"Line {number} of {self._file} is not what a batch writes. Mend it or choose another folder."
                    ) from None
                start += len(line)

    def _append(self, outcome: Outcome) -> None:
        line = line_of(outcome).encode()
        try:
            with self._file.open("ab", buffering=0) as file:
                start = file.tell()
                try:
                    written = 0
                    while written < len(line):
                        written += file.write(line[written:])
                except OSError:
                    file.truncate(start)
                    raise
        except OSError as error:
            raise VidtextError(f"{self._file} cannot be written: {error.strerror}. Make room and resume.") from None
        status = outcome.record["status"]
        self._lines[_key(outcome.item)] = _Line(start, len(line), outcome.item.name, status)

    def _rewrite(self, keys: Sequence[str]) -> None:
        """Write the file anew, with these lines in this order."""
        moved: dict[str, _Line] = {}
        start = 0
        self._file.touch()
        with whole_file(self._file) as part, self._file.open("rb") as before, part.open("wb") as after:
            for each in keys:
                line = self._lines[each]
                before.seek(line.start)
                after.write(before.read(line.length))
                moved[each] = replace(line, start=start)
                start += line.length
        self._lines = moved


def line_of(outcome: Outcome) -> str:
    """Return an outcome as a line of JSONL, with its end."""
    return json_line(outcome.record) + "\n"


def _key(item: Item) -> str:
    return key(str(item.source), as_json(item.tasks))
