"""What programs may call on the page, through `gradio_client` and MCP: the tasks, under their names."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.context import LocalContext
from pydantic import ValidationError

from vidtext.api.bodies import body_of, chat_body
from vidtext.api.gate import NO_TOKEN, has_token
from vidtext.api.problems import invalid
from vidtext.api.work import Worker
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.options import options_of
from vidtext.tasks.results import last_result
from vidtext.ui.framework.errors import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.options import Option
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask
    from vidtext.ui.services import Services
    from vidtext.ui.session.sessions import Visitors

_UPLOADED = "uploaded"

MCP_USER = "mcp"
"""The name under which MCP calls the endpoints; its own callers have shown their token."""


def add_endpoints(*, settings: Settings, services: Services, visitors: Visitors, closing: Job) -> None:
    """Put the endpoints into the Blocks that are being built; stopping `closing` ends their work."""
    worker = Worker(services, settings)

    def add(task: AnyTask) -> None:
        body = chat_body(settings) if task.converses else body_of(task, settings)
        work = worker.chat if task.converses else partial(worker.results, task)
        signature = _signature(task, settings)

        def endpoint(*values: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401  (as in the signature)
            given = signature.bind(*values, **named).arguments
            video = given.pop("video")
            if task.converses:
                messages = [*(given.pop("earlier", None) or []), {"role": "user", "content": given.pop("question")}]
                given["messages"] = messages
            with _asked(video, visitors, allowed=_has_token(settings)) as (text, upload):
                asked: Any = body.model_validate({"video": text, **given})
                return last_result(work(asked, upload, Job(within=closing)))

        endpoint.__name__ = task.name
        endpoint.__doc__ = _description(task)
        endpoint.__signature__ = signature  # type: ignore[attr-defined]  # Gradio makes parameters of it
        endpoint.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        # The line for the device is that of `vidtext.compute.leases`.
        gr.api(endpoint, api_name=task.name, concurrency_limit=None)

    for task in services.tasks.values():
        add(task)


_OF_A_CONVERSATION = {
    "question": (str, Parameter.empty, "What is asked."),
    "earlier": (
        list[dict[str, Any]] | None,
        None,
        'What was said before: [{"role": "user" or "assistant", "content"}] by turns; null for nothing.',
    ),
}
"""The parameters of a conversation: type, default and description."""

_NO_PARAMETERS = ("system_prompt", "questions")
"""Options that the parameters of a conversation stand for."""


def _parameters(task: AnyTask) -> list[Option]:
    """Return the options that are parameters; those that tasks share come last."""
    shared = ("model", "fit")
    options = [each for each in options_of(task.options) if each.name not in _NO_PARAMETERS]
    return sorted(options, key=lambda each: shared.index(each.name) + 1 if each.name in shared else 0)


def _signature(task: AnyTask, settings: Settings) -> Signature:
    model = settings.models.default_chat if task.converses else settings.models.default
    own = _OF_A_CONVERSATION if task.converses else {}
    return Signature(
        [
            _parameter("video", str | dict[str, Any]),
            *(_parameter(name, kind, default) for name, (kind, default, _) in own.items()),
            *(
                _parameter(each.name, each.annotation, model if each.name == "model" else each.default)
                for each in _parameters(task)
            ),
        ],
        return_annotation=dict[str, Any],
    )


def _parameter(name: str, kind: Any, default: Any = Parameter.empty) -> Parameter:  # noqa: ANN401
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def _description(task: AnyTask) -> str:
    """Return a docstring in the form that Gradio reads."""
    described = {
        "video": "An uploaded file, or the text of an http(s) address or a data: URI.",
        **({name: text for name, (_, _, text) in _OF_A_CONVERSATION.items()} if task.converses else {}),
        **{
            each.name: f"{each.description} It must be {each.allowed}{' or null' if each.optional else ''}."
            for each in _parameters(task)
        },
    }
    arguments = "".join(f"    {name}: {text}\n" for name, text in described.items())
    return (
        f"{task.summary}. {_HOW_TO_CALL.format(name=task.name)}\n\nArgs:\n{arguments}\nReturns:\n    {task.returns}\n"
    )


_HOW_TO_CALL = (
    'With Python: `Client(address).predict(handle_file("clip.mp4"), api_name="/{name}")`. With curl: `POST '
    '/gradio_api/call/v2/{name}` with `{{"video": "https://…/clip.mp4"}}`, then `GET /gradio_api/call/{name}/` and the '
    "`event_id` of the answer. A file goes to `/gradio_api/upload` first; its answer's path is then the video: "
    '`{{"path": "…", "meta": {{"_type": "gradio.FileData"}}}}`.'
)


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
