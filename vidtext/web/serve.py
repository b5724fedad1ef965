"""`python app.py`: the page, the HTTP API and what stands around them, from the first to the last request."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.middleware import Middleware

from vidtext.api.app import api_routes
from vidtext.compute.free_memory import give_back
from vidtext.compute.gpu import zero_gpu
from vidtext.compute.leases import LEASES
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.models.loading import warm_up
from vidtext.settings import Settings
from vidtext.tasks.streams import real_streams
from vidtext.ui.look import launch_options
from vidtext.ui.page import build_page
from vidtext.web.bad_requests import BadRequests
from vidtext.web.connections import bound_connections
from vidtext.web.gradio_bounds import bound_gradio
from vidtext.web.gradio_requests import bound_requests
from vidtext.web.health import health_routes
from vidtext.web.heartbeat import heartbeat_route
from vidtext.web.logs import set_up_logs
from vidtext.web.run_folder import NoRunFolderError, run_folder
from vidtext.web.shield import Shield

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from vidtext.ui.services import Services
    from vidtext.ui.video.example_clips import ExampleClip

_log = logging.getLogger(__name__)

_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)

_LOOK_UP_SECONDS = 0.05
_REST_SECONDS = 60


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve.

    Raises:
        SystemExit: the command line or a variable is wrong.
    """
    given = _parser().parse_args(arguments)
    try:
        settings = settings_of(given, os.environ)
        serve(settings, host=given.host, port=given.port)
    except OptionError as error:
        raise SystemExit(f"app.py: {error}") from None
    except NoRunFolderError as error:
        raise SystemExit(f"app.py: No temporary files can be made ({error}). Set GRADIO_TEMP_DIR.") from None


def serve(
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    services: Services | None = None,
    examples: Sequence[ExampleClip] = (),
) -> None:
    """Serve until SIGTERM or Ctrl-C; then end all work, within `settings.server.shutdown_seconds`.

    Args:
        settings: the limits.
        host: the address to listen at; None is `GRADIO_SERVER_NAME`, or this machine alone.
        port: the port; None is `GRADIO_SERVER_PORT`, or the first free one from 7860 on.
        services: what does the work, instead of the models; nothing is loaded ahead for it.
        examples: clips to offer, instead of those that ship.

    Raises:
        OptionError: a setting is wrong.
    """
    set_up_logs(as_json=settings.server.json_logs, details=settings.server.log_details)
    ending, closing, warm = threading.Event(), Job(), threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: ending.set())
    bound_gradio()
    bound_requests(settings)
    with run_folder() as folder:
        bound_connections(settings, folder.renew)
        page = build_page(settings, services, examples, closing)
        routes = api_routes(settings, services or real_streams(), closing)
        if zero_gpu() and services is None:  # weights must be in place when `launch` packs them for the GPU's processes
            warm_up(settings)
        page.launch(
            **launch_options(settings),
            server_name=host,
            server_port=port,
            app_kwargs={
                "routes": [*health_routes(settings, warm=warm, closing=closing), heartbeat_route(), *routes],
                "middleware": [Middleware(Shield, settings=settings), Middleware(BadRequests)],
                "lifespan": _resting,
            },
            prevent_thread_lock=True,
        )
        if not zero_gpu() and services is None:  # the page is there already
            threading.Thread(target=_warm, args=(settings, warm), name="vidtext-warm-up", daemon=True).start()
        else:
            warm.set()
        ending.wait()
        _end_work(closing, settings.server.shutdown_seconds)
        page.close(verbose=False)


@asynccontextmanager
async def _resting(_app: object) -> AsyncIterator[None]:
    """Give back every so often what is kept for later: memory that was freed, and threads that a crowd needed."""

    async def rest() -> None:
        while True:
            await asyncio.sleep(_REST_SECONDS)
            await to_thread.run_sync(give_back)  # any call ends the threads of the pool that have been idle for long

    resting = asyncio.create_task(rest())
    yield
    resting.cancel()


def _warm(settings: Settings, warm: threading.Event) -> None:
    warm_up(settings)
    warm.set()


def _end_work(closing: Job, seconds: float) -> None:
    closing.stop()
    until = time.monotonic() + seconds
    while (left := LEASES.working + LEASES.waiting) and time.monotonic() < until:
        time.sleep(_LOOK_UP_SECONDS)
    _log.info("The server ends. %d jobs did not end in time.", left)


def settings_of(given: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Return the settings of the environment, with those of the command line over them.

    Raises:
        OptionError: one of them is wrong.
    """
    settings = Settings.from_env(environment, sandbox__enabled=True)  # strangers bring the videos
    return settings.override(
        server__share=given.share or settings.server.share,
        server__auth=",".join(given.auth) or settings.server.auth,
        server__root_path=given.root_path or settings.server.root_path,
        limits__max_source_bytes=settings.limits.max_source_bytes
        if given.max_file_size is None
        else given.max_file_size,
    )


def size_of(text: str) -> int:
    """Return how many bytes "500MB", "2 GiB" or "1000" are.

    Raises:
        argparse.ArgumentTypeError: it is no size.
    """
    found = _SIZE.fullmatch(text)
    if not found or found[2].lower() not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 500MB, 2GB or a number of bytes")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py",
        description="Serve the page and the HTTP API. Everything else is set by variables VIDTEXT_…, see README.md.",
    )
    parser.add_argument("--host", help="the address to listen at; 0.0.0.0 for all (127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=int, help="the port (the first free one from 7860 on, or GRADIO_SERVER_PORT)")
    parser.add_argument("--share", action="store_true", help="a public address too, through Gradio's tunnel")
    parser.add_argument(
        "--auth",
        action="append",
        default=[],
        metavar="NAME:PASSWORD",
        help="let in who knows this only; may be given several times. Other users of this machine can read it in the "
        "list of processes: VIDTEXT_SERVER__AUTH is better",
    )
    parser.add_argument("--root-path", default="", metavar="/PATH", help="the path that a proxy serves the page under")
    parser.add_argument("--max-file-size", type=size_of, metavar="SIZE", help="the largest video, such as 500MB (4GiB)")
    return parser
