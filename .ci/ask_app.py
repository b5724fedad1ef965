"""Ask the running app for a caption through its own HTTP API, as a stranger would: standard library alone.

Exits with 0 when the caption is there, with 1 while nobody answers yet.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
import uuid
from pathlib import Path

EXAMPLES = Path(__file__).parent.parent / "vidtext" / "examples"


def main(address: str) -> int:
    try:
        uploaded = upload(address, min(EXAMPLES.glob("*.mp4")))
    except (urllib.error.URLError, ConnectionError):
        return 1
    call = f"{address}/gradio_api/call"
    data = {"video": {"path": uploaded, "meta": {"_type": "gradio.FileData"}}, "every_seconds": 5}
    event = json.load(post(f"{call}/v2/caption", json.dumps(data).encode(), "application/json"))["event_id"]
    with urllib.request.urlopen(f"{call}/caption/{event}", timeout=300) as stream:
        answer = stream.read().decode()
    print(answer)
    if "event: complete" not in answer:
        raise SystemExit("the app answered with an error")
    caption = json.loads(answer.split("data: ", 1)[1])[0]
    assert caption["caption"].strip(), caption
    assert caption["segments"], caption
    return 0


def upload(address: str, file: Path) -> str:
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'
    body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    paths: list[str] = json.load(post(f"{address}/gradio_api/upload", body, kind))
    return paths[0]


def post(url: str, body: bytes, kind: str):
    return urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=60)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
