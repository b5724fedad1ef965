"""The API on loopback, with tasks that do what the name of their model tells them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from tests.media.clips import numbered_clip
from tests.tasks.scripted import with_work
from vidtext.api.app import api_routes
from vidtext.errors import BusyError, ModelUnavailableError, NoMemoryError
from vidtext.job import Job
from vidtext.media.read.probe import probe
from vidtext.media.read.sampling import TimeRange, split
from vidtext.models.base import ModelInfo
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.chapters import ChaptersResult
from vidtext.tasks.chat import ChatResult
from vidtext.tasks.dialogue import Dialogue, Turn
from vidtext.tasks.options import CaptionOptions, ChapterOptions, ChatOptions, SummaryOptions
from vidtext.tasks.streams import TaskStreams
from vidtext.tasks.summary import SummaryResult
from vidtext.text.chapters import Chapter, Chapters
from vidtext.text.summary import Summary
from vidtext.text.timed import Segment, TimedText

CARD = ModelInfo("toy", "git", "MIT", 6, 64, "squash", 40, 0, "Sees nothing.")
ERRORS: dict[int, Exception] = {
    71: BusyError("2 jobs are waiting already, and no more may. Try again later."),
    72: NoMemoryError("It does not fit."),
    73: ModelUnavailableError("The hub cannot be reached."),
    74: ZeroDivisionError("a secret of the server"),
}
"""What a task that is asked for so many tokens raises."""

FOREVER = 77
"""A task that is asked for so many tokens goes on until it is stopped."""


@dataclass
class Toys:
    """Tasks that say how long their video is, and remember how they ended."""

    ended: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        try:
            yield
        finally:
            self.ended.append(name)

    def obey(self, tokens: int, job: Job) -> Iterator[int]:
        """Yield the numbers of steps."""
        if tokens in ERRORS:
            raise ERRORS[tokens]
        for step in range(1_000_000 if tokens == FOREVER else 3):
            job.report("writing", step, 3)
            if tokens == FOREVER:
                time.sleep(0.01)  # work that goes on for long
            yield step

    def caption(self, source: Any, options: CaptionOptions, *, settings: Settings, job: Job) -> Iterator[CaptionResult]:
        with self.working("caption"):
            if isinstance(source, Path):
                duration = probe(source, settings=settings).duration_seconds
                what = "video"
            else:
                duration, what = float(source.seconds[-1]), f"{len(source)} frames"
            windows = split(TimeRange(0, duration), every_seconds=options.every_seconds or duration or 1)
            text = TimedText((), model=options.model, notes=("A note.",))
            for _ in self.obey(options.max_new_tokens, job):
                segments = [Segment(each.start_seconds, each.stop_seconds, f"A {what}.") for each in windows]
                text = TimedText(tuple(segments), model=options.model, notes=("A note.",))
                yield CaptionResult(text, (), CARD, "cpu", 1, 1, 0.0)

    def chapters(self, source: Path, options: ChapterOptions, **_: Any) -> Iterator[ChaptersResult]:
        duration = probe(source).duration_seconds
        made = Chapters((Chapter(0, duration, "One", "All of it."),), model=options.model)
        yield ChaptersResult(made, None, (), (), CARD, "cpu", 1, 0.0)  # type: ignore[arg-type]  # no pictures

    def summary(self, source: Path, options: SummaryOptions, **_: Any) -> Iterator[SummaryResult]:
        probe(source)
        made = Summary("Short.", f"It is {options.length}.", TimedText(()), ("word",), model=options.model)
        yield SummaryResult(made, (), None, CARD, "cpu", 1, 1, 0.0)

    def begin_dialogue(self, sources: Any, *_: Any, **__: Any) -> Dialogue:
        for path, _name in sources:
            probe(path)
        return Dialogue(())

    def answer(
        self, dialogue: Dialogue, question: str, options: ChatOptions, *, job: Job, **_: Any
    ) -> Iterator[ChatResult]:
        with self.working("chat"):
            answer = ""
            for step in self.obey(options.max_new_tokens, job):
                answer += f"{len(dialogue.turns)}{options.system_prompt} {question} {step}. "
                yield ChatResult(dialogue.with_turn(Turn(question, answer)), CARD, "cpu", 0.0)
            yield ChatResult(dialogue.with_turn(Turn(question, answer.strip(), finished=True)), CARD, "cpu", 0.0)

    @property
    def streams(self) -> TaskStreams:
        return TaskStreams(
            with_work(caption=self.caption, chapters=self.chapters, summary=self.summary),
            self.begin_dialogue,
            self.answer,
            self.forgotten.append,
        )


@dataclass
class Serving:
    """An API that is being served."""

    address: str
    toys: Toys
    client: httpx.Client


@contextmanager
def serving(**limits: Any) -> Iterator[Serving]:
    toys = Toys()
    settings = Settings().override(
        **{"api__requests_per_minute": 1_000_000, "limits__max_duration_seconds": 60.0, **limits}
    )
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=api_routes(settings, toys.streams)), port=0, log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)  # uvicorn tells of its start by this attribute alone
    port = server.servers[0].sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=address, timeout=60) as client:
        yield Serving(address, toys, client)
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def usual() -> Iterator[Serving]:
    with serving() as served:
        yield served


@pytest.fixture
def api(usual: Serving) -> httpx.Client:
    return usual.client


@pytest.fixture
def toys(usual: Serving) -> Toys:
    usual.toys.ended.clear()
    usual.toys.forgotten.clear()
    return usual.toys


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("api") / "clip.mp4", 40)  # 4 s


@pytest.fixture
def serve_with() -> Iterator[Callable[..., Serving]]:
    """Serve with other limits for one test."""
    open_ones = []

    def serve(**limits: Any) -> Serving:
        context = serving(**limits)
        open_ones.append(context)
        return context.__enter__()

    yield serve
    for context in open_ones:
        context.__exit__(None, None, None)
