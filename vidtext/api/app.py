"""The HTTP API: a FastAPI app that the page's server mounts under `/v1`."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.routing import Mount, Route

import vidtext
from vidtext.api.bodies import ChatBody, TaskBody, offered_models
from vidtext.api.forms import read_form
from vidtext.api.gate import Gate
from vidtext.api.jobs import Run, Runs
from vidtext.api.openapi import describe, docs_html, operations_of
from vidtext.api.problems import ProblemError, invalid, tell_problems
from vidtext.api.streaming import events
from vidtext.api.uploads import UPLOADS
from vidtext.api.work import Worker
from vidtext.compute.gpu import asked_by
from vidtext.errors import OptionError
from vidtext.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.routing import BaseRoute

    from vidtext.api.bodies import Body
    from vidtext.api.openapi import Operation
    from vidtext.settings import Settings
    from vidtext.tasks.streams import TaskStreams

    Work = Callable[[Any, Path | None, Job], Iterator[dict[str, Any]]]

PREFIX = "/v1"

_LOOK_UP_SECONDS = 0.25
"""How soon a client that has left is noticed."""

_UPLOADED = "uploaded"

_ONE_AT_A_TIME = anyio.CapacityLimiter(1)
"""JSON takes several times its bytes while it is parsed."""


def build_api(settings: Settings, streams: TaskStreams, closing: Job | None = None) -> FastAPI:
    """Build the app.

    Args:
        settings: the limits.
        streams: the tasks that do the work.
        closing: ends all work when it is stopped.
    """
    api = FastAPI(
        title="vidtext",
        version=vidtext.__version__,
        summary="Turns video into words, with the times that they belong to.",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": "."}],  # where the document is, behind every prefix
        root_path_in_servers=False,
    )
    api.add_middleware(Gate, settings=settings)
    tell_problems(api)
    worker, runs = Worker(streams, settings), Runs(settings, closing or Job())
    operations = operations_of(streams.tasks.values(), settings)
    for task in streams.tasks.values():
        work = worker.chat if task.converses else partial(worker.results, task)
        _add_task(api, runs, settings, operations[task.name], work)

    @api.get("/models", summary="The models that can be named")
    def models() -> dict[str, Any]:
        return {"models": [*offered_models(settings)]}

    @api.get("/jobs/{job_id}", summary="How far a job is, and its result")
    def job(job_id: str) -> dict[str, Any]:
        return {"id": job_id, **runs.named(job_id).report}

    @api.delete("/jobs/{job_id}", status_code=204, summary="Stop a job and forget it")
    def cancel(job_id: str) -> None:
        runs.drop(job_id)

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_html(api.openapi(), operations))

    describe(api, operations)
    return api


def api_routes(settings: Settings, streams: TaskStreams, closing: Job | None = None) -> list[BaseRoute]:
    """Return what the page's server serves besides the page: the API, and the way to what it says of itself."""

    def to_docs(_: Request) -> RedirectResponse:
        return RedirectResponse(f"{PREFIX.lstrip('/')}/docs")  # relative, so that it holds behind every prefix

    return [Mount(PREFIX, build_api(settings, streams, closing)), Route("/docs", to_docs)]


def _add_task(api: FastAPI, runs: Runs, settings: Settings, operation: Operation, work: Work) -> None:
    async def post(request: Request) -> Response:
        client = request.scope["client_name"]
        asked_by(request)
        upload = _Upload(client)
        try:
            return await answered(request, client, upload)
        except BaseException:
            upload.drop()
            raise

    async def answered(request: Request, client: str, upload: _Upload) -> Response:
        body, nbytes = await _body(request, operation.body, upload, settings)

        def documents(job: Job) -> Iterator[dict[str, Any]]:
            with upload.at_hand() as path:
                yield from work(body, path, job)

        if body.background:
            job_id, run = runs.begin(client, documents, keep=True, nbytes=nbytes)
            where = f"jobs/{job_id}"  # relative to the request, so that it holds behind every prefix
            return JSONResponse({"id": job_id, "url": where, **run.report}, 202, {"Location": where})
        _, run = runs.begin(client, documents, nbytes=nbytes)
        if isinstance(body, ChatBody) and body.stream:
            return StreamingResponse(events(run), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        await _ended(request, run)
        if run.problem is not None:
            raise run.problem
        if isinstance(body, TaskBody) and body.format and body.videos is None and run.document:
            kind = f"{run.document['media_type']}; charset=utf-8"
            return Response(run.document["text"].encode(errors="replace"), media_type=kind)
        return JSONResponse(run.document)

    post.__name__ = operation.name
    api.post(f"/{operation.name}", name=operation.name)(post)


async def _ended(request: Request, run: Run) -> None:
    """Wait for the end of work; stop it when the client leaves."""

    def wait() -> bool:
        with run.changed:
            return run.changed.wait_for(lambda: run.ended_seconds is not None, timeout=_LOOK_UP_SECONDS)

    try:
        while not await to_thread.run_sync(wait, abandon_on_cancel=True):
            if await request.is_disconnected():
                run.job.stop()
    except anyio.get_cancelled_exc_class():
        run.job.stop()
        raise


class _Upload:
    """A file that came with a request, in a folder of its own until the work with it has ended."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._folder: Path | None = None

    def take(self, file: UploadFile) -> None:
        """Copy what was uploaded."""
        self._folder = Path(tempfile.mkdtemp(prefix="vidtext-"))
        copy = self._folder / "video"
        with copy.open("wb") as target:
            shutil.copyfileobj(file.file, target)
        UPLOADS.stored(self._client, [copy], claimed=True)

    @contextmanager
    def at_hand(self) -> Iterator[Path | None]:
        """Yield its path, None for none; it is gone afterwards."""
        try:
            yield self._folder / "video" if self._folder else None
        finally:
            self.drop()

    def drop(self) -> None:
        """Delete it, if there is one."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


async def _body(request: Request, kind: type[Body], upload: _Upload, settings: Settings) -> tuple[Body, int]:
    """Read a request: JSON, or a form with the file in it. Returns it, and how much memory it takes.

    Raises:
        ProblemError: it is neither, or a field is wrong.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type == "multipart/form-data":
            return await _form(request, kind, upload, settings), settings.api.max_field_bytes
        if media_type != "application/json":
            raise ProblemError(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                f"The request is {media_type or 'of no type'!r}; send application/json or multipart/form-data.",
                "UnsupportedMediaType",
            )
        content = await request.body()
        values = settings.api.max_json_values
        body = await to_thread.run_sync(_parsed, kind, content, values, limiter=_ONE_AT_A_TIME)
        return body, len(content)
    except ValidationError as error:
        raise invalid(error.errors(include_url=False)) from None


def _parsed(kind: type[Body], body: bytes, most_values: int) -> Body:
    """Read JSON. A video in base64 is long and holds few values; many values would take many times their bytes."""
    values = sum(body.count(mark) for mark in (b",", b"[", b"{"))
    if values > most_values:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The request holds about {values:,} values; {most_values:,} are allowed. Divide it into several.",
            "RequestTooLarge",
        )
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, f"The request is not JSON ({error}).", "NotJson") from None
    return kind.model_validate(read)


async def _form(request: Request, kind: type[Body], upload: _Upload, settings: Settings) -> Body:
    async with read_form(request, settings.api.max_field_bytes) as form:
        fields: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
        files = {name: value for name, value in form.items() if isinstance(value, UploadFile)}
        if set(files) != {"video"}:
            raise OptionError("A form needs the video as its file: `-F video=@clip.mp4`. Or send JSON.")
        if isinstance(fields.get("messages"), str):
            fields["messages"] = _read(fields["messages"])
        body = kind.model_validate({**fields, "video": _UPLOADED})
        await to_thread.run_sync(upload.take, files["video"])
        return body


def _read(text: str) -> Any:  # noqa: ANN401
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"messages is not JSON ({error}).") from None
