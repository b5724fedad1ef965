"""Every way in that exists, asked to open paths of the server: one answer for all, nothing opened, nothing copied."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from gradio.utils import component_or_layout_class

from tests.media.clips import numbered_clip
from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, files_in, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "a-secret-of-the-server"
NEVER_UPLOADED = "0" * 64


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = {"VIDTEXT_API__REQUESTS_PER_MINUTE": "100000", "VIDTEXT_API__MAX_JOBS_PER_CLIENT": "100"}
    with serve(scripted(QUICK), tmp_path_factory.mktemp("open"), **limits) as served:
        yield served


@pytest.fixture(scope="module")
def client(open_server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=open_server.address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def paths(open_server: Served, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What lies outside the uploads, and what does not exist; then what a visitor has, and what nobody has."""
    outside = tmp_path_factory.mktemp("outside")
    video = numbered_clip(outside / f"{SECRET}.mp4", 10)
    (run,) = open_server.files.glob("vidtext-server-*")
    numbered_clip(run / "private" / f"{SECRET}.mp4", 10)
    shown = run / "shown"
    visitor = shown / f"visitor-{'1' * 32}"
    (visitor / "folder.mp4").mkdir(parents=True)
    reel = numbered_clip(visitor / f"{SECRET}.mp4", 10)
    link = outside / "link.mp4"
    link.symlink_to(video)
    return [
        str(path)
        for path in (
            outside / "no-such-file.mp4",
            video,
            link,
            "/etc/passwd",
            "/etc/no-such-file",
            f"{shown}/../private/{SECRET}.mp4",
            reel,
            visitor / "folder.mp4",
            shown / NEVER_UPLOADED / "film.mp4",
        )
    ]


def named(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def events_that_take_files(client: httpx.Client) -> list[tuple[int, int, list[Any], bool]]:
    """Return the events of the page that take files: each with the place of that, all values, and whether it waits."""
    config = client.get("/config").json()
    components = {component["id"]: component for component in config["components"]}

    def takes_files(component: dict[str, Any]) -> bool:
        if component["type"] == "api":  # an endpoint's argument, which is no component
            return False
        return "upload" in map(str, getattr(component_or_layout_class(component["type"]), "EVENTS", ()))

    found = []
    for event in config["dependencies"]:
        inputs = [components[number] for number in event["inputs"]]
        values = [component["props"].get("value") for component in inputs]
        found += [(event["id"], at, values, event["queue"]) for at, each in enumerate(inputs) if takes_files(each)]
    return found


def outcome(client: httpx.Client, event: int, data: list[Any], session: str, *, queued: bool) -> str:
    """Send an event of the page as its script does, and return all that is said about it."""
    body = {"data": data, "fn_index": event, "session_hash": session}
    if not queued:
        return client.post("/gradio_api/run/predict", json=body).text
    assert client.post("/gradio_api/queue/join", json=body).status_code == 200
    said: list[str] = []
    with (
        suppress(httpx.RemoteProtocolError),
        client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream,
    ):
        for line in stream.iter_lines():
            if '"msg":"process_completed"' in line:
                message = json.loads(line.removeprefix("data: "))
                said.append(json.dumps([message["success"], message["output"].get("error")]))
                break
    return "".join(said)


def everywhere_the_same(paths: list[str], ask: Callable[[str], str], *, as_text: bool = False) -> None:
    """Ask with each path; what is said may only differ by whether the path lies among the uploads by its name."""
    if as_text:  # what is no path by its form is refused in other words, and what is long is quoted in part
        paths = [path for path in paths if path.startswith("/") and len(path) < 60]
    among_uploads = [path for path in paths if "/shown/" in path and ".." not in path]
    for group in (among_uploads, [path for path in paths if path not in among_uploads]):
        answers = {path: ask(path).replace(path, "PATH") for path in group}
        assert len(set(answers.values())) <= 1, "\n".join(f"{path}: {said[-300:]}" for path, said in answers.items())


def test_events_of_the_page(client: httpx.Client, paths: list[str], open_server: Served) -> None:
    events = events_that_take_files(client)
    assert len(events) > 4
    number = itertools.count()
    for event, at, values, queued in events:

        def ask(path: str) -> str:
            data = [*values[:at], named(path), *values[at + 1 :]]  # noqa: B023  (asked at once)
            return outcome(client, event, data, f"session{next(number)}", queued=queued)  # noqa: B023

        everywhere_the_same(paths, ask)
    nothing_was_opened(open_server)


def test_named_endpoints(client: httpx.Client, paths: list[str], open_server: Served) -> None:
    endpoints = client.get("/gradio_api/info").json()["named_endpoints"]
    assert endpoints
    for name, endpoint in endpoints.items():
        for parameter, wrap in itertools.product(endpoint["parameters"], (named, str, lambda path: [named(path)])):

            def ask(path: str) -> str:
                body = {parameter["parameter_name"]: wrap(path)}  # noqa: B023
                if parameter["parameter_name"] != "video":  # noqa: B023
                    body["video"] = named(path)
                asked = client.post(f"/gradio_api/call/v2{name}", json=body)  # noqa: B023
                if asked.status_code != 200:
                    return f"{asked.status_code} {asked.text}"
                return client.get(f"/gradio_api/call{name}/{asked.json()['event_id']}").text  # noqa: B023

            everywhere_the_same(paths, ask, as_text=wrap is str)
    nothing_was_opened(open_server)


def test_tools_of_mcp(client: httpx.Client, paths: list[str], open_server: Served) -> None:
    headers = {"Accept": "application/json, text/event-stream"}

    def call(method: str, **parameters: Any) -> str:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        return client.post("/gradio_api/mcp/", json=body, headers=headers).text

    tools = json.loads(call("tools/list").partition("data: ")[2])["result"]["tools"]
    assert tools
    for tool in tools:
        for argument, wrap in itertools.product(tool["inputSchema"]["properties"], (named, str)):

            def ask(path: str) -> str:
                arguments = {"video": named(path), argument: wrap(path)}  # noqa: B023
                return call("tools/call", name=tool["name"], arguments=arguments)  # noqa: B023

            everywhere_the_same(paths, ask, as_text=wrap is str)
    nothing_was_opened(open_server)


def test_the_http_api(client: httpx.Client, paths: list[str], open_server: Served) -> None:
    document = client.get("/v1/openapi.json").json()
    question = [{"role": "user", "content": "What moves?"}]
    asked = 0
    for path_of_api, methods in document["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            continue
        schema = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        more = {"messages": question} if "messages" in schema["properties"] else {}
        for field, wrap in itertools.product(
            schema["properties"], (str, lambda path: [path], lambda path: [{"video": path}], named)
        ):
            asked += 1

            def ask(path: str) -> str:
                return client.post(path_of_api, json={**more, field: wrap(path)}).text  # noqa: B023

            everywhere_the_same(paths, ask)
    assert asked > 10
    nothing_was_opened(open_server)


def test_addresses_of_files(client: httpx.Client, paths: list[str]) -> None:
    outside = [path for path in paths if "/shown" not in path]
    everywhere_the_same(outside, lambda path: client.get(f"/gradio_api/file={path}").text)


def nothing_was_opened(served: Served) -> None:
    assert not any(SECRET in line for line in served.worked())
    (shown,) = served.files.glob("vidtext-server-*/shown")
    assert [path.parent.name[:8] for path in files_in(shown, f"{SECRET}*")] == ["visitor-"]
    assert not files_in(shown, "passwd")
