"""Pages of other sites: what a browser tells of them decides, and they get nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve
from tests.web.routes import addresses
from vidtext.web.origins import is_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUSTED = "https://friend.example"
EVIL = "https://evil.example"


def scope(method: str, **headers: str) -> dict[str, object]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "headers": [(b"host", b"vid.example:8443"), *raw]}


REFUSED = [
    scope("POST", origin=EVIL),
    scope("POST", origin="null"),
    scope("POST", origin="http://["),
    scope("POST", origin="https://vid.example"),  # another port is another origin
    scope("POST", origin="https://evil.example:8443"),
    scope("POST", origin="https://vid.example:8443.evil.example"),
    scope("POST", sec_fetch_site="cross-site"),
    scope("POST", sec_fetch_site="same-site", origin="https://other.vid.example:8443"),
    scope("POST", sec_fetch_site="cross-site", origin="https://vid.example:8443"),
    scope("DELETE", origin=EVIL),
    scope("PUT", origin=EVIL),
    scope("OPTIONS", origin=EVIL, access_control_request_method="POST"),
    scope("POST", sec_fetch_site="cross-site", sec_fetch_mode="navigate"),
]
ALLOWED = [
    scope("POST"),  # a program
    scope("POST", origin="https://vid.example:8443"),
    scope("POST", origin="http://VID.example:8443"),
    scope("POST", sec_fetch_site="same-origin", origin="https://behind-a-proxy.example"),
    scope("POST", sec_fetch_site="none"),
    scope("POST", origin=TRUSTED),
    scope("POST", origin=TRUSTED, sec_fetch_site="cross-site"),
    scope("GET", origin=EVIL),  # changes nothing, and is not shown to that page
    scope("OPTIONS", origin=TRUSTED, access_control_request_method="POST"),
]


@pytest.mark.parametrize("request_", REFUSED)
def test_refused(request_: dict[str, object]) -> None:
    assert is_refused(request_, "/gradio_api/queue/join", (TRUSTED,))


@pytest.mark.parametrize("request_", ALLOWED)
def test_allowed(request_: dict[str, object]) -> None:
    assert not is_refused(request_, "/gradio_api/queue/join", (TRUSTED,))


def test_a_picture_on_another_site_logs_nobody_out() -> None:
    assert is_refused(scope("GET", sec_fetch_site="cross-site", sec_fetch_mode="no-cors"), "/logout", ())
    assert not is_refused(scope("GET", sec_fetch_site="cross-site", sec_fetch_mode="navigate"), "/logout", ())


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose pages another site may call."""
    with serve(
        scripted(QUICK), tmp_path_factory.mktemp("embedded"), VIDTEXT_SERVER__TRUSTED_ORIGINS=f"{TRUSTED}/"
    ) as served:
        yield served


def test_no_route_lets_another_site_change_or_read_anything(embedded: Served) -> None:
    changing = 0
    with httpx.Client(base_url=embedded.address, timeout=60) as client:
        for method, path in addresses():
            if method == "GET" and path.startswith("/gradio_api/mcp"):  # answers once there is an event
                continue
            with client.stream(method, path, headers={"Origin": EVIL}) as answer:  # some never end
                pass
            given = {name for name in answer.headers if name.startswith("access-control-")}
            assert not given, (method, path, given)
            if method not in {"GET", "HEAD", "OPTIONS"}:
                changing += 1
                assert answer.status_code in {403, 404}, (method, path, answer.status_code)
    assert changing > 10


def test_a_trusted_site_may_call_and_is_given_no_credentials(embedded: Served) -> None:
    with httpx.Client(base_url=embedded.address, timeout=60) as client:
        asked = client.options("/v1/caption", headers={"Origin": TRUSTED, "Access-Control-Request-Method": "POST"})
        assert asked.status_code == 204
        answer = client.get("/v1/models", headers={"Origin": TRUSTED, "Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        for each in (asked, answer):
            assert each.headers["access-control-allow-origin"] == TRUSTED
            assert "access-control-allow-credentials" not in each.headers
        assert client.post("/v1/caption", headers={"Origin": TRUSTED}).status_code == 415
