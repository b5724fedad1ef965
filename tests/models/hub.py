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
    """Serves the files of a folder as one model; `served` names those that were fetched. A silent one never answers."""

    def __init__(self, name: str, folder: Path, *, silent: bool = False) -> None:
        self.served: set[str] = set()
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
                if path.startswith(f"/api/models/{name}/tree/"):
                    files = [{"type": "file", "path": file.name, "size": 1, "oid": "0"} for file in folder.iterdir()]
                    self._send(json.dumps(files).encode(), body=body)
                    return
                if path.startswith(f"/api/models/{name}"):
                    siblings = [{"rfilename": file.name} for file in sorted(folder.iterdir())]
                    info = {"id": name, "modelId": name, "sha": COMMIT, "private": False, "siblings": siblings}
                    self._send(json.dumps(info | {"tags": [], "downloads": 0, "likes": 0}).encode(), body=body)
                    return
                file = folder / path.rsplit("/", 1)[-1]
                if not path.startswith(f"/{name}/resolve/") or not file.is_file():
                    self.send_error(404)
                    return
                if body:
                    hub.served.add(file.name)
                self._send(file.read_bytes(), body=body)

            def _send(self, content: bytes, *, body: bool) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                self.send_header("X-Repo-Commit", COMMIT)
                self.end_headers()
                if body:
                    self.wfile.write(content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
