"""Servers in processes of their own, asked over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ui.conftest import QUICK, SLOW, scripted
from tests.ui.serving import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

API_TOKEN, HUB_TOKEN, PASSWORD = "token-of-the-api-7f3a", "hf_tokenofthehub19c2", "password-5be1"
"""What must never be seen."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The scripted page with metrics and JSON logs, and small limits."""
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("server"),
        VIDTEXT_SERVER__METRICS="1",
        VIDTEXT_SERVER__JSON_LOGS="1",
        VIDTEXT_LIMITS__MAX_SOURCE_BYTES=str(5 << 20),
        VIDTEXT_PAGE__MAX_REQUEST_BYTES=str(1 << 16),
        VIDTEXT_API__TOKEN=API_TOKEN,
        VIDTEXT_API__REQUESTS_PER_MINUTE="1000",
        HF_TOKEN=HUB_TOKEN,
    ) as served:
        yield served


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The scripted page with tasks that take their time."""
    with serve(scripted(SLOW), tmp_path_factory.mktemp("slow")) as served:
        yield served


@pytest.fixture
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, timeout=60) as client:
        yield client
