"""Two real clients: neither comes by anything of the other's, also by guessing."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from gradio_client import Client, handle_file

from tests.media.clips import numbered_clip
from tests.web.conftest import API_TOKEN

if TYPE_CHECKING:
    from tests.ui.serving import Served

BEARER = {"Authorization": f"Bearer {API_TOKEN}"}


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "private-film.mp4", 20)


def test_a_job_is_known_to_nobody_without_its_name(server: Served, client: httpx.Client, film: Path) -> None:
    begun = client.post(
        "/v1/caption",
        files={"video": (film.name, film.read_bytes(), "video/mp4")},
        data={"background": "true"},
        headers=BEARER,
    )
    name = begun.json()["id"]
    assert len(name) >= 32
    with httpx.Client(base_url=server.address, headers=BEARER, timeout=60) as stranger:
        for guess in (name[:-1], name[:-1] + ("a" if name[-1] != "a" else "b"), name.lower(), "", "*", "%00"):
            assert stranger.get(f"/v1/jobs/{guess}").status_code in {404, 405}, guess
            assert stranger.delete(f"/v1/jobs/{guess}").status_code in {404, 405}, guess
    assert client.get(f"/v1/jobs/{name}", headers=BEARER).status_code == 200


def test_an_event_is_told_once_and_to_whoever_knows_it(server: Served, client: httpx.Client, film: Path) -> None:
    path = client.post("/gradio_api/upload", files={"files": (film.name, film.read_bytes(), "video/mp4")}).json()[0]
    body = {"video": {"path": path, "meta": {"_type": "gradio.FileData"}}}
    event = client.post("/gradio_api/call/v2/caption", json=body, headers=BEARER).json()["event_id"]
    with httpx.Client(base_url=server.address, timeout=20) as stranger:
        guess = event[:-1] + ("0" if event[-1] != "0" else "1")
        with suppress(httpx.RemoteProtocolError):  # Gradio breaks such an answer off
            assert "event: complete" not in stranger.get(f"/gradio_api/call/caption/{guess}").text
        for session in ("", "a", secrets.token_hex(6)):
            stranger.post("/gradio_api/cancel", json={"session_hash": session, "fn_index": 0, "event_id": event})
            stranger.post("/gradio_api/reset", json={"event_id": guess})
    assert "event: complete" in client.get(f"/gradio_api/call/caption/{event}").text


def test_what_one_session_keeps_no_other_session_sees(server: Served, film: Path) -> None:
    one, other = (Client(server.address, verbose=False, headers=BEARER) for _ in range(2))
    assert one.session_hash != other.session_hash
    said = one.predict(handle_file(film), api_name="/caption")
    assert said["caption"]
    for address in ("/config", "/gradio_api/info", "/"):
        seen = httpx.get(f"{server.address}{address.lstrip('/')}", timeout=60).text
        assert film.name not in seen
        assert one.session_hash not in seen


def test_files_are_found_only_by_their_whole_name(server: Served, client: httpx.Client, film: Path) -> None:
    path = Path(client.post("/gradio_api/upload", files={"files": (film.name, film.read_bytes())}).json()[0])
    assert client.get(f"/gradio_api/file={path}").content == film.read_bytes()
    folder = path.parent
    guesses = [
        folder,
        folder.parent,
        f"{folder}/",
        f"{folder.parent}/{'0' * 64}/{film.name}",
        f"{folder}/*",
        f"{path}..",
    ]
    guesses += [f"{folder.parent}/{folder.name[:-1]}?/{film.name}", f"{folder.parent}/./", f"{folder.parent}/visitor-"]
    for guess in guesses:
        assert client.get(f"/gradio_api/file={guess}").status_code in {403, 404}, guess


def test_a_made_up_upload_deletes_nothing(server: Served, client: httpx.Client, film: Path) -> None:
    """The page's own events can be sent by anybody, with any path below the folder of uploads."""
    path = Path(client.post("/gradio_api/upload", files={"files": (film.name, film.read_bytes())}).json()[0])
    uploads = path.parent.parent
    config = client.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    events = [
        (event["id"], len(event["inputs"]), kinds[target])
        for event in config["dependencies"]
        for target, name in event["targets"]
        if name == "upload"
    ]
    assert {kind for *_, kind in events} >= {"video", "uploadbutton", "file"}
    before = set(uploads.rglob("*"))
    for number, inputs, kind in events:
        for made_up in (uploads / "nothing.json", uploads, uploads.parent, *uploads.glob("*/*.mp4")):
            if made_up == path:
                continue
            file = {"path": str(made_up), "orig_name": made_up.name, "meta": {"_type": "gradio.FileData"}}
            data = [[file] if kind == "file" else file, *[None] * (inputs - 1)]
            session = secrets.token_hex(6)
            asked = {"data": data, "fn_index": number, "session_hash": session}
            assert client.post("/gradio_api/queue/join", json=asked).status_code in {200, 422}
            with suppress(httpx.RemoteProtocolError):
                told = client.get("/gradio_api/queue/data", params={"session_hash": session}).text
                assert "process_completed" in told
    assert set(uploads.rglob("*")) >= before
    assert client.get(f"/gradio_api/file={path}").content == film.read_bytes()


@pytest.mark.parametrize("path", ["/etc/passwd", "{root}/app.py", "{files}/../../server.log"])
def test_an_endpoint_reads_no_file_that_was_not_uploaded(server: Served, client: httpx.Client, path: str) -> None:
    named = path.format(root=Path.cwd(), files=server.files)
    body = {"video": {"path": named, "meta": {"_type": "gradio.FileData"}}}
    asked = client.post("/gradio_api/call/v2/caption", json=body)
    if asked.status_code == 200:
        said = client.get(f"/gradio_api/call/caption/{asked.json()['event_id']}").text
        assert "event: error" in said
        assert "root:" not in said
