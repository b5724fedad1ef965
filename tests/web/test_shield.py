"""What is not let in, and what browsers are told: asked as a stranger would."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

import vidtext
from tests.media.clips import numbered_clip
from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, serve
from tests.web.conftest import API_TOKEN, HUB_TOKEN, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = str(Path(vidtext.__file__).parents[1])

CLOSED = [
    "/gradio_api/proxy=https://example.com/",
    "/gradio_api/file=http://127.0.0.1:1/clip.mp4",
    "/gradio_api/file=HTTPS://example.com/clip.mp4",
    "/gradio_api/file=/https://example.com/clip.mp4",
    "/gradio_api/component_server",
    "/gradio_api/vibe-code",
    "/gradio_api/vibe-edit/",
    "/gradio_api/dev/reload",
    "/gradio_api/run-history/records",
    "/gradio_api/process_recording",
    "/gradio_api/profiling/traces",
    "/gradio_api/deep_link?session_hash=a",
    "/gradio_api/custom_component/a/b/c/d",
    "/monitoring",
    "/monitoring/summary",
    "/openapi.json",
    "/redoc",
    "/.env",
    "/app.py",
]

OUTSIDE = [
    "/etc/passwd",
    "/proc/self/environ",
    f"{ROOT}/app.py",
    f"{ROOT}/vidtext/settings.py",
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/etc/passwd%00.mp4",
    "file:///etc/passwd",
    "",
]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a password and a disk that is too full."""
    with serve(
        scripted(QUICK),
        tmp_path_factory.mktemp("locked"),
        VIDTEXT_SERVER__AUTH=f"guard:{PASSWORD}",
        VIDTEXT_SERVER__MIN_FREE_DISK_BYTES=str(1 << 60),
    ) as served:
        yield served


@pytest.mark.parametrize("path", CLOSED)
def test_what_gradio_has_and_the_page_does_not_need_is_not_there(client: httpx.Client, path: str) -> None:
    for ask in (client.get, client.post):
        assert ask(path).status_code == 404


@pytest.mark.parametrize("path", OUTSIDE)
def test_files_of_the_server_are_not_handed_out(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/gradio_api/file={path}")
    assert answer.status_code in {403, 404}
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_private_files_lie_where_no_address_leads(server: Served, client: httpx.Client) -> None:
    (run,) = server.files.glob("vidtext-server-*")
    assert run.stat().st_mode & 0o77 == 0
    (run / "private" / "secret.mp4").write_bytes(b"secret")
    for path in (run / "private" / "secret.mp4", run / "shown" / ".." / "private" / "secret.mp4", run / ".lock"):
        assert client.get(f"/gradio_api/file={quote(str(path))}").status_code == 403


def upload(client: httpx.Client, name: str, content: bytes) -> httpx.Response:
    return client.post("/gradio_api/upload", files={"files": (name, content, "video/mp4")})


def test_equal_uploads_have_names_that_nobody_can_tell(client: httpx.Client) -> None:
    paths = [Path(upload(client, "a.mp4", b"the same film").json()[0]) for _ in range(2)]
    assert paths[0].parent != paths[1].parent
    assert all(re.fullmatch("[0-9a-f]{64}", path.parent.name) for path in paths)


@pytest.mark.parametrize(
    "name",
    ["../../../escaped.mp4", "..\\..\\escaped.mp4", "/tmp/escaped.mp4", "a" * 4096 + ".mp4", "\u202egpm.mp4",
     "🎞️ film.mp4", "<img src=x onerror=alert(1)>.mp4", "a\tb.mp4", "con.mp4", ".mp4"],
)  # fmt: skip
def test_whatever_an_upload_is_called_it_stays_in_its_folder(server: Served, client: httpx.Client, name: str) -> None:
    answer = upload(client, name, b"film")
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        path = Path(answer.json()[0])
        (shown,) = server.files.glob("vidtext-server-*/shown")
        assert path.parent.parent == shown
        assert path.read_bytes() == b"film"
    assert not Path("/tmp/escaped.mp4").exists()


def test_a_null_byte_in_a_name_harms_nobody(client: httpx.Client) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a\0b.mp4"\r\n\r\nfilm\r\n--x--\r\n'
    answer = client.post(
        "/gradio_api/upload", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in {200, 400}
    assert client.get("/healthz").text == "alive"


def test_too_much_is_refused_before_it_is_read(client: httpx.Client) -> None:
    answer = client.post("/gradio_api/queue/join", content=b"x" * (1 << 17))
    assert answer.status_code == 413
    assert "65,536 bytes" in answer.text

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * (1 << 14)

    assert client.post("/gradio_api/queue/join", content=endless()).status_code in {400, 413}
    assert upload(client, "a.mp4", bytes(6 << 20)).status_code == 413
    assert client.get("/healthz").status_code == 200


def test_headers_tell_browsers_what_the_page_may_do(client: httpx.Client) -> None:
    page = client.get("/")
    policy = page.headers["content-security-policy"]
    scripts = re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page.content, re.DOTALL)
    assert scripts
    for script in scripts:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    for answer in (page, client.get("/config"), client.get("/healthz"), client.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    film = Path(upload(client, "page.html", b"<script>alert(1)</script>").json()[0])
    shown = client.get(f"/gradio_api/file={film}")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert shown.headers["content-disposition"].startswith("attachment")


def test_nothing_tells_where_the_server_lives_or_what_it_knows(client: httpx.Client) -> None:
    said = [client.get(path) for path in ("/", "/config", "/gradio_api/info", "/gradio_api/openapi.json", "/nothing")]
    said.append(client.get("/v1/openapi.json", headers={"Authorization": f"Bearer {API_TOKEN}"}))
    said += [client.post("/gradio_api/queue/join", json={"fn_index": 99999, "data": []}), client.post("/v1/caption")]
    said += [client.post("/gradio_api/call/caption", json={"data": [{"path": "/etc/passwd"}]})]
    for answer in said:
        for secret in (ROOT, str(Path.home()) + "/", API_TOKEN, HUB_TOKEN, "Traceback"):
            assert secret not in answer.text, (answer.url, secret)


def test_a_password_closes_everything_but_health(locked: Served) -> None:
    with httpx.Client(base_url=locked.address, timeout=60) as stranger:
        assert stranger.get("/healthz").status_code == 200
        closed = ["/config", "/gradio_api/info", "/gradio_api/file=/tmp/a.mp4", "/v1/models", "/v1/docs"]
        for path in closed:
            assert stranger.get(path).status_code == 401, path
        assert "gradio_config" not in stranger.get("/").text or '"auth_required":true' in stranger.get("/").text
        posted = {
            "/gradio_api/queue/join": {"data": [], "fn_index": 0, "session_hash": "a"},
            "/gradio_api/call/caption": {"data": []},
            "/v1/caption": {"video": "https://example.com/a.mp4"},
            "/gradio_api/mcp/": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        }
        for path, body in posted.items():
            headers = {"Accept": "application/json, text/event-stream"}
            answer = stranger.post(path, json=body, headers=headers)
            assert answer.status_code == 401, (path, answer.status_code, answer.text[:200])
        assert upload(stranger, "a.mp4", b"film").status_code in {401, 507}

        statuses = [
            stranger.post("/login", data={"username": "guard", "password": f"{n}"}).status_code for n in range(12)
        ]
        assert statuses[0] == 400
        assert statuses[-1] == 429


def test_a_full_disk_takes_no_videos_and_everything_else_goes_on(locked: Served, server: Served) -> None:
    with httpx.Client(base_url=locked.address, timeout=60) as stranger:
        stranger.post("/login", data={"username": "guard", "password": PASSWORD})
        answer = upload(stranger, "a.mp4", b"film")
        assert answer.status_code == 507
        assert "disk is nearly full" in answer.text
        ready = stranger.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["the disk has room"] is False


def test_the_log_tells_no_names_and_no_words(server: Served, client: httpx.Client, tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "a-private-name.mp4", 10)
    path = upload(client, clip.name, clip.read_bytes()).json()[0]
    client.get(f"/gradio_api/file={path}")
    body = {"video": {"path": path, "meta": {"_type": "gradio.FileData"}}, "question": "a private question"}
    event = client.post("/gradio_api/call/v2/chat", json=body).json()["event_id"]
    assert client.get(f"/gradio_api/call/chat/{event}").status_code == 200
    log = server.server_log.read_text("utf-8")
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {"route": "/gradio_api/upload", "status": 200}.items() <= next(
        line for line in lines if line.get("route") == "/gradio_api/upload"
    ).items()
    for secret in ("a-private-name", "a private question", Path(path).parent.name, event, API_TOKEN, HUB_TOKEN):
        assert secret not in log, secret


def test_numbers_are_told_to_prometheus(client: httpx.Client) -> None:
    told = client.get("/metrics").text
    assert re.search(r'^vidtext_requests_total\{status="200"\} [0-9.]+$', told, re.MULTILINE)
    for name in ("vidtext_jobs_working", "vidtext_jobs_waiting", "vidtext_memory_bytes", "vidtext_threads"):
        assert re.search(rf"^{name} [0-9.e+]+$", told, re.MULTILINE)


def test_gradio_fetches_nothing_for_a_visitor(client: httpx.Client) -> None:
    file = {"path": "https://example.com/film.mp4", "meta": {"_type": "gradio.FileData"}}
    asked = client.post("/gradio_api/call/v2/caption", json={"video": file})
    said = client.get(f"/gradio_api/call/caption/{asked.json()['event_id']}").text
    assert "event: error" in said
    assert "cannot be given by its address" in said


def test_a_form_holds_files_and_little_else(client: httpx.Client) -> None:
    answer = client.post("/gradio_api/upload", files={"files": ("a.mp4", b"film")}, data={"more": "x" * (1 << 17)})
    assert answer.status_code == 400


def test_no_empty_files_are_left_behind_lists_of_files(server: Served, client: httpx.Client) -> None:
    config = client.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    (event,) = (
        event["id"]
        for event in config["dependencies"]
        for target, name in event["targets"]
        if name == "upload" and kinds[target] == "file"
    )
    path = upload(client, "a.mp4", b"film").json()[0]
    file = {"path": path, "orig_name": "a.mp4", "meta": {"_type": "gradio.FileData"}}
    (shown,) = server.files.glob("vidtext-server-*/shown")
    before = set(shown.iterdir())
    session = "a" * 10
    client.post("/gradio_api/queue/join", json={"data": [[file] * 50], "fn_index": event, "session_hash": session})
    with suppress(httpx.RemoteProtocolError):
        assert "process_completed" in client.get("/gradio_api/queue/data", params={"session_hash": session}).text
    assert set(shown.iterdir()) == before
