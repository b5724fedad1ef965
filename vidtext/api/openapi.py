"""What the API says of itself: its OpenAPI document, and a page made of it that needs nothing from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from vidtext.api.bodies import ALIASES, body_of, chat_body
from vidtext.api.problems import MEDIA_TYPE
from vidtext.options import options_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI
    from pydantic import BaseModel

    from vidtext.api.bodies import Body
    from vidtext.settings import Settings
    from vidtext.tasks.registry import AnyTask


@dataclass(frozen=True)
class Operation:
    """What the API says of a task.

    Attributes:
        name: its path.
        title: what it does.
        body: what requests may say.
        example: a request.
        answer: what the answer is.
        media_types: of answers that are no JSON.
    """

    name: str
    title: str
    body: type[Body]
    example: dict[str, Any]
    answer: str
    media_types: tuple[str, ...]


def operations_of(tasks: Iterable[AnyTask], settings: Settings) -> dict[str, Operation]:
    """Return the operations of tasks by their names."""
    made = {}
    for task in tasks:
        options = {
            ALIASES.get(each.name, each.name): each.example
            for each in options_of(task.options)
            if each.example is not None
        }
        example = {"video": "https://example.com/clip.mp4", **options}
        if task.converses:
            example["messages"] = [{"role": "user", "content": "What moves?"}]
            body: type[Body] = chat_body(settings)
            answer = "the answer; with `stream`, server-sent events: progress, text, done or error"
            media_types: tuple[str, ...] = ("text/event-stream",)
        else:
            body = body_of(task, settings)
            answer = "the result; with `format`, a document"
            media_types = tuple(dict.fromkeys(form.media_type for form in task.formats.values()))
        made[task.name] = Operation(task.name, task.summary, body, example, answer, media_types)
    return made


_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:vidtext: and the error's name"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what was given, what is allowed and what to do"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "given": {"type": "string"}, "allowed": {"type": "string"}},
            },
        },
    },
}
_PROBLEMS = {
    "400": "not understood",
    "401": "the token is missing",
    "404": "not there",
    "405": "another method",
    "409": "the work was stopped",
    "413": "larger than the limits",
    "415": "neither JSON nor a form",
    "422": "a field, the video or the model is wrong",
    "429": "too much at once; Retry-After says when",
    "500": "a defect of the server",
    "503": "the model or the device cannot be had now",
    "507": "it does not fit into memory",
}
_TASK_PROBLEMS = ("400", "401", "409", "413", "415", "422", "429", "500", "503", "507")
_JOB_PROBLEMS = ("401", "404", "429", "500")


def describe(api: FastAPI, operations: Mapping[str, Operation]) -> None:
    """Let the app's `openapi()` return the whole document, with where the app is mounted."""
    api.openapi = lambda: _document(api, operations)  # type: ignore[method-assign]  # FastAPI's own way to do it


def _document(api: FastAPI, operations: Mapping[str, Operation]) -> dict[str, Any]:
    document = get_openapi(
        title=api.title, version=api.version, summary=api.summary, routes=api.routes, servers=api.servers
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    kinds = [(each.body, "validation") for each in operations.values()]
    _, definitions = models_json_schema(kinds, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    schemas.clear()
    schemas.update(definitions["$defs"])
    schemas["Problem"] = _PROBLEM
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{}, {"token": []}]
    for path, methods in document["paths"].items():
        for method in methods.values():
            method["responses"] |= _problems(_JOB_PROBLEMS if "job" in path else _TASK_PROBLEMS)
    for each in operations.values():
        post = document["paths"][f"/{each.name}"]["post"]
        post |= {"summary": each.title, "description": (each.body.__doc__ or "").strip()}
        post["requestBody"] = _request_body(each.body, schemas[each.body.__name__], each.example)
        post["responses"] |= {
            "200": _result(each.answer, each.media_types),
            "202": _result("with `background`: the job, to ask about at its `url`"),
        }
    return document


def _request_body(kind: type[BaseModel], schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    simple = ("string", "number", "integer", "boolean")
    fields = {
        name: field
        for name, field in schema["properties"].items()
        if any(each.get("type") in simple for each in field.get("anyOf", [field])) or "enum" in field
    }
    form = {
        "type": "object",
        "required": ["video"],
        "properties": fields | {"video": {"type": "string", "format": "binary", "description": "the file"}},
    }
    body = {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}, "example": example}
    return {"required": True, "content": {"application/json": body, "multipart/form-data": {"schema": form}}}


def _result(description: str, media_types: Iterable[str] = ()) -> dict[str, Any]:
    texts = {media_type: {"schema": {"type": "string"}} for media_type in media_types}
    content = texts | {"application/json": {"schema": {"type": "object"}}}
    return {"description": description, "content": content}


def _problems(statuses: tuple[str, ...]) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1917; }
pre { background: #f3f1ee; padding: .8rem 1rem; overflow-x: auto; border-radius: 6px; font-size: .85rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td { border-top: 1px solid #e7e4df; padding: .35rem .6rem .35rem 0; vertical-align: top; }
td:first-child { font-family: ui-monospace, monospace; white-space: nowrap; }
@media (prefers-color-scheme: dark) { body { background: #0f0e0d; color: #f3f1ee; } pre { background: #262422; } }
"""


def docs_html(document: dict[str, Any], operations: Mapping[str, Operation]) -> str:
    """Return the page: for each task what it does, an example for a shell, and its fields."""
    tasks = "".join(_task_html(document, each) for each in operations.values())
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>vidtext: the API</title><style>{_STYLE}</style></head><body>'
        f"<h1>vidtext: the API</h1><p>{escape(document['info']['summary'])} Its "
        '<a href="openapi.json">OpenAPI document</a> has all of it. Errors are '
        "<code>application/problem+json</code> (RFC 9457). With <code>background</code>, a task answers at once with "
        "a job: <code>GET</code> its <code>url</code> for progress and the result, <code>DELETE</code> it to stop it."
        f"</p>{tasks}</body></html>"
    )


def _task_html(document: dict[str, Any], operation: Operation) -> str:
    name, example = operation.name, operation.example
    upload = {field: value for field, value in example.items() if field not in ("video", "messages")}
    form = "".join(f" -F {field}={value}" for field, value in upload.items())
    messages = " -F 'messages=" + json.dumps(example["messages"]) + "'" if "messages" in example else ""
    call = (
        f"curl $SERVER/v1/{name} -F video=@clip.mp4{form}{messages}\n"
        f"curl $SERVER/v1/{name} -H 'Content-Type: application/json' -d '{json.dumps(example)}'"
    )
    fields = document["components"]["schemas"][operation.body.__name__]["properties"]
    rows = "".join(
        f"<tr><td>{escape(field)}</td><td>{escape(str(about.get('description', '')))}</td></tr>"
        for field, about in fields.items()
    )
    head = f"<h2>{escape(operation.title)}: <code>POST /v1/{name}</code></h2>"
    return f"{head}<pre>{escape(call)}</pre><table>{rows}</table>"
