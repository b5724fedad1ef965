"""What belongs to one visit of the page, and to nobody else: its video, its running job, its files."""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import gradio as gr  # noqa: TC002  (Gradio reads the annotations of its handlers)
import numpy as np

from vidtext.api.uploads import UPLOADS
from vidtext.errors import SourceRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vidtext.job import Job
    from vidtext.ui.kept import Kept
    from vidtext.ui.videos import LoadedVideo

_log = logging.getLogger(__name__)

_PLACE = "video-"
_UPLOAD = re.compile("[0-9a-f]{64}")
"""The names of the folders of videos: of those that the page fetches, and of those that Gradio stores."""

NOT_UPLOADED = "This file was not uploaded here, or is no longer here. Upload it again."
"""The one answer to a path that is no upload, whatever lies there."""

BATCH = "batch"
"""What the work goes by that is not about the visitor's video."""


@dataclass
class Visitor:
    """One open page.

    Attributes:
        closing: stopped when the server ends; all of a visitor's jobs are within it.
        key: what the visitor's conversation goes by; nobody else knows it.
        video: what its player shows.
        results: what each tab has made, by the tab's name: its `Kept`.
        jobs: what runs for this visitor now, by what it is for: "video" or the name of a tab.
        ended: by purpose, the place among all requests of the one with which the visitor pressed Stop last.
        uploads: by tab, the videos that its form lists.
        places: the folders that hold a video of this visitor, or held one.
        seen_seconds: when this visitor last asked for something, by `time.monotonic`.
    """

    parent: Path
    video: LoadedVideo | None
    closing: Job
    results: dict[str, Kept[Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    uploads: dict[str, frozenset[Path]] = field(default_factory=dict)
    places: set[Path] = field(default_factory=set)
    key: str = field(default_factory=lambda: uuid4().hex)
    seen_seconds: float = field(default_factory=time.monotonic)
    _folder: Path | None = None

    @property
    def folder(self) -> Path:
        """A private folder inside Gradio's cache, so that the player may fetch what lies in it."""
        if self._folder is None or not self._folder.is_dir():
            self.parent.mkdir(parents=True, exist_ok=True)
            self._folder = self.parent / f"visitor-{token_hex(16)}"
            self._folder.mkdir(mode=0o700)
        return self._folder

    def needed(self) -> set[Path]:
        """Return the folders that must stay: its own, its video's, those that a form lists; all while it has work."""
        video = self.video
        files = {path for path in (video.source, video.shown) if path} if video else set()
        files = files.union(*tuple(self.uploads.values()))
        folders = {path.parent for path in files} | ({self._folder} if self._folder else set())
        return folders | self.places if self.jobs else folders

    @property
    def nbytes(self) -> int:
        """How much memory the frames and pictures of its results take."""
        return sum(array_bytes(kept.result) for kept in tuple(self.results.values()))

    def new_place(self) -> Path:
        """Make a folder for a video that comes from elsewhere."""
        place = self.parent / f"{_PLACE}{token_hex(32)}"
        place.mkdir(mode=0o700)
        self.places |= {place}
        return place

    def bring(self, file: Path) -> None:
        """Take an upload on: it goes when the visitor leaves, if not before."""
        UPLOADS.claim(file)
        self.places |= {file.parent}

    def lists(self, tab: str, files: Iterable[Path]) -> None:
        """Note which uploads a tab's form lists."""
        self.uploads[tab] = frozenset(files)
        for file in self.uploads[tab]:
            UPLOADS.claim(file)
        self.places |= {file.parent for file in self.uploads[tab]}

    def forget(self, file: Path) -> None:
        """Delete an upload, with the folder that Gradio made for it."""
        self.places -= {file.parent}
        shutil.rmtree(file.parent, ignore_errors=True)

    def new_folder(self, name: str, *, instead_of: str) -> Path:
        """Make a folder inside the private one, in place of earlier ones whose names begin with `instead_of`."""
        for earlier in self.folder.glob(f"{instead_of}-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        made = self.folder / name
        made.mkdir()
        return made

    @contextmanager
    def at_work(self, purpose: str, job: Job) -> Iterator[None]:
        """Let a new job take the place of the one that runs for the same purpose, and forget it when it has ended."""
        self.stop(purpose)
        self.jobs[purpose] = job
        try:
            yield
        finally:
            self.seen_seconds = time.monotonic()  # the result may have taken longer than anybody is waited for
            if self.jobs.get(purpose) is job:
                del self.jobs[purpose]

    def works_on(self, purpose: str) -> bool:
        """Whether work for this purpose goes on, and was not stopped."""
        job = self.jobs.get(purpose)
        return job is not None and not job.stopped

    def stop(self, purpose: str) -> None:
        """End what runs for this purpose."""
        job = self.jobs.get(purpose)
        if job is not None:
            job.stop()

    def end(self, purpose: str, request: gr.Request) -> None:
        """End what runs for this purpose, and what was asked for before this request but has not begun."""
        self.ended[purpose] = place_of(request)
        self.stop(purpose)

    def was_ended(self, purpose: str, request: gr.Request) -> bool:
        """Whether the visitor has pressed Stop since this request was made."""
        return place_of(request) < self.ended.get(purpose, 0)

    def stop_work(self) -> None:
        """End what runs about the visitor's video, but not the coming of another one."""
        for purpose in self.jobs.keys() - {"video", BATCH}:
            self.stop(purpose)

    def stop_all(self) -> None:
        """End everything that runs for this visitor."""
        for purpose in tuple(self.jobs):
            self.stop(purpose)

    def leave(self) -> None:
        """End everything, and delete all files."""
        self.stop_all()
        for place in self.places | ({self._folder} if self._folder else set()):
            shutil.rmtree(place, ignore_errors=True)


class Visitors:
    """The open pages, found by the session that Gradio gives each browser tab."""

    def __init__(
        self,
        cache_folder: Path,
        first_video: LoadedVideo,
        forget: Callable[[str], None],
        *,
        keep_seconds: float,
        keep_unclaimed_seconds: float,
        most: int,
        most_bytes: int,
        closing: Job,
    ) -> None:
        """Begin without visitors.

        Args:
            cache_folder: where Gradio keeps files.
            first_video: what a visit starts with.
            forget: is told the key of each who leaves.
            keep_seconds: how long what a visitor has is kept who asks for nothing.
            keep_unclaimed_seconds: how long a file is kept that no visitor needs.
            most: of how many visitors something is kept; for one more, who has been idle for longest leaves.
            most_bytes: how much memory their results may take; for more, those leave who have been idle for longest.
            closing: stopped when the server ends.
        """
        self._cache_folder = cache_folder
        self._keep_seconds, self._closing = keep_seconds, closing
        self._keep_unclaimed_seconds, self._most, self._most_bytes = keep_unclaimed_seconds, most, most_bytes
        self._first_video = first_video
        self._forget = forget
        self._visitors: dict[str, Visitor] = {}
        self._strays: dict[tuple[Path, int], float] = {}
        self._page_files: set[Path] = set()
        self._claims: list[Path] = []
        self._lock = threading.Lock()

    def of(self, request: gr.Request) -> Visitor:
        """Return the visitor whose request this is."""
        session, gone = request.session_hash or "", None
        with self._lock:
            if session not in self._visitors and len(self._visitors) >= self._most:
                idle = [name for name, visitor in self._visitors.items() if not visitor.jobs]
                longest = min(idle, key=lambda name: self._visitors[name].seen_seconds, default=None)
                gone = self._visitors.pop(longest) if longest is not None else None
            new = Visitor(self._cache_folder, self._first_video, self._closing)
            visitor = self._visitors.setdefault(session, new)
            visitor.seen_seconds = time.monotonic()
        if gone is not None:
            self._see_off(gone)
        return visitor

    def leave(self, request: gr.Request) -> None:
        """End the work of a visitor whose tab was closed, and delete their files."""
        with self._lock:
            visitor = self._visitors.pop(request.session_hash or "", None)
        if visitor is not None:
            self._see_off(visitor)

    def uploaded(self, path: str) -> Path:
        """Return the file of an upload: it has a folder to itself, whose name nobody can guess.

        Raises:
            SourceRefusedError: it is anything else, such as a path that somebody made up, or it is gone.
        """
        file = _real(path)
        place = file.parent
        known = place.parent == _real(self._cache_folder) and _UPLOAD.fullmatch(place.name)
        if not known or place in self._page_files or not file.is_file():
            raise SourceRefusedError(NOT_UPLOADED)
        return file

    @contextmanager
    def claimed(self, file: Path) -> Iterator[None]:
        """Keep the upload of a program for as long as work with it goes on."""
        UPLOADS.claim(file)
        with self._lock:
            self._claims.append(file.parent)
        try:
            yield
        finally:
            with self._lock:
                self._claims.remove(file.parent)

    def clean(self, now: float) -> None:
        """Let those leave who asked for nothing for long, or hold too much, and delete files that nobody needs.

        Whoever has work stays.

        Args:
            now: the time by `time.monotonic`: no jump of the computer's clock makes a file old.
        """
        with self._lock:
            gone = [self._visitors.pop(session) for session in self._overdue(now)]
            needed = {folder for visitor in self._visitors.values() for folder in visitor.needed()}
            needed |= {*self._claims, *self._page_files}
        needed = set(map(_real, needed))  # as strays are told: the cache may lie behind a link
        for visitor in gone:
            self._see_off(visitor)
        self._delete_strays(now, needed)

    def _overdue(self, now: float) -> list[str]:
        """Return who has been idle for too long, and who has to make room for the results of others."""
        surplus = sum(visitor.nbytes for visitor in self._visitors.values()) - self._most_bytes
        idle = [(visitor.seen_seconds, name) for name, visitor in self._visitors.items() if not visitor.jobs]
        overdue = []
        for seen_seconds, name in sorted(idle):
            nbytes = self._visitors[name].nbytes
            if now - seen_seconds > self._keep_seconds or (surplus > 0 and nbytes):
                overdue.append(name)
                surplus -= nbytes
        return overdue

    def _delete_strays(self, now: float, needed: set[Path]) -> None:
        """Delete what lay in the cache for long without being needed. A file that grows is a new one at each look."""
        strays: dict[tuple[Path, int], float] = {}
        for left in set(_real(self._cache_folder).iterdir()) - needed:
            with suppress(OSError):
                stray = left, left.stat().st_size
                since = self._strays.get(stray, now)
                if now - since <= self._keep_unclaimed_seconds:
                    strays[stray] = since
                elif left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
        self._strays = strays

    def _see_off(self, visitor: Visitor) -> None:
        visitor.leave()
        self._forget(visitor.key)

    def keep_clean(self, period_seconds: float) -> None:
        """Clean every so often, in a thread, until the server ends. What is there now is the page's own and stays."""
        self._page_files = set(_real(self._cache_folder).iterdir())

        def work() -> None:
            while not self._closing.stopped:
                time.sleep(period_seconds)
                try:
                    self.clean(time.monotonic())
                except Exception:  # noqa: BLE001  a defect, and no reason to leave everything lying from now on
                    _log.exception("The cleaning failed.")

        threading.Thread(target=work, name="vidtext-cleaning", daemon=True).start()


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def array_bytes(value: object) -> int:
    """Return how much memory the arrays take that a value holds in its fields and tuples, at any depth."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value):
        return sum(array_bytes(getattr(value, each.name)) for each in fields(value))
    return sum(map(array_bytes, value)) if isinstance(value, tuple) else 0


def place_of(request: gr.Request) -> int:
    """Return the place of a request among all of its page, as `page.js` counts them: 0 if it does not say."""
    told = request.headers.get("x-vidtext-place", "")[:15]
    return int(told) if told.isdecimal() else 0
