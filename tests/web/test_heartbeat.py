"""The heartbeat of a page: its end ends the visit, and strangers' heartbeats make nothing."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx

from vidtext.web.heartbeat import Heartbeat

if TYPE_CHECKING:
    from tests.ui.serving import Served


class App:
    """What of Gradio's app a heartbeat touches."""

    def __init__(self) -> None:
        self.left: list[str] = []
        self.ended = threading.Event()
        self.stop_event = asyncio.Event()
        self.state_holder = SimpleNamespace(session_data={"known": SimpleNamespace(is_closed=False)})
        self.event = SimpleNamespace(run_time=0.0, closed=False, signal=asyncio.Event())
        queue = SimpleNamespace(
            pending_event_ids_session={"known": {"event", "ended event"}}, event_ids_to_events={"event": self.event}
        )
        functions = {
            0: SimpleNamespace(targets=[(1, "click")], fn=self._fail),
            1: SimpleNamespace(targets=[(None, "unload")], fn=self._leave),
        }
        self._blocks = SimpleNamespace(_queue=queue, fns=functions)

    def get_blocks(self) -> SimpleNamespace:
        return self._blocks

    def _leave(self, request: Any) -> None:
        self.left.append(request.session_hash)
        self.ended.set()

    def _fail(self, _request: Any) -> None:
        raise AssertionError("only what `unload` was given is called")


class Open:
    """A heartbeat that somebody keeps open."""

    def __init__(self, heartbeat: Heartbeat, app: App, session: str) -> None:
        self.sent: list[dict[str, Any]] = []
        self._closed = asyncio.Event()
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "app": app}
        scope["path_params"] = {"session_hash": session}
        self._task = asyncio.create_task(heartbeat(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, str]:
        await self._closed.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def ended(self) -> None:
        await asyncio.wait_for(self._task, 20)

    async def close(self) -> None:
        self._closed.set()
        await self.ended()


def run(coroutine: Any) -> None:
    with ThreadPoolExecutor(1) as executor:  # a browser may have a loop in this thread
        executor.submit(lambda: asyncio.run(coroutine)).result(30)


def test_a_visit_ends_with_the_last_of_its_heartbeats() -> None:
    async def visit() -> None:
        app, heartbeat = App(), Heartbeat()
        first, second = (Open(heartbeat, app, "known") for _ in range(2))
        await asyncio.sleep(0)
        await first.close()
        assert app.left == []
        assert not app.event.closed
        await second.close()
        assert await asyncio.to_thread(app.ended.wait, 20)
        assert app.left == ["known"]
        assert app.event.closed
        assert app.event.signal.is_set()
        assert app.state_holder.session_data["known"].is_closed
        assert second.sent[1]["body"] == b"data: ALIVE\n\n"

    run(visit())


def test_a_session_that_never_was_is_not_made() -> None:
    async def visit() -> None:
        app, heartbeat = App(), Heartbeat()
        await Open(heartbeat, app, "made up").close()
        assert set(app.state_holder.session_data) == {"known"}
        assert not app.event.closed

    run(visit())


def test_the_end_of_the_server_ends_the_answer() -> None:
    async def visit() -> None:
        app = App()
        beat = Open(Heartbeat(), app, "known")
        await asyncio.sleep(0)
        app.stop_event.set()
        await beat.ended()
        assert beat.sent[-1] == {"type": "http.response.body"}

    run(visit())


def test_strangers_heartbeats_leave_the_server_as_it_was(server: Served) -> None:
    with httpx.Client(base_url=server.address, timeout=60) as client:
        for number in range(20):
            with client.stream("GET", f"/gradio_api/heartbeat/stranger{number}") as stream:
                assert next(stream.iter_text()) == "data: ALIVE\n\n"
        assert client.get("/healthz").text == "alive"
