"""What Gradio does by itself, for each part of it that is replaced.

A test that fails here says that Gradio no longer does what its replacement is for: remove the replacement that the test
names, or find where the behaviour went.
"""

from __future__ import annotations

import asyncio
import inspect
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gradio
import pytest
from gradio import http_server, processing_utils, queueing, route_utils, routes, state_holder
from gradio.components import File
from gradio.context import LocalContext
from gradio.data_classes import FileData, PredictBody
from gradio.exceptions import InvalidPathError
from gradio.mcp import GradioMCPServer
from gradio.utils import get_hash_seed
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from vidtext.web import gradio_bounds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator


def parser_of(body: bytes, folder: Path) -> route_utils.GradioMultiPartParser:
    async def stream() -> AsyncIterator[bytes]:
        yield body

    headers = Headers({"Content-Type": "multipart/form-data; boundary=x"})
    return route_utils.GradioMultiPartParser(headers, stream(), upload_dir=folder, max_file_size=1 << 30)


def part(name: str, content: bytes, *, end: bytes = b"\r\n--x--", file: str = "") -> bytes:
    named = f'name="{name}"' + (f'; filename="{file}"' if file else "")
    return f"--x\r\nContent-Disposition: form-data; {named}\r\n\r\n".encode() + content + end


def run_alone(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: a browser of other tests may have an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class TestUploads:
    def test_equal_files_get_equal_names(self) -> None:
        """For `_UploadOfItsOwn`."""
        one, other = (route_utils.GradioUploadFile(io.BytesIO(), filename="a.mp4") for _ in range(2))
        assert one.sha.hexdigest() == other.sha.hexdigest()

    def test_large_fields_are_held_in_memory(self, tmp_path: Path) -> None:
        """For `_bounded_part`."""
        field = b"y" * (gradio_bounds._FIELDS_BYTES + 1)
        form = run_alone(parser_of(part("field", field), tmp_path).parse())
        assert form["field"] == field.decode()

    def test_a_thousand_files_are_accepted(self, tmp_path: Path) -> None:
        """For `parser.max_files` in `bound_requests`."""
        assert parser_of(b"", tmp_path).max_files >= 1000

    def test_files_in_other_fields_are_accepted(self, tmp_path: Path) -> None:
        """For `_parse`."""
        form = run_alone(parser_of(part("other", b"film", file="a.mp4"), tmp_path).parse())
        run_alone(form.close())
        assert len(list(tmp_path.iterdir())) == 1

    def test_the_start_of_an_upload_that_breaks_off_stays(self, tmp_path: Path) -> None:
        """For `_parse`."""

        async def breaks_off() -> AsyncIterator[bytes]:
            yield part("files", b"film", file="a.mp4", end=b"")
            raise ConnectionError

        parser = parser_of(b"", tmp_path)
        parser.stream = breaks_off()
        with pytest.raises(ConnectionError):
            run_alone(parser.parse())
        assert len(list(tmp_path.iterdir())) == 1
        for file in parser._files_to_close_on_error:
            file.close()


class TestFiles:
    @pytest.fixture
    def _launched(self) -> Iterator[None]:
        page = SimpleNamespace(has_launched=True, blocked_paths=[], allowed_paths=[])
        token = LocalContext.blocks.set(page)
        yield
        LocalContext.blocks.reset(token)

    @pytest.mark.usefixtures("_launched")
    def test_the_disk_is_asked_about_a_refused_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """For `_check_uploaded`."""
        asked: list[Path] = []
        resolve = Path.resolve

        def recorded(path: Path) -> Path:
            asked.append(path)
            return resolve(path)

        monkeypatch.setattr(Path, "resolve", recorded)
        with pytest.raises(InvalidPathError):
            processing_utils._check_allowed(str(tmp_path / "film.mp4"), check_in_upload_folder=True)
        assert tmp_path / "film.mp4" in asked

    def test_names_of_copies_are_the_same_in_every_process(self) -> None:
        """For `hash_seed`."""
        assert processing_utils.hash_seed == get_hash_seed().encode() == get_hash_seed().encode()

    def test_an_address_in_place_of_a_file_is_fetched(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """For `_refused_download` and `_refuse_download`."""
        asked: list[str] = []

        def fetch(url: str, cache_dir: str) -> str:
            asked.append(url)
            return str(tmp_path)

        monkeypatch.setattr(processing_utils, "save_url_to_cache", fetch)
        File(file_types=None).postprocess("http://films.example/a.mp4")
        assert asked == ["http://films.example/a.mp4"]

    def test_a_video_is_examined_by_the_ffmpeg_of_the_machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For `ffmpeg_installed`."""
        asked: list[bool] = []
        monkeypatch.setattr(processing_utils, "ffmpeg_installed", lambda: asked.append(True))
        monkeypatch.setattr(processing_utils, "_check_allowed", lambda *_, **__: None)
        gradio.Video().postprocess(gradio.media.get_video("world.mp4"))
        assert asked

    def test_each_file_of_a_request_leaves_an_empty_one(self, tmp_path: Path) -> None:
        """For `_path_of`."""
        component = File()
        component.GRADIO_CACHE = str(tmp_path)
        component.preprocess(FileData(path=str(tmp_path / "film.mp4")))
        assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]


class TestRequests:
    def test_pages_of_every_site_may_read_answers(self) -> None:
        """For `_NoHeadersForOthers`."""
        app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("words"))])
        client = TestClient(routes.CustomCORSMiddleware(app), base_url="http://server.example")
        answer = client.get("/", headers={"Origin": "https://other.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://other.example"

    def test_a_session_copies_the_configuration_of_the_page(self) -> None:
        """For `_StateOfItsOwn`."""
        config = SimpleNamespace(blocks={1: "box"}, config_for_block=lambda number, *_: {"id": number})
        session = state_holder.SessionState(SimpleNamespace(default_config=config, blocks={1: "box"}))
        assert session.config_values == {1: {"id": 1}}

    def test_mcp_calls_the_page_without_a_login_and_opens_paths(self) -> None:
        """For `_client_that_opens_no_files`."""
        made = inspect.getsource(GradioMCPServer._get_or_create_client)
        assert "request_context" in made  # its address comes from the first request
        assert "Cookie" not in made
        assert "_upload_file" not in made

    def test_a_session_may_have_any_name(self) -> None:
        """For `_check_session` and `_push`."""
        name = "a b" * 100_000
        assert PredictBody(session_hash=name, data=[]).session_hash == name

    def test_an_event_of_the_queue_runs_outside_of_its_request(self) -> None:
        """For `_call`."""
        assert "run_coro_in_background" in inspect.getsource(queueing.Queue)


def test_the_server_limits_neither_connections_nor_headers() -> None:
    """For `bound_connections`."""
    assert "limit_concurrency" not in inspect.getsource(http_server)
