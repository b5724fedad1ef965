"""What programs may call on the page, through `gradio_client` and MCP: the tasks, under their names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.context import LocalContext
from pydantic import ValidationError

from vidtext.api.bodies import CaptionBody, ChaptersBody, ChatBody, SummaryBody
from vidtext.api.gate import NO_TOKEN, has_token
from vidtext.api.problems import invalid
from vidtext.api.work import Worker
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.tasks.results import last_result
from vidtext.ui.toasts import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from vidtext.settings import Settings
    from vidtext.ui.services import Services
    from vidtext.ui.visitors import Visitors

_UPLOADED = "uploaded"

MCP_USER = "mcp"
"""The name under which MCP calls the endpoints; its own callers have shown their token."""


def add_endpoints(*, settings: Settings, services: Services, visitors: Visitors, closing: Job) -> None:
    """Put the endpoints into the Blocks that are being built; stopping `closing` ends their work."""
    worker = Worker(services, settings)

    def asked(video: str | dict[str, Any]) -> AbstractContextManager[tuple[str, Path | None]]:
        return _asked(video, visitors, allowed=_has_token(settings))

    def caption(  # noqa: PLR0917  (Gradio makes the endpoint's parameters of these)
        video: str | dict[str, Any],
        every_seconds: float | None = None,
        model: str = settings.models.default,
        max_new_tokens: int = 30,
        start_seconds: float | None = None,
        stop_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Say what a video shows: in one sentence, or in one for each stretch of it.

        With Python: `Client(address).predict(handle_file("clip.mp4"), every_seconds=5, api_name="/caption")`.
        With curl: `POST /gradio_api/call/v2/caption` with `{"video": "https://…/clip.mp4", "every_seconds": 5}`, then
        `GET /gradio_api/call/caption/` and the `event_id` of the answer. A file goes to `/gradio_api/upload` first; its
        answer's path is then the video: `{"path": "…", "meta": {"_type": "gradio.FileData"}}`.

        Args:
            video: an uploaded file, or the text of an http(s) address or a data: URI.
            every_seconds: one caption for each stretch of this length; null for one caption in all.
            model: "auto", or the name of a model that the page offers.
            max_new_tokens: the most tokens of a caption.
            start_seconds: where to start; null is the video's start.
            stop_seconds: where to stop; null is the video's end.

        Returns:
            {"caption", "segments": [{"start_seconds", "stop_seconds", "text"}], "model", "notes"}
        """
        with asked(video) as (text, upload):
            body = CaptionBody.model_validate(
                {
                    "video": text,
                    "every_seconds": every_seconds,
                    "model": model,
                    "max_new_tokens": max_new_tokens,
                    "start_seconds": start_seconds,
                    "stop_seconds": stop_seconds,
                }
            )
            return last_result(worker.captions(body, upload, Job(within=closing)))

    def chapters(
        video: str | dict[str, Any],
        count: int | None = None,
        min_seconds: float | None = None,
        style: str = "neutral",
        model: str = settings.models.default,
    ) -> dict[str, Any]:
        """Divide a video into chapters, each with its times, a title and a description.

        Args:
            video: an uploaded file, or the text of an http(s) address or a data: URI.
            count: how many chapters; null lets the video decide.
            min_seconds: the shortest chapter; null chooses by the length of the video.
            style: a named style or an instruction; only chat models follow it.
            model: "auto", or the name of a model that the page offers.

        Returns:
            {"model", "chapters": [{"start_seconds", "stop_seconds", "title", "description"}], "notes"}
        """
        with asked(video) as (text, upload):
            body = ChaptersBody.model_validate(
                {"video": text, "count": count, "min_seconds": min_seconds, "style": style, "model": model}
            )
            return last_result(worker.chapters(body, upload, Job(within=closing)))

    def summary(
        video: str | dict[str, Any],
        length: str = "medium",
        look: str = "shots",
        style: str = "neutral",
        model: str = settings.models.default,
    ) -> dict[str, Any]:
        """Say what a video is about: in a sentence or two, in a paragraph, in highlights with times, in keywords.

        Args:
            video: an uploaded file, or the text of an http(s) address or a data: URI.
            length: short, medium or long.
            look: "shots" looks at every shot, "time" every 5 % of the duration.
            style: a named style or an instruction; only chat models follow it.
            model: "auto", or the name of a model that the page offers.

        Returns:
            {"model", "abstract", "summary", "highlights", "keywords", "notes"}
        """
        with asked(video) as (text, upload):
            body = SummaryBody.model_validate(
                {"video": text, "length": length, "look": look, "style": style, "model": model}
            )
            return last_result(worker.summary(body, upload, Job(within=closing)))

    def chat(
        video: str | dict[str, Any],
        question: str,
        earlier: list[dict[str, Any]] | None = None,
        max_new_tokens: int = 256,
        model: str = settings.models.default_chat,
    ) -> dict[str, Any]:
        """Answer a question about a video. If it names a time, that moment is looked at more closely.

        Args:
            video: an uploaded file, or the text of an http(s) address or a data: URI.
            question: what is asked.
            earlier: what was said before: [{"role": "user" or "assistant", "content"}] by turns; null for nothing.
            max_new_tokens: the most tokens of the answer.
            model: "auto", or the name of a chat model that the page offers.

        Returns:
            {"answer", "model", "notes", "finished"}
        """
        with asked(video) as (text, upload):
            messages = [*(earlier or []), {"role": "user", "content": question}]
            body = ChatBody.model_validate(
                {"video": text, "messages": messages, "max_new_tokens": max_new_tokens, "model": model}
            )
            return last_result(worker.chat(body, upload, Job(within=closing)))

    endpoints: dict[str, Callable[..., dict[str, Any]]] = {
        "caption": caption,
        "chapters": chapters,
        "summary": summary,
        "chat": chat,
    }
    for name, call in endpoints.items():
        # The line for the device is that of `vidtext.compute.leases`.
        gr.api(call, api_name=name, concurrency_limit=None)


@contextmanager
def _asked(video: str | dict[str, Any], visitors: Visitors, *, allowed: bool) -> Iterator[tuple[str, Path | None]]:
    """Yield the video as text, or a file that was uploaded; what is wrong is told as text."""
    with plain_text():
        try:
            if not allowed:
                raise OptionError(NO_TOKEN)
            if isinstance(video, str):
                yield video, None
            else:
                upload = visitors.uploaded(str(video.get("path")))
                with visitors.claimed(upload):
                    yield _UPLOADED, upload
        except ValidationError as error:
            raise OptionError(invalid(error.errors(include_url=False)).detail) from None


def _has_token(settings: Settings) -> bool:
    """Tell whether the API's token came along, where one is wanted and no password closes the endpoints."""
    request = LocalContext.request.get()
    if settings.server.auth or request.username == MCP_USER:
        return True
    return has_token(request.headers, settings)
