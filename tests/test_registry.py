"""One definition, many uses: a format and a task that are added in one place are offered everywhere."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.media.clips import numbered_clip
from tests.tasks.scripted import with_work
from vidtext import cli
from vidtext.api.app import build_api
from vidtext.batch.items import as_json
from vidtext.batch.listing import named, read_wishes
from vidtext.batch.run import local_engine, run_batch
from vidtext.errors import OptionError
from vidtext.job import Job
from vidtext.models.base import ModelInfo
from vidtext.options import check_limits, option, options_of, task_options
from vidtext.settings import Settings
from vidtext.tasks.caption import CaptionResult
from vidtext.tasks.options import CaptionOptions
from vidtext.tasks.registry import TASKS, Task
from vidtext.tasks.streams import real_streams
from vidtext.text.documents import Format
from vidtext.text.formats import FORMATS, timed_text_document
from vidtext.text.timed import Segment, TimedText
from vidtext.ui.session.results import Closing
from vidtext.ui.tabs.caption_view import below_html

ROOT = Path(__file__).parents[1]
CARD = ModelInfo("toy", "git", "MIT", 6, 64, "squash", 40, 0, "Sees nothing.")


@task_options
class EchoOptions:
    """Options of the toy task."""

    volume: Annotated[float, option("How loud it is.", ge=0, le=1)] = 0.5
    times: Annotated[int, option("How often it is said.", ge=1, setting="limits.max_chapters")] = 1


def echo(source: Any, options: EchoOptions, *, settings: Settings, job: Job) -> Iterator[TimedText]:
    check_limits(options, settings)
    job.report("echoing", 0, 1)
    yield TimedText((Segment(0, 1, f"Echo at {options.volume}."),) * options.times, model="toy")


ECHO = Task("echo", "Say it again", EchoOptions, echo, timed_text_document, FORMATS)


def captioning(source: Any, options: CaptionOptions, *, settings: Settings, job: Job) -> Iterator[CaptionResult]:
    text = TimedText((Segment(0, 1, "A circle."),), model="toy")
    yield CaptionResult(text, (), CARD, "cpu", 1, 1, 0.1)


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    numbered_clip(tmp_path / "clip.mp4", 6)
    return "clip.mp4"


@pytest.fixture
def shouted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format is added, and captions are made without a model."""
    shout = Format("shout", "Shout", ".shout", "text/x-shout", lambda text: text.text.upper(), in_batches=True)
    monkeypatch.setitem(FORMATS, shout.name, shout)
    monkeypatch.setitem(TASKS, "caption", with_work(caption=captioning)["caption"])


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task is added."""
    monkeypatch.setitem(TASKS, ECHO.name, ECHO)


def api(settings: Settings | None = None) -> httpx.Client:
    return TestClient(build_api(settings or Settings(), real_streams()))


def video(clip: str) -> str:
    return base64.b64encode(Path(clip).read_bytes()).decode()


def batch(line: dict[str, Any]) -> dict[str, Any]:
    Path("list.jsonl").write_text(json.dumps(line) + "\n")
    items = named(read_wishes(["list.jsonl"], {"caption": CaptionOptions()}, Settings()), {})
    (step,) = run_batch(items, local_engine(TASKS, Settings()), Job())
    return step.outcome.record


@pytest.mark.usefixtures("shouted")
class TestAFormat:
    def test_is_on_the_page(self) -> None:
        (result,) = captioning(None, CaptionOptions(), settings=Settings(), job=Job())
        html = below_html(result, "clip.mp4", Closing(closed=True))
        assert 'download="clip-captions.shout" href="data:text/x-shout;charset=utf-8,A%20CIRCLE."' in html
        assert ">Shout</a>" in html

    def test_is_in_the_api(self, clip: str) -> None:
        with api() as client:
            answer = client.post("/caption", json={"video": video(clip), "format": "shout"})
            schemas = client.get("/openapi.json").json()["components"]["schemas"]
        assert (answer.text, answer.headers["content-type"]) == ("A CIRCLE.", "text/x-shout; charset=utf-8")
        assert "shout" in json.dumps(schemas["CaptionBody"]["properties"]["format"])

    def test_is_on_the_command_line(self, clip: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        assert cli.main(["caption", clip, "--format", "shout"]) == 0
        assert capsysbinary.readouterr().out == b"A CIRCLE."
        assert cli.main(["caption", clip, "--output", "clip.shout"]) == 0
        assert Path("clip.shout").read_text() == "A CIRCLE."

    def test_is_a_file_of_a_batch(self, clip: str) -> None:
        assert "clip-captions.shout" in batch({"source": clip, "caption": {}})["files"]


@pytest.mark.usefixtures("echoing")
class TestATask:
    def test_is_a_command(self, clip: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        with pytest.raises(SystemExit):
            cli.main(["--help"])
        assert b"echo      say it again" in capsysbinary.readouterr().out
        with pytest.raises(SystemExit):
            cli.main(["echo", "--help"])
        assert b"--volume X            how loud it is (0.5)" in capsysbinary.readouterr().out
        assert cli.main(["echo", clip, "--volume", "0.75", "--format", "txt"]) == 0
        assert capsysbinary.readouterr().out.decode() == "[0:00–0:01] Echo at 0.75.\n"

    def test_is_in_the_api(self, clip: str) -> None:
        with api(Settings().override(limits__max_chapters=2)) as client:
            document = client.get("/openapi.json").json()
            answer = client.post("/echo", json={"video": video(clip), "volume": 0.25})
            refused = client.post("/echo", json={"video": video(clip), "times": 3})
        assert document["paths"]["/echo"]["post"]["summary"] == "Say it again"
        volume = document["components"]["schemas"]["EchoBody"]["properties"]["volume"]
        assert volume == {
            "type": "number", "minimum": 0, "maximum": 1, "default": 0.5, "title": "Volume",
            "description": "How loud it is.",
        }  # fmt: skip
        assert answer.json()["segments"][0]["text"] == "Echo at 0.25."
        assert refused.json()["errors"][0]["field"] == "times"

    def test_is_in_a_batch_with_its_options(self, clip: str) -> None:
        record = batch({"source": clip, "echo": {"volume": 0.7}})
        assert record["asked"] == {"echo": {"volume": 0.7, "times": 1}}
        assert record["echo"]["segments"][0]["text"] == "Echo at 0.7."
        assert record["files"] == ["clip-echo.srt", "clip-echo.vtt"]
        with pytest.raises(OptionError, match=r"line 1 of .*, echo: volume is 2; it must be a number from 0 to 1\."):
            batch({"source": clip, "echo": {"volume": 2}})

    def test_is_a_task_of_the_command_batch(self, clip: str) -> None:
        assert cli.main(["batch", clip, "--output", "results", "--tasks", "echo", "--volume", "0.1"]) == 0
        (record,) = map(json.loads, Path("results/results.jsonl").read_text("utf-8").splitlines())
        assert record["asked"] == {"echo": {"volume": 0.1, "times": 1}}


_ENDPOINTS = """
import asyncio, json
import gradio as gr
from gradio.mcp import GradioMCPServer
from tests.test_registry import ECHO
from vidtext.job import Job
from vidtext.settings import Settings
from vidtext.tasks.registry import TASKS
from vidtext.tasks.streams import real_streams
from vidtext.ui.endpoint import add_endpoints

TASKS[ECHO.name] = ECHO
with gr.Blocks() as page:
    add_endpoints(settings=Settings(), services=real_streams(), visitors=None, closing=Job())
server = GradioMCPServer(page)
tools = {
    name: server.get_fn_description(server.get_block_fn_from_endpoint_name(endpoint), name)
    for name, endpoint in server.tool_to_endpoint.items()
}
print(json.dumps({"endpoints": page.get_api_info()["named_endpoints"], "tools": tools}))
"""


def test_a_task_is_a_gradio_endpoint_and_an_mcp_tool() -> None:
    done = subprocess.run(  # Gradio leaves an event loop behind
        [sys.executable, "-W", "ignore", "-c", _ENDPOINTS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    made = json.loads(done.stdout.splitlines()[-1])
    (endpoint,) = (each for name, each in made["endpoints"].items() if name == "/echo")
    assert [each["parameter_name"] for each in endpoint["parameters"]] == ["video", "volume", "times"]
    (tool,) = (each for name, each in made["tools"].items() if name.startswith("echo"))
    description, parameters = tool
    assert description.startswith("Say it again.")
    assert parameters["volume"] == "How loud it is. It must be a number from 0 to 1."


@pytest.mark.parametrize(
    ("options", "said", "about"),
    [
        ({"volume": True}, "volume is true; it must be a number from 0 to 1.", "volume"),
        ({"times": 0}, "times is 0; it must be a whole number of at least 1.", "times"),
        ({"pitch": 1}, "'pitch' is not an option. The options are volume, times.", "pitch"),
    ],
)
def test_a_wrong_option_is_told_with_what_was_given_and_what_is_allowed(
    options: dict[str, Any], said: str, about: str
) -> None:
    with pytest.raises(OptionError) as caught:
        EchoOptions(**options)
    assert (str(caught.value), caught.value.option) == (said, about)


def test_a_limit_of_the_settings_is_obeyed_everywhere(clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, "caption", with_work(caption=captioning)["caption"])
    with api(Settings().override(limits__max_new_tokens=512)) as client:
        assert client.post("/caption", json={"video": video(clip), "max_length": 400}).status_code == 200
        assert client.post("/caption", json={"video": video(clip), "max_length": 513}).status_code == 422
    with pytest.raises(OptionError, match=r"max_new_tokens is 400; up to 256 are allowed\."):
        check_limits(CaptionOptions(max_new_tokens=400), Settings())


def test_every_option_says_what_it_is_and_its_setting_exists() -> None:
    for each in (each for task in TASKS.values() for each in options_of(task.options)):
        assert each.description.endswith(".")
        assert each.limit(Settings()) is None or each.setting


def test_options_given_by_their_place_are_checked_too() -> None:
    with pytest.raises(OptionError, match="every_seconds is -1; it must be"):
        CaptionOptions("m", -1)
    with pytest.raises(TypeError, match="each once"):
        CaptionOptions("m", model="n")


def test_options_of_a_batch_are_those_of_the_tasks() -> None:
    assert as_json({"caption": CaptionOptions("m", 5)})["caption"]["every_seconds"] == 5
