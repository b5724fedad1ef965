"""Each way to give a video in, what is refused, and that nothing stays on disk. Only loopback is ever contacted."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.media.full_disk import file_size_limit
from vidtext.errors import (
    CancelledError,
    SourceError,
    SourceRefusedError,
    SourceTooLargeError,
    UnreadableMediaError,
    VidtextError,
)
from vidtext.job import Job, Progress
from vidtext.media.read.frames import Frames
from vidtext.media.source import download
from vidtext.media.source.inputs import LocalFile, Source, open_source
from vidtext.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[Any, ...]  # one line of what `socket.getaddrinfo` returns

BODY = bytes(range(256)) * 2000  # 512,000 bytes
TEXT = base64.b64encode(BODY).decode()


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Send temporary files here, and hold that none is left at the end of every test."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def read(
    source: Source, *, settings: Settings | None = None, job: Job | None = None, local_paths: bool = True
) -> bytes:
    with open_source(source, settings=settings, job=job, local_paths=local_paths) as file:
        assert isinstance(file, LocalFile)
        data = file.path.read_bytes()
        assert file.path.is_absolute()
        assert file.size_bytes == len(data)
        return data


class TestPaths:
    def test_a_path_is_that_file_itself(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_bytes(BODY)
        for source in (path, str(path)):
            with open_source(source) as file:
                assert file == LocalFile(path, "clip.mp4", len(BODY))
        assert path.read_bytes() == BODY

    def test_a_relative_path_cannot_become_a_protocol(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        Path("concat:a|b").write_bytes(BODY)
        with open_source(Path("concat:a|b")) as file:
            assert isinstance(file, LocalFile)
            assert str(file.path).startswith("/")

    def test_strangers_text_is_never_looked_for_on_disk(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_bytes(BODY)
        messages = set()
        for text in (str(path), str(tmp_path / "no.mp4"), "clip.mp4", "x." * 5000 + "mp4", "nul\0"):
            with pytest.raises(SourceRefusedError, match="paths of the server are not read") as caught:
                read(text, local_paths=False)
            messages.add(str(caught.value).split(" is not ", 1)[1])
        assert len(messages) == 1  # the refusal does not tell an existing file from a missing one
        assert read(path, local_paths=False) == BODY

    def test_folders_devices_and_pipes_are_refused(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (tmp_path, Path("/dev/zero"), pipe):
            with pytest.raises(SourceRefusedError, match="folder or a device"):
                read(path)

    @pytest.mark.parametrize("text", ["", "missing.mp4", "a." * 150 + "mp4", "a-/" * 3000, "nul\0.mp4", "C:\\clip.mp4"])
    def test_a_missing_file(self, text: str) -> None:
        with pytest.raises(SourceError, match=r"There is no file .* Give a path") as caught:
            read(text)
        assert len(str(caught.value)) < 300
        with pytest.raises(SourceError, match="There is no file"):
            read(Path(text or "missing"))

    def test_a_missing_path_object_with_odd_text(self) -> None:
        with pytest.raises(SourceError, match="There is no file"):
            read(Path("nul\0.mp4"))

    def test_size_and_emptiness(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_bytes(b"")
        with pytest.raises(UnreadableMediaError, match=r"'clip.mp4' is empty"):
            read(path)
        path.write_bytes(BODY)
        assert read(path, settings=Settings().override(limits__max_source_bytes=len(BODY))) == BODY
        with pytest.raises(SourceTooLargeError, match=r"has 0.5 MB; at most 0.4 MB"):
            read(path, settings=Settings().override(limits__max_source_bytes=400_000))


class TestBytesAndText:
    def test_bytes(self, folder: Path) -> None:
        with open_source(BODY) as file:
            assert isinstance(file, LocalFile)
            assert file.path.read_bytes() == BODY
            assert file.path.parent.parent == folder
            assert file.path.parent.stat().st_mode & 0o077 == 0  # nobody else may look in
            assert file.name == "video"

    def test_nothing_is_left_after_an_error_in_the_body(self) -> None:
        with pytest.raises(KeyError), open_source(BODY):
            raise KeyError

    @pytest.mark.parametrize("source", [b"", "data:video/mp4;base64,", "data:,"])
    def test_empty(self, source: Source) -> None:
        with pytest.raises(UnreadableMediaError, match="empty"):
            read(source)

    @pytest.mark.parametrize("size", [256, 257, 258, 100_001, len(BODY)])
    @pytest.mark.parametrize("local_paths", [True, False])
    def test_base64(self, size: int, local_paths: bool) -> None:  # noqa: FBT001
        data = BODY[:size]
        assert read(base64.b64encode(data).decode(), local_paths=local_paths) == data
        assert read(base64.encodebytes(data).decode(), local_paths=local_paths) == data  # with line breaks

    def test_base64_longer_than_one_slice(self) -> None:
        data = BODY * 13
        assert read(base64.b64encode(data).decode()) == data

    @pytest.mark.parametrize("text", [TEXT[:-1], TEXT[:300] + "!" + TEXT[300:], TEXT + "=", TEXT[:400] + "==" + TEXT])
    def test_broken_base64(self, text: str) -> None:
        with pytest.raises(SourceError, match="base64 text is broken"):
            read(text)

    def test_short_text_is_not_taken_for_base64(self) -> None:
        with pytest.raises(SourceError, match="There is no file 'AAAA'"):
            read("AAAA")

    def test_data_uris(self) -> None:
        for head in ("video/mp4;base64", "VIDEO/MP4 ; codecs=avc1 ; Base64", ";base64", "application/ogg;base64"):
            assert read(f"data:{head},{TEXT}") == BODY
        assert read(f"  DATA:video/mp4;base64,{urllib.parse.quote(TEXT, safe='')}\n") == BODY
        assert read(f"data:video/mp4,{urllib.parse.quote(BODY)}", local_paths=False) == BODY
        assert read("data:,%41\ud83d") == b"A?"  # a lone surrogate, which JSON may hold

    def test_broken_data_uris(self) -> None:
        with pytest.raises(SourceError, match="no comma"):
            read("data:video/mp4;base64")
        with pytest.raises(SourceError, match="says that it holds 'text/html'"):
            read(f"data:text/html;base64,{TEXT}")
        with pytest.raises(SourceError, match="is broken"):
            read("data:video/mp4;base64,A*AA")

    @pytest.mark.parametrize("source", [BODY, TEXT, f"data:video/mp4;base64,{TEXT}", f"data:,{'%41' * 500_000}"])
    def test_too_large(self, source: Source) -> None:
        with pytest.raises(SourceTooLargeError, match=r"at most 0.4 MB"):
            read(source, settings=Settings().override(limits__max_source_bytes=400_000))

    def test_the_limit_itself_is_taken(self) -> None:
        for source in (BODY, TEXT, base64.encodebytes(BODY).decode(), f"data:,{'%41' * len(BODY)}"):
            assert len(read(source, settings=Settings().override(limits__max_source_bytes=len(BODY)))) == len(BODY)

    @pytest.mark.parametrize("source", [BODY, TEXT, f"data:video/mp4;base64,{TEXT}", f"data:,{'%41' * 500_000}"])
    def test_a_full_disk_is_told(self, source: Source) -> None:
        with (
            file_size_limit(100_000),
            pytest.raises(SourceError, match=r"^The video cannot be stored here: File too large\. Make room .* TMPDIR"),
        ):
            read(source)

    def test_no_folder_for_temporary_files_is_told(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(folder / "missing"))
        with pytest.raises(SourceError, match="cannot be stored here: No such file or directory"):
            read(BODY)

    def test_an_error_of_the_body_is_not_taken_for_a_full_disk(self) -> None:
        with pytest.raises(BlockingIOError), open_source(BODY):
            raise BlockingIOError

    def test_frames_pass_through(self) -> None:
        frames = Frames(np.zeros((2, 4, 4, 3), np.uint8), np.array([0.0, 1.0]))
        with open_source(frames) as given:
            assert given is frames

    def test_other_types(self) -> None:
        with pytest.raises(SourceError, match="cannot be made of int"):
            read(3)  # type: ignore[arg-type]


REFUSED = [
    "http://127.0.0.1/", "http://localhost/", "https://[::1]/", "http://[::]/", "http://0.0.0.0/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:a9fe:a9fe]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[ff0e::1]/", "http://169.254.169.254/",
    "http://10.1.2.3/", "http://172.16.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://198.18.0.1/",
    "http://224.0.0.1/", "http://255.255.255.255/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
    "http://127.1/", "http://127\u30020\u30020\u30021/", "HTTP://127.0.0.1/clip.mp4",
    "http://user:secret@93.184.215.14/", "http://93.184.215.14:22/", "https://93.184.215.14:0/", "http:///clip.mp4",
    "file:///etc/passwd", "ftp://93.184.215.14/clip.mp4", "gopher://93.184.215.14/", "rtsp://93.184.215.14/",
    "concat:/etc/passwd", "subfile,,start,0,end,9,,:/etc/passwd", "pipe:0", "http://[::1",
    "http://\uff11\uff12\uff17.0.0.1/", "http://93.184.215.14:99999/", "javascript:alert(1)",
]  # fmt: skip


@pytest.mark.parametrize("local_paths", [True, False])
@pytest.mark.parametrize("address", REFUSED)
def test_refused_addresses(address: str, local_paths: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    def no_connection(*arguments: object) -> None:
        pytest.fail("a refused address was contacted")

    monkeypatch.setattr(download, "_send", no_connection)
    with pytest.raises(SourceError) as caught:
        read(address, local_paths=local_paths)
    if not address.startswith("subfile"):  # its comma keeps it from being a scheme: no such file, or refused
        assert isinstance(caught.value, SourceRefusedError)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["192.88.99.1", "192.0.0.192", "168.63.129.16", "fec0::1", "3fff::1", "64:ff9b::a00:1", "2001:db8::1", "5f00::1"],
)
def test_addresses_that_lead_to_networks_of_somebody(address: str) -> None:
    assert not download._is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "1.1.1.1"])
def test_public_addresses(address: str) -> None:
    assert download._is_public(address)


class Site(BaseHTTPRequestHandler):
    """One path for each way in which a server may behave."""

    seen: list[tuple[str, str]]  # (path, Host), set for each server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Host"]))
        name = urllib.parse.urlsplit(self.path).path.strip("/").split("/")[0]
        try:
            getattr(self, f"page_{name}")()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def start(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), str(value))
        self.end_headers()

    def page_clip(self) -> None:
        self.start(Content_Length=len(BODY))
        self.wfile.write(BODY)

    def page_unsized(self) -> None:
        self.start(Connection="close")
        self.wfile.write(BODY)

    def page_huge(self) -> None:
        self.start(Content_Length=10**12)
        self.wfile.write(BODY)

    def page_endless(self) -> None:
        self.start(Connection="close")
        while True:
            self.wfile.write(BODY)

    def page_cut(self) -> None:
        self.start(Content_Length=2 * len(BODY))
        self.wfile.write(BODY)
        self.close_connection = True

    def page_drip(self) -> None:
        self.start(Content_Length=len(BODY))
        for _ in range(200):
            self.wfile.write(b".")
            time.sleep(0.05)

    def page_dripping_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            self.wfile.write(b".")
            self.wfile.flush()
            time.sleep(0.05)

    def page_hop(self) -> None:
        left = int(self.path.rsplit("/", 1)[1])
        self.start(302, Location=f"/hop/{left - 1}" if left > 1 else "/clip", Content_Length=0)

    def page_to(self) -> None:
        self.start(307, Location=urllib.parse.unquote(self.path.split("?", 1)[1]), Content_Length=0)

    def page_html(self) -> None:
        self.start(Content_Type="text/html; charset=utf-8", Content_Length=2)
        self.wfile.write(b"hi")

    def page_gzip(self) -> None:
        self.start(Content_Encoding="gzip", Content_Length=2)
        self.wfile.write(b"hi")

    def page_partial(self) -> None:
        self.start(206, Content_Length=2)
        self.wfile.write(b"hi")

    def page_nothing(self) -> None:
        self.start(Content_Length=0)

    def page_missing(self) -> None:
        self.start(404, Content_Length=0)


@contextmanager
def serving() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    seen: list[tuple[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Site,), {"seen": seen}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TestDownloads:
    """With loopback, and it alone, declared public."""

    @pytest.fixture(autouse=True)
    def site(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with serving() as (self.host, self.seen):
            port = int(self.host.rpartition(":")[2])
            monkeypatch.setattr(download, "_is_public", lambda address: address == "127.0.0.1")
            monkeypatch.setattr(download, "_PORTS", {port, 1})
            monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # must not be used
            yield

    def fails(self, page: str, error: type[VidtextError], message: str, settings: Settings | None = None) -> str:
        with pytest.raises(error, match=message) as caught:
            read(f"http://{self.host}/{page}", settings=settings)
        return str(caught.value)

    def test_success(self) -> None:
        reports: list[Progress] = []
        with open_source(f" http://{self.host}/clip?key=1 ", job=Job(reports.append), local_paths=False) as file:
            assert isinstance(file, LocalFile)
            assert file.path.read_bytes() == BODY
            assert file.name == "video from 127.0.0.1"
            assert str(self.host) not in str(file.path)
        assert reports[-1] == Progress("downloading", len(BODY), len(BODY))
        assert self.seen == [("/clip?key=1", self.host)]

    def test_without_announced_size(self) -> None:
        assert read(f"http://{self.host}/unsized") == BODY

    def test_a_disk_that_is_nearly_full(self) -> None:
        self.fails(
            "unsized", SourceError, "The disk is nearly full", Settings().override(server__min_free_disk_bytes=1 << 60)
        )

    def test_a_disk_that_is_full(self) -> None:
        with file_size_limit(100_000):
            self.fails("unsized", SourceError, "cannot be stored here: File too large")

    def test_inside_a_running_event_loop(self) -> None:
        async def visit() -> bytes:
            return read(f"http://{self.host}/clip")

        with ThreadPoolExecutor(1) as fresh:  # a thread without a loop, whatever other tests left in this one
            assert fresh.submit(asyncio.run, visit()).result() == BODY

    def test_redirects(self) -> None:
        assert read(f"http://{self.host}/hop/5", settings=Settings().override(download__max_redirects=5)) == BODY
        self.fails(
            "hop/6", SourceRefusedError, "redirects more than 5 times", Settings().override(download__max_redirects=5)
        )

    def test_redirect_to_another_name_keeps_its_host_header(self) -> None:
        port = self.host.rpartition(":")[2]
        assert read(f"http://{self.host}/to?http://localhost:{port}/clip") == BODY
        assert self.seen[-1] == ("/clip", f"localhost:{port}")

    @pytest.mark.parametrize(
        "target",
        [
            "http://10.0.0.1/",
            "http://[::1]/",
            "file:///etc/passwd",
            "http://u:p@127.0.0.1/",
            "//127.0.0.1:22/",
        ],
    )
    def test_redirect_to_where_nothing_is_fetched_from(self, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(download, "_PORTS", {*download._PORTS, 80})
        self.fails(f"to?{urllib.parse.quote(target)}", SourceRefusedError, "redirects to|not a public address")
        assert len(self.seen) == 1

    def test_too_large(self) -> None:
        self.fails(
            "huge", SourceTooLargeError, "more than 0.6 MB", Settings().override(limits__max_source_bytes=600_000)
        )
        self.fails(
            "endless", SourceTooLargeError, "more than 0.6 MB", Settings().override(limits__max_source_bytes=600_000)
        )

    @pytest.mark.parametrize("page", ["drip", "dripping_header"])
    def test_a_slow_server_meets_the_deadline(self, page: str) -> None:
        began = time.monotonic()
        self.fails(page, SourceError, r"more than 0.4 seconds", Settings().override(download__timeout_seconds=0.4))
        assert time.monotonic() - began < 5

    def test_stop_while_the_server_is_silent(self) -> None:
        job = Job()
        threading.Timer(0.3, job.stop).start()
        with pytest.raises(CancelledError):
            read(f"http://{self.host}/drip", job=job)

    def test_bad_answers(self) -> None:
        message = self.fails("missing?token=secret", SourceError, "answered 404 Not Found")
        assert "secret" not in message
        self.fails("partial", SourceError, "answered 206")
        self.fails("html", SourceError, "is a web page, not a video")
        self.fails("gzip", SourceError, "gzip-compressed")
        self.fails("cut", SourceError, "could not be downloaded")
        self.fails("nothing", UnreadableMediaError, "empty")

    def test_a_broken_redirect(self) -> None:
        self.fails("to?http://[::1", SourceError, "could not be downloaded: Invalid URL in location")

    def test_connection_refused(self) -> None:
        with pytest.raises(SourceError, match="could not be downloaded: All connection attempts failed"):
            read("http://127.0.0.1:1/clip")

    def test_the_next_address_is_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", only_for("video.test", [answer("127.0.0.2", "127.0.0.1")]))
        monkeypatch.setattr(download, "_is_public", lambda address: address.startswith("127.0.0."))
        assert read(f"http://video.test:{self.host.rpartition(':')[2]}/clip") == BODY

    def test_unknown_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def no_name(*arguments: object, **options: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_name)
        with pytest.raises(SourceError, match=r"The name nowhere.test is not known"):
            read(f"http://nowhere.test:{self.host.rpartition(':')[2]}/clip")

    def test_a_name_with_one_private_address_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", only_for("video.test", [answer("127.0.0.1", "10.0.0.1")]))
        with pytest.raises(SourceRefusedError, match=r"video.test is not a public address") as caught:
            read(f"http://video.test:{self.host.rpartition(':')[2]}/clip")
        assert "10.0.0.1" not in str(caught.value)
        assert self.seen == []

    def test_rebinding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that is public when checked and private afterwards: the connection goes to the checked address."""
        answers = [answer("127.0.0.1"), answer("127.0.0.9")]
        monkeypatch.setattr(socket, "getaddrinfo", only_for("video.test", answers))
        port = self.host.rpartition(":")[2]
        assert read(f"http://video.test:{port}/clip") == BODY
        assert self.seen == [("/clip", f"video.test:{port}")]
        with pytest.raises(SourceRefusedError, match="not a public address"):
            read(f"http://video.test:{port}/clip")  # asked anew, and now it is private


def only_for(name: str, answers: list[list[Answer]]) -> Callable[..., list[Answer]]:
    """Make a resolver that gives the answers one after the other for one name, and is the real one for numbers."""
    real = socket.getaddrinfo
    left = list(answers)

    def resolve(host: str | bytes, *arguments: Any, **options: Any) -> list[Answer]:
        text = host.decode() if isinstance(host, bytes) else host
        return left.pop(0) if text == name else real(host, *arguments, **options)

    return resolve


def answer(*addresses: str) -> list[Answer]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
