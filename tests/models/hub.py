"""A model hub on loopback: just so much of its protocol as downloading one repository needs."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class FakeHub:
    """Serves the files of a folder as one model; `served` names those that were fetched.

    A silent one never answers. One that dies breaks off in the middle of the weights, each time.
    """

    def __init__(self, name: str, folder: Path, *, silent: bool = False, dies: bool = False) -> None:
        self.served: set[str] = set()
        self._name, self._folder = name, folder
        self._closing = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, *, body: bool) -> None:
                if silent:
                    hub._closing.wait()
                    return
                path = self.path.split("?")[0]
                content = hub._content(path)
                if content is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()
                if body:
                    hub.served.add(path.rsplit("/", 1)[-1])
                    self.wfile.write(
                        content[: len(content) // 2] if dies and path.endswith(".safetensors") else content
                    )

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def _content(self, path: str) -> bytes | None:
        files = sorted(self._folder.iterdir())
        if path.startswith(f"/api/models/{self._name}/tree/"):
            tree = [{"type": "file", "path": file.name, "size": 1, "oid": "0"} for file in files]
            return json.dumps(tree).encode()
        if path.startswith(f"/api/models/{self._name}"):
            siblings = [{"rfilename": file.name} for file in files]
            info = {"id": self._name, "modelId": self._name, "sha": COMMIT, "private": False, "siblings": siblings}
            return json.dumps(info | {"tags": [], "downloads": 0, "likes": 0}).encode()
        file = self._folder / path.rsplit("/", 1)[-1]
        return file.read_bytes() if path.startswith(f"/{self._name}/resolve/") and file.is_file() else None

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
