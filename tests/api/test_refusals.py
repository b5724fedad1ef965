"""What is refused, and how that is told."""

from __future__ import annotations

import base64
import io
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.api.conftest import FOREVER, Serving
from tests.api.test_tasks import base64_of

KINDS = {71: (429, "BusyError"), 72: (507, "NoMemoryError"), 73: (503, "ModelUnavailableError")}


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["title"]
    return document


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"video": "x", "fit": "oval"}, "fit", "'crop', 'pad' or 'squash'"),
        ({"video": "x", "max_length": 0}, "max_length", "greater than or equal to 1"),
        ({"video": "x", "every_seconds": -1}, "every_seconds", "greater than 0"),
        ({"video": "x", "speed": 2}, "speed", "not permitted"),
        ({"video": 3}, "video", "string"),
        ({"videos": []}, "videos", "at least 1"),
        ({"videos": [{"video": "x", "max_length": 1000}]}, "videos.0.max_length", "less than or equal to 256"),
        ({}, "body", "give one of video, videos and frames"),
        ({"video": "x", "frames": ["y"]}, "body", "give one of"),
        ({"frames": ["y"], "frame_seconds": [1, 2]}, "body", "one time for each"),
        ([], "body", "valid dictionary"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_given_and_what_is_allowed(
    api: httpx.Client, body: object, field: str, allowed: str
) -> None:
    document = problem(api.post("/v1/caption", json=body), 422)
    (error,) = document["errors"]
    assert error["field"] == field
    assert allowed in error["allowed"]
    assert error["given"]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "Hello."}],
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        [{"role": "system", "content": "a"}],
        [{"role": "judge", "content": "a"}],
    ],
)
def test_messages_that_are_no_conversation(api: httpx.Client, messages: list[dict[str, str]]) -> None:
    problem(api.post("/v1/chat", json={"video": "x", "messages": messages}), 422)


@pytest.mark.parametrize(
    ("video", "kind"),
    [
        ("/etc/passwd", "SourceRefusedError"),
        ("file:///etc/passwd", "SourceRefusedError"),
        ("http://127.0.0.1/clip.mp4", "SourceRefusedError"),
        ("http://169.254.169.254/latest", "SourceRefusedError"),
        ("ftp://example.com/clip.mp4", "SourceRefusedError"),
        ("data:text/html;base64,AAAA", "SourceError"),
    ],
)
def test_files_of_the_server_and_addresses_within_its_network_are_not_opened(
    api: httpx.Client, video: str, kind: str
) -> None:
    assert problem(api.post("/v1/caption", json={"video": video}), 422)["type"] == f"urn:vidtext:{kind}"


def test_a_folder_is_not_a_model_for_strangers(api: httpx.Client, clip: Path, tmp_path: Path) -> None:
    document = problem(api.post("/v1/caption", json={"video": base64_of(clip), "model": str(tmp_path)}), 422)
    assert document["detail"].startswith(f"There is no model '{tmp_path}'. Choose one of auto, ")


@pytest.mark.parametrize("tokens", KINDS)
def test_errors_of_the_work_have_their_status(api: httpx.Client, clip: Path, tokens: int) -> None:
    status, kind = KINDS[tokens]
    answer = api.post("/v1/caption", json={"video": base64_of(clip), "max_length": tokens})
    assert problem(answer, status)["type"] == f"urn:vidtext:{kind}"
    assert ("retry-after" in answer.headers) == (status in (429, 503))


def test_a_defect_tells_nothing_of_itself(api: httpx.Client, clip: Path) -> None:
    answer = api.post("/v1/caption", json={"video": base64_of(clip), "max_length": 74})
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_what_is_neither_json_nor_a_form(api: httpx.Client) -> None:
    problem(api.post("/v1/caption", content=b"{", headers={"content-type": "application/json"}), 400)
    problem(api.post("/v1/caption", content=b"[" * 15_000, headers={"content-type": "application/json"}), 400)
    problem(api.post("/v1/caption", content=b"x", headers={"content-type": "text/plain"}), 415)
    problem(api.post("/v1/caption"), 415)
    problem(api.post("/v1/caption", content=b"x", headers={"content-type": "multipart/form-data"}), 400)
    problem(api.post("/v1/caption", files={"film": b"x"}), 422)
    problem(api.put("/v1/caption"), 405)
    problem(api.get("/v1/films"), 404)


def test_too_large_is_refused_before_it_is_read_whole(serve_with, clip: Path) -> None:
    served: Serving = serve_with(api__max_json_bytes=5000, limits__max_source_bytes=9000)
    document = problem(served.client.post("/v1/caption", json={"video": "A" * 6000}), 413)
    assert "5,000 bytes" in document["detail"]
    problem(served.client.post("/v1/caption", files={"video": b"A" * 10_000}), 413)
    host, port = served.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /v1/caption HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(6):  # 6,000 bytes of a body whose end never comes
            connection.sendall(b"3e8\r\n" + b"A" * 1000 + b"\r\n")
        assert b" 413 " in connection.recv(1000)


def test_too_many_requests_are_told_when_to_come_again(serve_with) -> None:
    served: Serving = serve_with(api__requests_per_minute=3)
    assert [served.client.get("/v1/models").status_code for _ in range(3)] == [200] * 3
    answer = served.client.get("/v1/models")
    problem(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_a_token_is_wanted_where_one_is_set(serve_with) -> None:
    served: Serving = serve_with(api__token="open sesame")
    answer = served.client.get("/v1/models")
    problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    for wrong in ("open sesam", "open sesame!", "x", "ö"):
        headers = {"authorization": f"Bearer {wrong}".encode()}
        assert served.client.get("/v1/models", headers=headers).status_code == 401
    assert served.client.get("/v1/models", headers={"authorization": "Bearer open sesame"}).status_code == 200


def test_a_token_is_not_in_what_settings_say_of_themselves() -> None:
    from vidtext.settings import Settings

    assert "sesame" not in repr(Settings().override(api__token="sesame"))


def test_pictures_that_are_small_in_the_request_and_large_in_memory(api: httpx.Client) -> None:
    said = io.BytesIO()
    Image.new("L", (5900, 5900)).save(said, "PNG")
    picture = base64.b64encode(said.getvalue()).decode()
    assert len(picture) < 100_000
    answer = api.post("/v1/caption", json={"frames": [picture] * 20})
    document = problem(answer, 413)
    assert document["detail"].startswith("frames.5: ")
    assert "536,870,912 bytes" in document["detail"]


def test_many_values_are_refused_before_they_are_read(api: httpx.Client) -> None:
    many = {str(number): 1 for number in range(25_000)}
    assert "20,000 are allowed" in problem(api.post("/v1/caption", json=many), 413)["detail"]


def test_of_many_wrong_fields_the_first_are_named(api: httpx.Client) -> None:
    document = problem(api.post("/v1/caption", json={str(number): 1 for number in range(15_000)}), 422)
    assert len(document["errors"]) == 10


def test_fields_of_a_form_are_small(api: httpx.Client, clip: Path) -> None:
    answer = api.post("/v1/caption", files={"video": clip.read_bytes()}, data={"model": "x" * (2 << 20)})
    assert 400 <= answer.status_code < 500


def test_an_upload_without_room_leaves_nothing_behind(serve_with, clip: Path, tmp_path: Path, monkeypatch) -> None:
    served: Serving = serve_with(api__max_jobs_per_client=1)
    begun = {"video": base64_of(clip), "max_length": FOREVER, "background": True}
    job = served.client.post("/v1/caption", json=begun).json()
    (tmp_path / "files").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "files"))
    problem(served.client.post("/v1/caption", files={"video": clip.read_bytes()}), 429)
    assert list((tmp_path / "files").iterdir()) == []
    served.client.delete(f"/v1/{job['url']}")


def test_the_disk_is_looked_at_while_an_upload_comes(serve_with, monkeypatch: pytest.MonkeyPatch) -> None:
    served: Serving = serve_with()
    looks = iter([True])
    monkeypatch.setattr("vidtext.api.gate.disk_has_room", lambda *_: next(looks, False))
    document = problem(served.client.post("/v1/caption", files={"video": bytes(20 << 20)}), 507)
    assert document["type"] == "urn:vidtext:DiskFull"
