"""Gradio's heartbeat: a request that a page keeps open while its tab is, and whose end is the end of the visit."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import gradio as gr
from starlette.requests import Request
from starlette.routing import Route

if TYPE_CHECKING:
    from gradio.routes import App
    from starlette.types import Message, Receive, Scope, Send

_BEAT_SECONDS = 15.0
"""How often the page hears that the server lives; Gradio's own rate."""

_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
}
_BEAT: Message = {"type": "http.response.body", "body": b"data: ALIVE\n\n", "more_body": True}


class Heartbeat:
    """An ASGI app in place of Gradio's route of the same path.

    Gradio's runs the unload event of any session that is named, also of one that never was, each time with a copy of
    the page's state. Here the functions of that event are called for the session whose last heartbeat closes, and
    nothing is made for it.
    """

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the page closes the request, or the server ends."""
        session: str = scope["path_params"]["session_hash"]
        app: App = scope["app"]
        self._open[session] += 1
        try:
            await send(_START)
            await _beat_until_closed(receive, send, app.stop_event)
        finally:
            self._open[session] -= 1
            if self._open[session] <= 0:
                del self._open[session]
                _end(app, Request(scope), session)


async def _beat_until_closed(receive: Receive, send: Send, stopped: asyncio.Event) -> None:
    waits = [asyncio.create_task(_disconnected(receive)), asyncio.create_task(stopped.wait())]
    try:
        while not any(wait.done() for wait in waits):
            with suppress(OSError):  # the page has gone; `receive` says so next
                await send(_BEAT)
            await asyncio.wait(waits, timeout=_BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if stopped.is_set():
            with suppress(OSError):
                await send({"type": "http.response.body"})
    finally:
        for wait in waits:
            wait.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _end(app: App, request: Request, session: str) -> None:
    """End a session as Gradio would: mark its state, close its events, and call what `Blocks.unload` was given."""
    blocks = app.get_blocks()
    if session in app.state_holder.session_data:
        app.state_holder.session_data[session].is_closed = True
    queue = blocks._queue  # noqa: SLF001
    for event_id in queue.pending_event_ids_session.get(session, ()):
        event = queue.event_ids_to_events.get(event_id)
        if event is not None:
            event.run_time = float("inf")
            event.closed = True
            event.signal.set()
    loop = asyncio.get_running_loop()
    for function in blocks.fns.values():
        if any(event == "unload" for _, event in function.targets):
            loop.run_in_executor(None, function.fn, gr.Request(request, session_hash=session))


def heartbeat_route() -> Route:
    """Return the route; it must come before Gradio's own."""
    return Route("/gradio_api/heartbeat/{session_hash}", Heartbeat(), methods=["GET"])
