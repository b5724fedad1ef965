"""All routes that exist: those that Gradio makes for a page, and those of this server beside them."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path

from tests.warm import run_warm

_LIST = """
import json, threading
import gradio
from gradio.routes import App
from starlette.routing import Mount
from vidtext.api.app import api_routes
from vidtext.tasks.streams import real_streams
from vidtext.job import Job
from vidtext.settings import Settings
from vidtext.web.health import health_routes
from vidtext.web.heartbeat import heartbeat_route

def walk(routes, prefix=""):
    for route in routes:
        inner = getattr(route, "original_router", route)  # what FastAPI includes
        if getattr(inner, "routes", None):
            yield from walk(inner.routes, prefix + (route.path if isinstance(route, Mount) else ""))
        else:
            for method in getattr(route, "methods", None) or ("POST",):
                yield method, prefix + route.path

settings = Settings().override(server__metrics=True)
ours = [*health_routes(settings, warm=threading.Event(), closing=Job()), heartbeat_route()]
def echo(text: str) -> str:
    return text

with gradio.Blocks() as page:
    gradio.api(echo, api_name="echo")
routes = [*ours, *api_routes(settings, real_streams())]
print(json.dumps(sorted(set(walk(App.create_app(page, app_kwargs={"routes": routes}, mcp_server=True).routes)))))
"""


@functools.cache
def routes() -> tuple[tuple[str, str], ...]:
    """Return every method and path, with parameters in braces."""
    with tempfile.TemporaryDirectory() as folder:  # a process of its own: Gradio leaves an event loop behind
        script = Path(folder, "list.py")
        script.write_text(_LIST)
        status, said = run_warm([str(script)], Path(folder))
    assert status == 0, said
    return tuple((method, path) for method, path in json.loads(said.splitlines()[-1]))


def addresses() -> list[tuple[str, str]]:
    """Return every method and path; what stands for a parameter is its own name."""
    return [(method, path.replace("{", "").replace("}", "").replace(":path", "")) for method, path in routes()]
