from __future__ import annotations

import asyncio
import base64
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.media.clips import numbered_clip

if TYPE_CHECKING:
    from tests.ui.serving import Served


def call(served: Served, **arguments: Any) -> tuple[str, Any]:
    """Call `/caption` as one does with curl; return the closing event and its data."""
    request = urllib.request.Request(
        f"{served.address}gradio_api/call/v2/caption",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{served.address}gradio_api/call/caption/{event}", timeout=60) as answer:
        lines = answer.read().decode().strip().splitlines()
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


def upload(served: Served, path: Path) -> dict[str, Any]:
    boundary = "vidtext"
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'.encode()
        + path.read_bytes()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    request = urllib.request.Request(
        f"{served.address}gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return {"path": json.load(answer)[0], "meta": {"_type": "gradio.FileData"}}


def test_an_uploaded_video_is_captioned(quick: Served, tmp_path: Path) -> None:
    event, data = call(quick, video=upload(quick, numbered_clip(tmp_path / "clip.mp4", 40)), every_seconds=2)
    assert event == "complete"
    assert data[0]["caption"] == "Sentence 1 of <b>clip.mp4</b>.\nSentence 2 of <b>clip.mp4</b>."
    assert data[0]["segments"][1] == {
        "start_seconds": 2.0,
        "stop_seconds": 4.0,
        "text": "Sentence 2 of <b>clip.mp4</b>.",
    }
    assert data[0]["model"] == "embedded"
    assert len(data[0]["notes"]) == 1


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_is_not_read(quick: Served, tmp_path: Path, meta: dict[str, Any]) -> None:
    clip = numbered_clip(tmp_path / "private.mp4", 10)
    for video in [str(clip), {"path": str(clip), **meta}, {"path": f"{quick.files}/../{clip.name}", **meta}, {}]:
        assert call(quick, video=video)[0] == "error"
    assert "private" not in "".join(quick.worked())


def test_what_is_wrong_is_told_as_text(quick: Served) -> None:
    event, data = call(quick, video="</script>&")
    assert event == "error"
    assert data["error"].startswith("'</script>&' is not an http(s) address")


def test_a_folder_is_not_a_model_for_strangers(quick: Served, tmp_path: Path) -> None:
    video = upload(quick, numbered_clip(tmp_path / "clip.mp4", 10))
    event, data = call(quick, video=video, model=str(tmp_path))
    assert event == "error"
    assert "There is no model" in json.dumps(data)


TASKS = ["caption", "chapters", "summary", "chat"]


def test_the_tasks_can_be_called_and_nothing_else(quick: Served) -> None:
    with urllib.request.urlopen(f"{quick.address}gradio_api/info", timeout=30) as answer:
        named = json.load(answer)["named_endpoints"]
    assert list(named) == [f"/{name}" for name in TASKS]
    parameters = [parameter["parameter_name"] for parameter in named["/caption"]["parameters"]]
    assert parameters[:2] == ["video", "every_seconds"]


def test_a_python_client_calls_every_task(quick: Served, tmp_path: Path) -> None:
    client = Client(quick.address, verbose=False)
    video = handle_file(str(numbered_clip(tmp_path / "clip.mp4", 40)))
    assert client.predict(video, every_seconds=2, api_name="/caption")["segments"][1]["start_seconds"] == 2.0
    assert len(client.predict(video, count=2, api_name="/chapters")["chapters"]) == 2
    assert client.predict(video, length="short", api_name="/summary")["summary"].endswith("short.")
    earlier = [{"role": "user", "content": "What moves?"}, {"role": "assistant", "content": "A ball."}]
    answer = client.predict(video, "Which way?", earlier, api_name="/chat")
    assert answer["answer"].startswith("Answer 2 on: Which way?")
    with pytest.raises(AppError, match="length: Input should be "):
        client.predict(video, length="endless", api_name="/summary")


def test_a_model_that_uses_tools_finds_the_tasks_and_nothing_else(quick: Served, tmp_path: Path) -> None:
    video = "data:video/mp4;base64," + base64.b64encode(numbered_clip(tmp_path / "clip.mp4", 40).read_bytes()).decode()

    async def use() -> tuple[list[Any], Any]:
        async with (
            streamable_http_client(f"{quick.address}gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            return tools, await session.call_tool(tools[0].name, {"video": video, "every_seconds": 2})

    with ThreadPoolExecutor(1) as executor:  # Playwright has a loop in this thread
        tools, result = executor.submit(lambda: asyncio.run(use())).result()
    assert [tool.name.removesuffix("_") for tool in tools] == TASKS
    assert all(len(tool.description) > 60 for tool in tools)
    assert not result.isError
    assert "Sentence 2 of" in result.content[0].text
