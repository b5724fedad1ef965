"""What the server tells those who watch over it: whether it lives, whether it is ready, and what it has done."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import psutil
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vidtext.api.gate import disk_has_room
from vidtext.compute.leases import LEASES
from vidtext.counts import counted

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from prometheus_client import Metric
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from vidtext.job import Job
    from vidtext.settings import Settings

_TOLD = {
    "requests": "Requests answered, by status.",
    "jobs": "Jobs that had a device, by how they ended.",
    "device_seconds": "Seconds that jobs had a device for.",
    "frames": "Frames given to models.",
    "tokens": "Tokens that models wrote.",
}
"""What is counted elsewhere; the names begin with vidtext_."""


def health_routes(settings: Settings, *, warm: threading.Event, closing: Job) -> list[BaseRoute]:
    """Return `/healthz`, `/readyz` and, where the settings say so, `/metrics`.

    Args:
        settings: the limits.
        warm: set once the default models are loaded.
        closing: stopped when the server was told to end.
    """

    def alive(_: Request) -> Response:
        return PlainTextResponse("alive")

    def ready(_: Request) -> Response:
        lacks = {
            "the models are loaded": warm.is_set(),
            "the disk has room": disk_has_room(0, settings),
            "the line has room": LEASES.waiting < settings.jobs.max_queued,
            "the server goes on": not closing.stopped,
        }
        status = HTTPStatus.OK if all(lacks.values()) else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": status is HTTPStatus.OK, **lacks}, status)

    def metrics(_: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(_Collector())
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    routes: list[BaseRoute] = [Route("/healthz", alive), Route("/readyz", ready)]
    return [*routes, Route("/metrics", metrics)] if settings.server.metrics else routes


class _Collector:
    """Gathers the numbers at the moment of asking."""

    def collect(self) -> Iterator[Metric]:
        """Yield all of them."""
        now = counted()
        for what, told in _TOLD.items():
            kinds = {labels: value for (name, labels), value in now.items() if name == what}
            names = [name for name, _ in next(iter(kinds), ())]
            family = CounterMetricFamily(f"vidtext_{what}", told, labels=names)
            for labels, value in kinds.items():
                family.add_metric([text for _, text in labels], value)
            yield family
        yield GaugeMetricFamily("vidtext_jobs_working", "Jobs that have a device.", LEASES.working)
        yield GaugeMetricFamily("vidtext_jobs_waiting", "Jobs that wait for a device.", LEASES.waiting)
        process = psutil.Process()
        with process.oneshot():
            memory, threads = process.memory_info().rss, process.num_threads()
        yield GaugeMetricFamily("vidtext_memory_bytes", "Resident memory of the server.", memory)
        yield GaugeMetricFamily("vidtext_threads", "Threads of the server.", threads)
