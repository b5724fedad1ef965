"""The app on a ZeroGPU Space, in a browser."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect

from tests.media.clips import numbered_clip
from tests.ui.serving import serve
from tests.zero_gpu.device_api import NO_DEVICE, device_api

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page


def token_of(user: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"user": user}).encode()).decode().rstrip("=")
    return f"header.{payload}.signature"


def test_the_app_places_its_weights_first_and_asks_in_the_visitors_name(
    tmp_path: Path, visit: Callable[..., Page]
) -> None:
    token = token_of("ada")
    with device_api() as api:
        models = {"VIDTEXT_MODELS__DEFAULT": "embedded", "VIDTEXT_MODELS__DEFAULT_CHAT": "embedded-chat"}
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

            video = base64.b64encode(numbered_clip(tmp_path / "clip.mp4", 12).read_bytes()).decode()
            answer = httpx.post(
                f"{served.address}v1/caption",
                json={"video": video},
                headers={"X-IP-Token": token_of("grace")},
                timeout=60,
            )
            assert answer.json()["caption"]
            assert api.asked("/schedule")[-1].get("token") == token_of("grace")
