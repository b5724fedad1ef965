"""All visits of the page, and the files of those that are over."""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr  # noqa: TC002  (Gradio reads the annotations of its handlers)

from vidtext.api.uploads import UPLOADS
from vidtext.errors import SourceRefusedError
from vidtext.ui.session.session import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vidtext.job import Job
    from vidtext.ui.video.videos import LoadedVideo

_log = logging.getLogger(__name__)

_UPLOAD = re.compile("[0-9a-f]{64}")
"""The names of the folders of videos: of those that the page fetches, and of those that Gradio stores."""

NOT_UPLOADED = "This file was not uploaded here, or is no longer here. Upload it again."
"""The one answer to a path that is no upload, whatever lies there."""

_TOKEN = re.compile("[0-9a-f]{32}")
"""What `page.js` makes up for its visit: 128 bits that nobody can guess."""

_LOOK_UP_SECONDS = 1.0
"""How soon it is noticed that a visit is over."""


class Visitors:
    """The visits, found by the token that each browser tab makes up, or by Gradio's session where it sends none.

    A visit ends some time after its tab said that it goes, so that one that is only loaded again finds everything; some
    longer time after its connection broke; or when nothing was asked for in a still longer time.
    """

    def __init__(
        self,
        cache_folder: Path,
        first_video: LoadedVideo,
        forget: Callable[[str], None],
        *,
        grace_seconds: float,
        lost_seconds: float,
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
            grace_seconds: how long a visit is kept whose tab was closed, or is being loaded again.
            lost_seconds: how long a visit is kept whose connection broke.
            keep_seconds: how long what a visitor has is kept who asks for nothing.
            keep_unclaimed_seconds: how long a file is kept that no visitor needs.
            most: of how many visitors something is kept; for one more, who has been idle for longest leaves.
            most_bytes: how much memory their results may take; for more, those leave who have been idle for longest.
            closing: stopped when the server ends.
        """
        self._cache_folder = cache_folder
        self._grace_seconds, self._lost_seconds, self._keep_seconds = grace_seconds, lost_seconds, keep_seconds
        self._closing = closing
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
        name, gone = name_of(request), None
        with self._lock:
            if name not in self._visitors and len(self._visitors) >= self._most:
                idle = [each for each, visitor in self._visitors.items() if not visitor.jobs]
                longest = min(idle, key=lambda each: self._visitors[each].seen_seconds, default=None)
                gone = self._visitors.pop(longest) if longest is not None else None
            new = Visitor(self._cache_folder, self._first_video, self._closing)
            visitor = self._visitors.setdefault(name, new)
            visitor.came(request.session_hash or "")
        if gone is not None:
            self._see_off(gone)
        return visitor

    def known(self, request: gr.Request) -> Visitor | None:
        """Return the visitor whose request this is, if there has been one before."""
        with self._lock:
            visitor = self._visitors.get(name_of(request))
            if visitor is not None:
                visitor.came(request.session_hash or "")
        return visitor

    def leave(self, request: gr.Request) -> None:
        """Note that the connection of a session has ended. Its request has no token."""
        session = request.session_hash or ""
        with self._lock:
            for visitor in self._visitors.values():
                if session in visitor.sessions:
                    visitor.went(session, said_goodbye=False)

    def goodbye(self, request: gr.Request) -> None:
        """Note that a tab is being closed, or loaded again."""
        with self._lock:
            visitor = self._visitors.get(name_of(request))
            if visitor is not None:
                visitor.went(request.session_hash or "", said_goodbye=True)

    def see_off_left(self, now: float) -> None:
        """End the visits whose tabs were closed, or whose connections broke, and did not come back in time."""
        with self._lock:
            left = [name for name, visitor in self._visitors.items() if self._has_left(visitor, now)]
            gone = [self._visitors.pop(name) for name in left]
        for visitor in gone:
            self._see_off(visitor)

    def _has_left(self, visitor: Visitor, now: float) -> bool:
        waited_for = self._grace_seconds if visitor.said_goodbye else self._lost_seconds
        return not visitor.sessions and now - visitor.left_seconds > waited_for

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
            cleaned = time.monotonic()
            while not self._closing.stopped:
                time.sleep(min(period_seconds, _LOOK_UP_SECONDS))
                try:
                    self.see_off_left(now := time.monotonic())
                    if now - cleaned >= period_seconds:
                        cleaned = now
                        self.clean(now)
                except Exception:  # noqa: BLE001  a defect, and no reason to leave everything lying from now on
                    _log.exception("The cleaning failed.")

        threading.Thread(target=work, name="vidtext-cleaning", daemon=True).start()


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))


def name_of(request: gr.Request) -> str:
    """Return what a visit goes by: the token that its page made up, else Gradio's session."""
    token = request.headers.get("x-vidtext-visit", "")
    return token if _TOKEN.fullmatch(token) else f"session {request.session_hash}"
