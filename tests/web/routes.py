"""All routes that exist: those that Gradio makes for a page, and those of the HTTP API."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

_LIST = """
import json
import gradio
from gradio.routes import App

def walk(router):
    for route in router.routes:
        if hasattr(route, "original_router"):
            yield from walk(route.original_router)
        elif hasattr(route, "methods"):
            yield from ((method, route.path) for method in route.methods or ())

print(json.dumps(sorted(walk(App.create_app(gradio.Blocks())))))
"""


@functools.cache
def addresses() -> tuple[tuple[str, str], ...]:
    """Return every method and path; what stands for a name in a path is its own name."""
    done = subprocess.run(  # Gradio leaves an event loop behind
        [sys.executable, "-W", "ignore", "-c", _LIST], capture_output=True, text=True, check=True, timeout=120
    )
    of_gradio = {
        (method, path.replace("{", "").replace("}", "").replace(":path", ""))
        for method, path in json.loads(done.stdout.splitlines()[-1])
    }
    of_api = {("POST", f"/v1/{name}") for name in ("caption", "chapters", "summary", "chat")}
    return tuple(sorted({*of_gradio, *of_api, ("DELETE", "/v1/jobs/x"), ("POST", "/gradio_api/mcp/")}))
