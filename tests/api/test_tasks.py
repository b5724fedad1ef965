"""What each task takes and gives over HTTP."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.api.conftest import Serving, Toys
from tests.text.test_documents import ENDS
from tests.ui.serving import ROOT
from vidtext.api.bodies import body_of
from vidtext.api.work import Worker
from vidtext.job import Job
from vidtext.media.read.frames import Frames
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.registry import CAPTION


def base64_of(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def picture(kind: str = "PNG", size: tuple[int, int] = (32, 24)) -> str:
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, kind)
    return base64.b64encode(content.getvalue()).decode()


def test_a_video_in_base64_is_captioned(api: httpx.Client, clip: Path) -> None:
    answer = api.post("/v1/caption", json={"video": base64_of(clip), "max_length": 30})
    assert answer.status_code == 200
    assert answer.json() == {
        "caption": "A video.",
        "segments": [{"start_seconds": 0.0, "stop_seconds": 4.0, "text": "A video."}],
        "model": "auto",
        "notes": ["A note."],
    }


def test_a_data_uri_too_and_options_are_fields(api: httpx.Client, clip: Path) -> None:
    video = f"data:video/mp4;base64,{base64_of(clip)}"
    answer = api.post("/v1/caption", json={"video": video, "every_seconds": 1, "model": "embedded"}).json()
    assert (len(answer["segments"]), answer["model"]) == (4, "embedded")


def test_several_videos_get_a_result_or_a_problem_each_in_their_order(api: httpx.Client, clip: Path) -> None:
    good, broken = base64_of(clip), base64.b64encode(b"no video at all " * 40).decode()
    videos = [{"video": good, "max_length": 40}, {"video": broken}, {"video": good, "every_seconds": 2}]
    results = api.post("/v1/caption", json={"videos": videos}).json()["results"]
    assert [len(each.get("segments", ())) for each in results] == [1, 0, 2]
    assert results[1]["error"]["type"] == "urn:vidtext:UnreadableMediaError"


def test_frames_that_were_picked_are_captioned(api: httpx.Client) -> None:
    frames = [picture(), picture("JPEG"), picture()]
    answer = api.post("/v1/caption", json={"frames": frames, "max_length": 15}).json()
    assert answer["caption"] == "A 3 frames."
    assert answer["segments"][-1]["stop_seconds"] == 2.0
    timed = api.post("/v1/caption", json={"frames": frames, "frame_seconds": [0, 0.5, 9]}).json()
    assert timed["segments"][-1]["stop_seconds"] == 9.0


def test_frames_of_every_kind_are_taken_as_a_viewer_shows_them(api: httpx.Client) -> None:
    upright = Image.new("RGB", (48, 64), "red")
    exif = Image.Exif()
    exif[0x0112] = 6
    lying, levels = io.BytesIO(), io.BytesIO()
    upright.rotate(90, expand=True).save(lying, "JPEG", exif=exif)
    Image.fromarray(np.full((64, 48), 7_864, np.uint16)).save(levels, "PNG")
    clear = io.BytesIO()
    Image.new("RGBA", (48, 64), (0, 0, 0, 0)).save(clear, "PNG")
    contents = [each.getvalue() for each in (lying, levels, clear)]
    frames = [picture(size=(48, 64)), *(base64.b64encode(each).decode() for each in contents)]
    seen: list[Frames] = []

    def see(source: Frames, *_: object, **__: object) -> Iterator[CaptionResult]:
        seen.append(source)
        yield from ()

    body = body_of(CAPTION, Settings())(frames=frames)
    assert list(Worker(Toys().streams, Settings()).results(replace(CAPTION, run=see), body, None, Job())) == []
    assert seen[0].pixels.shape == (4, 64, 48, 3)
    assert seen[0].pixels[:, 32, 24].tolist()[1:] == [[254, 0, 0], [31, 31, 31], [255, 255, 255]]
    assert len(seen[0].notes) == 1
    assert api.post("/v1/caption", json={"frames": frames}).status_code == 200


@pytest.mark.parametrize("frame", ["no base64!", base64.b64encode(b"no picture").decode(), picture("GIF")])
def test_what_is_no_picture_is_named(api: httpx.Client, frame: str) -> None:
    answer = api.post("/v1/caption", json={"frames": [picture(), frame]})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("frames.1")


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(serve_with) -> None:
    served: Serving = serve_with(limits__max_frame_pixels=1000)
    answer = served.client.post("/v1/caption", json={"frames": [picture(size=(100, 100))]})
    assert answer.status_code == 413
    assert "100 × 100 pixels; at most 1,000" in answer.json()["detail"]


def test_chapters_and_summary(api: httpx.Client, clip: Path) -> None:
    chapters = api.post("/v1/chapters", json={"video": base64_of(clip)}).json()
    assert chapters["chapters"] == [
        {"start_seconds": 0.0, "stop_seconds": 4.0, "title": "One", "description": "All of it."}
    ]
    summary = api.post("/v1/summary", json={"video": base64_of(clip), "length": "short"}).json()
    assert (summary["summary"], summary["keywords"]) == ("It is short.", ["word"])


def test_a_file_is_uploaded_with_curl(usual: Serving, clip: Path) -> None:
    command = ["curl", "-s", f"{usual.address}/v1/caption", "-F", f"video=@{clip}", "-F", "every_seconds=2"]
    answer = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(answer["segments"]) == 2


def test_uploads_leave_nothing_behind(api: httpx.Client, clip: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    api.post("/v1/caption", files={"video": clip.read_bytes()})
    api.post("/v1/caption", json={"video": base64_of(clip)})
    api.post("/v1/caption", files={"video": b"no video"})
    assert list(tmp_path.iterdir()) == []


def conversation(clip: Path, **more: object) -> dict[str, object]:
    messages = [
        {"role": "system", "content": "!"},
        {"role": "user", "content": "What moves?"},
        {"role": "assistant", "content": "A ball."},
        {"role": "user", "content": "Which way?"},
    ]
    return {"video": base64_of(clip), "messages": messages, **more}


def test_a_conversation_goes_on(api: httpx.Client, clip: Path, toys: Toys) -> None:
    answer = api.post("/v1/chat", json=conversation(clip)).json()
    assert answer["answer"] == "1! Which way? 0. 1! Which way? 1. 1! Which way? 2."
    assert answer["finished"]
    assert len(toys.forgotten) == 1


def test_an_answer_is_streamed(api: httpx.Client, clip: Path) -> None:
    with api.stream("POST", "/v1/chat", json=conversation(clip, stream=True)) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    events = [(name[7:], json.loads(data[6:])) for name, data in zip(lines[::2], lines[1::2], strict=True)]
    pieces = "".join(data["text"] for name, data in events if name == "text")
    assert pieces.strip() == events[-1][1]["answer"]
    assert events[-1][0] == "done"


def test_every_reader_of_lines_finds_the_events(api: httpx.Client, clip: Path) -> None:
    question = "Where?" + "".join(f"a{end}b" for end in ENDS)
    body = conversation(clip, stream=True)
    body["messages"][-1]["content"] = question
    with api.stream("POST", "/v1/chat", json=body) as answer:
        lines = [line for line in answer.iter_lines() if line]  # httpx divides as `str.splitlines` does
    names, data = lines[::2], lines[1::2]
    assert {name.partition(": ")[0] for name in names} == {"event"}
    documents = [json.loads(line.removeprefix("data: ")) for line in data]
    assert question in documents[-1]["answer"]


def test_an_error_while_streaming_is_an_event(api: httpx.Client, clip: Path) -> None:
    with api.stream("POST", "/v1/chat", json=conversation(clip, stream=True, max_length=72)) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines[-2] == "event: error"
    assert json.loads(lines[-1][6:])["status"] == 507


def test_the_real_tasks_on_the_embedded_model() -> None:
    """The app itself answers in tests/ui; here its own streams, without the page."""
    from starlette.testclient import TestClient

    from vidtext.api.app import build_api
    from vidtext.settings import Settings
    from vidtext.tasks.streams import real_streams

    with TestClient(build_api(Settings(), real_streams())) as client:
        film = ROOT / "vidtext/examples/moving_circle.mp4"
        answer = client.post("/caption", files={"video": film.read_bytes()}, data={"model": "embedded"}).json()
        one_frame = client.post("/caption", json={"frames": [picture(size=(64, 64))], "model": "embedded"})
    assert "circle" in answer["caption"]
    assert one_frame.status_code == 200
    assert one_frame.json()["caption"]
