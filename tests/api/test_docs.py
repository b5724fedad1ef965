"""Every example of docs/api.md runs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.api.conftest import Serving
from tests.ui.serving import ROOT

BLOCKS = re.findall(r"```(bash|python)\n(.*?)```", (ROOT / "docs/api.md").read_text("utf-8"), flags=re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines()]
SCRIPTS = [block for kind, block in BLOCKS if kind == "python"]


def run(command: list[str], served: Serving) -> str:
    there = [part.replace("http://127.0.0.1:7860", served.address) for part in command]
    done = subprocess.run(there, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "urn:vidtext" not in done.stdout
    return done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command(usual: Serving, command: str) -> None:
    assert '"model"' in run(["bash", "-c", command], usual)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script(usual: Serving, script: str) -> None:
    assert "A " in run([sys.executable, "-c", script], usual)


def test_there_are_examples() -> None:
    assert (len(COMMANDS), len(SCRIPTS)) == (7, 3)


def test_the_page_of_the_api_shows_every_task_and_needs_nothing_from_elsewhere(usual: Serving) -> None:
    page = usual.client.get("/docs", follow_redirects=True)
    assert page.status_code == 200
    for task in ("caption", "chapters", "summary", "chat"):
        assert f"POST /v1/{task}" in page.text
    assert not re.search(r"(src|href)=.?(https?:)?//", page.text)


def test_behind_a_prefix_all_ways_lead_there(usual: Serving) -> None:
    there = usual.client.get("/docs")
    assert there.headers["location"] == "v1/docs"  # relative: a proxy's prefix stays
    assert usual.client.get("/v1/openapi.json").json()["servers"] == [{"url": "."}]
