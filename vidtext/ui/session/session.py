"""One visit of the page: its video, its work, its results, its files."""

from __future__ import annotations

import shutil
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vidtext.api.uploads import UPLOADS
from vidtext.ui.session.results import Subject
from vidtext.ui.session.sizes import memory_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import gradio as gr

    from vidtext.job import Job
    from vidtext.ui.session.results import Kept
    from vidtext.ui.video.videos import LoadedVideo

_PLACE = "video-"

BATCH = "batch"
"""What the work goes by that is not about the visitor's video."""

LOADING = "video"
"""What the coming of another video goes by."""

_MOST_SESSIONS = 8
"""How many of Gradio's sessions of one visit are remembered: each reload of the tab begins another one."""

_MOST_EARLIER = 16
"""How many videos before are remembered, so that a click that was about one of them is told so."""


@dataclass
class Visitor:
    """One open page.

    Attributes:
        closing: stopped when the server ends; all of a visitor's jobs are within it.
        key: what the visitor's conversation goes by; nobody else knows it.
        video: what its player shows.
        earlier: the keys of the videos before.
        results: what each tab has made, by the tab's name: its `Kept`.
        runs: the newest work of each tab, by the tab's name: its `Run`.
        cleared: the tabs whose results went with the video before.
        forms: what each tab's form held when its work was begun last, by the tab's name.
        unfilled: the tabs whose form a page that was loaded again has not got back yet.
        strip: the frames that a model saw last, and what is left out of them, as HTML.
        made: the newest files that were made of results, by what they are: `Made`.
        jobs: what runs for this visitor now, by what it is for: "video" or the name of a tab.
        ended: by purpose, the session in which the visitor pressed Stop last, and the place of that among its requests.
        uploads: by tab, the videos that its form lists.
        changing: held while a result is changed by hand.
        places: the folders that hold a video of this visitor, or held one.
        sessions: Gradio's sessions of this visit that go on.
        said_goodbye: whether the page told that it goes, rather than the connection breaking.
        seen_seconds: when this visitor last asked for something, by `time.monotonic`.
        left_seconds: when the last session ended, by the same clock.
    """

    parent: Path
    video: LoadedVideo | None
    closing: Job
    earlier: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_EARLIER))
    results: dict[str, Kept[Any]] = field(default_factory=dict)
    runs: dict[str, Any] = field(default_factory=dict)
    cleared: set[str] = field(default_factory=set)
    forms: dict[str, dict[Any, Any]] = field(default_factory=dict)
    unfilled: set[str] = field(default_factory=set)
    strip: tuple[str, str] = ("", "")
    made: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    ended: dict[str, tuple[str, int]] = field(default_factory=dict)
    uploads: dict[str, frozenset[Path]] = field(default_factory=dict)
    changing: threading.Lock = field(default_factory=threading.Lock)
    places: set[Path] = field(default_factory=set)
    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_SESSIONS))
    said_goodbye: bool = False
    key: str = field(default_factory=lambda: uuid4().hex)
    seen_seconds: float = field(default_factory=time.monotonic)
    left_seconds: float = field(default_factory=time.monotonic)
    _past: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_SESSIONS))
    _folder: Path | None = None

    @property
    def folder(self) -> Path:
        """A private folder inside Gradio's cache, so that the player may fetch what lies in it."""
        if self._folder is None or not self._folder.is_dir():
            self.parent.mkdir(parents=True, exist_ok=True)
            self._folder = self.parent / f"visitor-{token_hex(16)}"
            self._folder.mkdir(mode=0o700)
        return self._folder

    @property
    def subject(self) -> Subject:
        """What the player shows, as what work is about; its key is "" where it shows nothing."""
        return Subject(self.video.name, self.video.key) if self.video else Subject("")

    def is_about(self, subject: Subject) -> bool:
        """Whether a result may be shown now: it is about the video in the player, or about none."""
        return not subject.key or subject.key == self.subject.key

    def show(self, video: LoadedVideo | None) -> None:
        """Let another video take the place of the one before, whose work ends and whose results go with it."""
        if self.video is None:
            self.cleared = set()
        else:
            self.earlier.append(self.video.key)
        self.video = video
        self.stop_work()
        self.cleared = {name for name, kept in self.results.items() if not self.is_about(kept.subject)} | self.cleared
        for name in self.cleared:
            self.results.pop(name, None)
            self.runs.pop(name, None)
        self.made = {name: made for name, made in self.made.items() if self.is_about(made.subject)}
        self.strip = "", ""

    def came(self, session: str) -> None:
        """Note that a session of this visit asks for something."""
        self.seen_seconds = time.monotonic()
        if session not in self._past:
            self.said_goodbye = False
            if session not in self.sessions:
                self.sessions.append(session)

    def went(self, session: str, *, said_goodbye: bool) -> None:
        """Note that a session has ended. Whether it said so is noted also when that is heard second."""
        if said_goodbye:
            self._past.append(session)
        if session in self.sessions:
            self.sessions.remove(session)
            self.left_seconds = time.monotonic()
        self.said_goodbye |= said_goodbye and not self.sessions

    def needed(self) -> set[Path]:
        """Return the folders that must stay: its own, its video's, those that a form lists; all while it has work."""
        video = self.video
        files = {video.source, video.shown} if video else set()
        files = files.union(*tuple(self.uploads.values()))
        folders = {path.parent for path in files} | ({self._folder} if self._folder else set())
        return folders | self.places if self.jobs else folders

    @property
    def nbytes(self) -> int:
        """How much memory the frames, pictures and texts of its results and forms take."""
        return memory_bytes((tuple(self.results.values()), tuple(self.forms.values())))

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
        self.ended[purpose] = request.session_hash or "", place_of(request)
        self.stop(purpose)

    def was_ended(self, purpose: str, request: gr.Request) -> bool:
        """Whether the visitor has pressed Stop since this request was made."""
        session, place = self.ended.get(purpose, ("", 0))
        return session == (request.session_hash or "") and place_of(request) < place

    def stop_work(self) -> None:
        """End what runs about the visitor's video, but not the coming of another one."""
        for purpose in self.jobs.keys() - {LOADING, BATCH}:
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


def place_of(request: gr.Request) -> int:
    """Return the place of a request among all of its page, as `page.js` counts them: 0 if it does not say."""
    told = request.headers.get("x-vidtext-place", "")[:15]
    return int(told) if told.isdecimal() else 0
