"""One event is one line, whatever a visitor sends, and no line holds what visitors write."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve
from vidtext.web.logs import _Lines

if TYPE_CHECKING:
    from collections.abc import Iterator

FORGED = "a-private-word\nINFO vidtext.web.serve: FORGED-LINE\r\x1b[2K\u2028FORGED-TOO"


@pytest.fixture(scope="module", params=["", "1"], ids=["text", "json"])
def logging_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    kind = {"VIDTEXT_SERVER__JSON_LOGS": "1"} if request.param else {}
    with serve(scripted(QUICK), tmp_path_factory.mktemp("logs"), **kind) as served:
        yield served


def send_everything(client: httpx.Client) -> None:
    """Send words to every event of the page and every endpoint, where each of their arguments is."""
    config = client.get("/config").json()
    file = {"path": f"/tmp/{FORGED}", "meta": {"_type": "gradio.FileData"}, "url": FORGED, "orig_name": FORGED}
    for event in config["dependencies"]:
        for value in (FORGED, file, {FORGED: FORGED}):
            body: dict[str, Any] = {
                "data": [value] * len(event["inputs"]),
                "event_data": {"number": FORGED, FORGED: FORGED},
                "fn_index": event["id"],
                "session_hash": f"session{event['id']}",
                "trigger_id": 1,
            }
            if not event["queue"]:
                client.post("/gradio_api/run/predict", json=body)
                continue
            client.post("/gradio_api/queue/join", json=body)
            parameters = {"session_hash": body["session_hash"]}
            with (
                suppress(httpx.RemoteProtocolError),
                client.stream("GET", "/gradio_api/queue/data", params=parameters) as stream,
            ):
                next((line for line in stream.iter_lines() if "process_completed" in line), None)
    for name in client.get("/gradio_api/info").json()["named_endpoints"]:
        client.post(f"/gradio_api/call{name}", json={"data": [FORGED, FORGED]})
        client.post("/v1" + name, json={"video": FORGED, "model": FORGED, FORGED: FORGED})
    for path in ("/gradio_api/file=" + FORGED, f"/v1/jobs/{FORGED}", "/login", f"/gradio_api/call/{FORGED}"):
        client.get(path.replace("\x1b", "%1b").replace("\n", "%0a").replace("\r", "%0d"))
    client.post("/gradio_api/queue/join", content=FORGED.encode(), headers={"Content-Type": "application/json"})
    client.post("/gradio_api/mcp/", content=FORGED.encode(), headers={"Content-Type": "application/json"})


def test_nothing_that_visitors_write_is_in_the_log(logging_server: Served, request: pytest.FixtureRequest) -> None:
    with httpx.Client(base_url=logging_server.address, timeout=60) as client:
        send_everything(client)
        assert client.get("/healthz").text == "alive"
    log = logging_server.server_log.read_text("utf-8")
    for word in ("FORGED", "a-private-word", "Traceback", "\x1b", "\u2028"):
        assert word not in log, log[max(0, log.index(word) - 500) : log.index(word) + 500]
    lines = log.partition("/gradio_api/mcp/\n")[2].splitlines()  # after what Gradio says at its start
    if request.node.callspec.params["logging_server"]:
        for line in filter(None, lines):
            assert {"time", "level", "logger", "message"} <= set(json.loads(line))
    else:
        for line in filter(None, lines):
            assert line.startswith(("INFO ", "WARNING ", "ERROR ")), line


def record(message: str, error: BaseException | None = None, name: str = "vidtext.a") -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, "/x/y.py", 7, message, None, info)


def raised() -> ValueError:
    with pytest.raises(ValueError, match="private") as caught:
        float(FORGED)
    return caught.value


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("details", [True, False])
def test_a_record_is_a_line(as_json: bool, details: bool) -> None:  # noqa: FBT001
    for each in (record(FORGED), record("A defect.", raised()), record(FORGED, raised(), "gradio")):
        line = _Lines(as_json=as_json, details=details).format(each)
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_a_defect_names_its_place_and_no_words() -> None:
    line = _Lines(as_json=False, details=False).format(record("A defect.", raised()))
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "a-private-word" not in line
    assert "a-private-word" in _Lines(as_json=False, details=True).format(record("A defect.", raised()))


def test_libraries_messages_are_told_by_their_place() -> None:
    with warnings.catch_warnings(record=True):
        line = _Lines(as_json=False, details=False).format(record(FORGED, None, "py.warnings"))
    assert "/x/y.py:7" in line
    assert "a-private-word" not in line
