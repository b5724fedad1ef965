"""What Gradio would do by itself, and does not here."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.media.clips import numbered_clip
from tests.ui.conftest import QUICK, scripted
from tests.ui.serving import Served, files_in, serve
from tests.warm import run_warm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SPY = """#!/bin/sh
echo "$0 $*" >>"$(dirname "$0")/calls"
exit 1
"""


@pytest.fixture(scope="module")
def spied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A server on a machine with ffmpeg and ffprobe, which note that they were called."""
    programs = tmp_path_factory.mktemp("programs")
    for name in ("ffmpeg", "ffprobe"):
        (programs / name).write_text(_SPY)
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    assert subprocess.run(["ffprobe"], env={"PATH": path}, check=False).returncode == 1
    (programs / "calls").unlink()
    with serve(scripted(QUICK), tmp_path_factory.mktemp("spied"), PATH=path) as served:
        yield served, programs / "calls"


def load(client: httpx.Client, session: str, file: Path) -> dict[str, Any]:
    """Upload a file and load it on the page, as its script does; return what the event ended with."""
    path = client.post("/gradio_api/upload", files={"files": (file.name, file.read_bytes())}).json()[0]
    config = client.get("/config").json()
    kinds = {component["id"]: component["type"] for component in config["components"]}
    event = next(
        event["id"]
        for event in config["dependencies"]
        for target, name in event["targets"]
        if (name, kinds.get(target)) == ("upload", "video") and event["backend_fn"]
    )
    video = {"path": path, "orig_name": file.name, "meta": {"_type": "gradio.FileData"}}
    client.post("/gradio_api/queue/join", json={"data": [video], "fn_index": event, "session_hash": session})
    with (
        suppress(httpx.RemoteProtocolError),
        client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream,
    ):
        for line in stream.iter_lines():
            if '"msg":"process_completed"' in line:
                return json.loads(line.removeprefix("data: "))  # type: ignore[no-any-return]
    pytest.fail("the event did not end")


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv", ".avi"])
def test_no_program_of_the_machine_touches_a_visitors_file(
    spied: tuple[Served, Path], tmp_path: Path, suffix: str
) -> None:
    served, calls = spied
    with httpx.Client(base_url=served.address, timeout=60) as client:
        said = load(client, f"session{suffix[1:]}", numbered_clip(tmp_path / f"film{suffix}", 20))
    assert said["success"], said
    called = calls.read_text("utf-8") if calls.exists() else ""
    assert str(served.files) not in called  # Gradio asks at its start whether there is an ffmpeg
    (shown,) = served.files.glob("vidtext-server-*/shown")
    assert not files_in(shown, "tmp*")


def said_by(script: str, folder: Path, *words: str) -> list[str]:
    """Run a script in a process of its own; return the words that it prints."""
    (folder / "script.py").write_text(script)
    status, said = run_warm([str(folder / "script.py"), *words], folder)
    assert status == 0, said
    return said.split()


def test_copies_have_other_names_in_every_process(tmp_path: Path) -> None:
    film = numbered_clip(tmp_path / "film.mp4", 5)
    script = (
        "import sys; from gradio.processing_utils import save_file_to_cache\n"
        "from vidtext.web.gradio_bounds import bound_gradio\n"
        "bound_gradio(); print(*(save_file_to_cache(sys.argv[1], sys.argv[2]) for _ in range(2)))"
    )
    names = set()
    for _ in range(2):
        first, second = said_by(script, tmp_path, str(film), str(tmp_path / "cache"))
        assert first == second  # the page finds the copy of an example again
        names.add(first)
    assert len(names) == 2


def test_a_session_costs_no_copy_of_the_page(tmp_path: Path) -> None:
    script = (
        "import gradio as gr\n"
        "from vidtext.web.gradio_bounds import bound_gradio\n"
        "bound_gradio()\n"
        "from gradio import state_holder\n"
        "with gr.Blocks() as page:\n"
        "    box, state = gr.Textbox('words'), gr.State(7)\n"
        "session = state_holder.SessionState(page)\n"
        "print(len(session.config_values), session[state._id], session[box._id].value)"
    )
    assert said_by(script, tmp_path) == ["0", "7", "words"]


@pytest.mark.parametrize("session", ["a" * 65, "a" * 500_000, "a b", "a\nb", "\u00e9", ""])
def test_a_session_has_a_short_name(spied: tuple[Served, Path], session: str) -> None:
    body = {"data": [], "fn_index": 0, "session_hash": session}
    with httpx.Client(base_url=spied[0].address, timeout=60) as client:
        assert client.post("/gradio_api/queue/join", json=body).status_code == 400
        assert 400 <= client.post("/gradio_api/run/predict", json=body).status_code < 500


def test_sessions_that_nobody_listens_to_are_forgotten(tmp_path: Path) -> None:
    script = (
        "import asyncio, types\n"
        "from vidtext.settings import Settings\n"
        "from vidtext.web import gradio_requests as bounded\n"
        "async def join(queue, body, request, username):\n"
        "    queue.pending_event_ids_session[body.session_hash] = {'event of ' + body.session_hash}\n"
        "    return True, 'event', 'success'\n"
        "bounded._push_of_gradio = join\n"
        "queue = types.SimpleNamespace(pending_event_ids_session={}, event_ids_to_events={'event of s0': None})\n"
        "for n in range(3000):\n"
        "    asyncio.run(bounded._push(queue, types.SimpleNamespace(session_hash=f's{n}'), None, None))\n"
        "print(len(queue.pending_event_ids_session), 's0' in queue.pending_event_ids_session)"
    )
    size, at_work_stays = said_by(script, tmp_path)
    assert 2000 <= int(size) <= 2002
    assert at_work_stays == "True"


def test_an_upload_holds_no_more_files_than_a_client_may_leave_unused(spied: tuple[Served, Path]) -> None:
    with httpx.Client(base_url=spied[0].address, timeout=60) as client:
        files = [("files", (f"{n}.mp4", b"film")) for n in range(101)]
        assert client.post("/gradio_api/upload", files=files).status_code == 400
        assert client.post("/gradio_api/upload", files=files[:30]).status_code == 200
