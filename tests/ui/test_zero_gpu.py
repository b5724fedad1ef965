"""The app on a ZeroGPU Space, in a browser."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.ui.serving import serve
from tests.zero_gpu.device_api import NO_DEVICE, device_api

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def test_the_app_places_its_weights_first_and_asks_in_the_visitors_name(
    tmp_path: Path, visit: Callable[..., Page]
) -> None:
    payload = base64.urlsafe_b64encode(b'{"user": "ada"}').decode().rstrip("=")
    token = f"header.{payload}.signature"
    with device_api() as api:
        models = {"VIDTEXT_DEFAULT_MODEL": "embedded", "VIDTEXT_DEFAULT_CHAT_MODEL": "embedded-chat"}
        with serve(
            lambda _port, _log: [NO_DEVICE, "app.py"], tmp_path, **models, **api.environment(tmp_path)
        ) as served:
            log = served.server_log.read_text("utf-8")
            placed = int(log.split("placed ")[1].split()[0])
            assert placed >= 2 * 3_000_000 * 2  # two models of 3 million numbers or more, two bytes each at the least
            assert len(api.asked("/startup-report")) == 1

            page = visit(served, extra_http_headers={"X-IP-Token": token})
            page.get_by_role("button", name="Caption", exact=True).click()
            expect(page.locator(".vt-quotation")).to_be_visible(timeout=60_000)
            assert {call.get("token") for call in api.asked("/schedule")} == {token}
            assert "Traceback" not in served.server_log.read_text("utf-8")
            page.close()  # before the server, or its stream would break
