"""What belongs to one visit of the page, and to nobody else: its video, its running job, its files."""

from __future__ import annotations

import shutil
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import gradio as gr  # noqa: TC002  (Gradio reads the annotations of its handlers)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vidtext.job import Job
    from vidtext.ui.tab_work import Kept
    from vidtext.ui.videos import LoadedVideo

BATCH = "batch"
"""What the work goes by that is not about the visitor's video."""


@dataclass
class Visitor:
    """One open page.

    Attributes:
        key: what the visitor's conversation goes by; nobody else knows it.
        video: what its player shows.
        results: what each tab has made, by the tab's name: its `Kept`.
        jobs: what runs for this visitor now, by what it is for: "video" or the name of a tab.
        uploads: files that Gradio stored for this visitor.
    """

    parent: Path
    video: LoadedVideo | None
    results: dict[str, Kept[Any]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    uploads: set[Path] = field(default_factory=set)
    key: str = field(default_factory=lambda: uuid4().hex)
    _folder: Path | None = None

    @property
    def folder(self) -> Path:
        """A private folder inside Gradio's cache, so that the player may fetch what lies in it."""
        if self._folder is None or not self._folder.is_dir():
            self.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix="visitor-", dir=self.parent))
        return self._folder

    def new_folder(self, name: str, *, instead_of: str) -> Path:
        """Make a folder inside the private one, in place of earlier ones whose names begin with `instead_of`."""
        for earlier in self.folder.glob(f"{instead_of}-*"):
            shutil.rmtree(earlier, ignore_errors=True)
        made = self.folder / name
        made.mkdir()
        return made

    def take_on(self, purpose: str, job: Job) -> None:
        """Let a new job take the place of the one that runs for the same purpose."""
        self.stop(purpose)
        self.jobs[purpose] = job

    def works_on(self, purpose: str) -> bool:
        """Whether work for this purpose goes on, and was not stopped."""
        return purpose in self.jobs and not self.jobs[purpose].stopped

    def done(self, purpose: str, job: Job) -> None:
        """Forget a job that has ended, unless another one has taken its place."""
        if self.jobs.get(purpose) is job:
            del self.jobs[purpose]

    def stop(self, purpose: str) -> None:
        """End what runs for this purpose."""
        if purpose in self.jobs:
            self.jobs[purpose].stop()

    def stop_work(self) -> None:
        """End what runs about the visitor's video, but not the coming of another one."""
        for purpose in self.jobs.keys() - {"video", BATCH}:
            self.stop(purpose)

    def stop_all(self) -> None:
        """End everything that runs for this visitor."""
        for purpose in tuple(self.jobs):
            self.stop(purpose)

    def remove_folder(self) -> None:
        """Delete the private folder with all that is in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


class Visitors:
    """The open pages, found by the session that Gradio gives each browser tab."""

    def __init__(self, cache_folder: Path, first_video: LoadedVideo, forget: Callable[[str], None]) -> None:
        """Begin without visitors; `forget` is told the key of each who leaves."""
        self._cache_folder = cache_folder
        self._first_video = first_video
        self._forget = forget
        self._visitors: dict[str, Visitor] = {}
        self._lock = threading.Lock()

    def of(self, request: gr.Request) -> Visitor:
        """Return the visitor whose request this is."""
        with self._lock:
            return self._visitors.setdefault(request.session_hash or "", Visitor(self._cache_folder, self._first_video))

    def leave(self, request: gr.Request) -> None:
        """End the work of a visitor whose tab was closed, and delete their files."""
        with self._lock:
            visitor = self._visitors.pop(request.session_hash or "", None)
            # Gradio stores equal uploads once, so another visitor may still be looking at the same file.
            wanted = {path for other in self._visitors.values() for path in other.uploads}
        if visitor is None:
            return
        visitor.stop_all()
        visitor.remove_folder()
        self._forget(visitor.key)
        for path in visitor.uploads - wanted:
            forget_upload(path)


def forget_upload(path: Path) -> None:
    """Delete a file that Gradio stored, with the folder that it made for it."""
    shutil.rmtree(path.parent, ignore_errors=True)
