"""What of the container can be held without an engine: it copies what is there, and ends as nobody's root."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.ui.serving import ROOT

LINES = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if line and not line.startswith("#")]


def said(instruction: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{instruction} ")]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    copied = [source for line in said("COPY") for source in line.split()[:-1]]
    assert copied == ["requirements.txt", "app.py", "vidtext"]
    assert all((ROOT / source).exists() for source in copied)
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert kept == set(copied)


def test_it_runs_as_a_user_without_rights() -> None:
    users = [number for number, line in enumerate(LINES) if line.startswith("USER ")]
    assert LINES[users[-1]] == "USER vidtext"
    assert re.search(r"useradd --uid 1000 .*vidtext", "\n".join(said("RUN")))
    assert not any(line.startswith(("COPY", "ADD", "RUN")) for line in LINES[users[-1] :])


def test_the_app_is_the_first_process_and_its_health_is_asked() -> None:
    assert json.loads(said("CMD")[-1]) == ["python3", "app.py"]
    (check,) = said("HEALTHCHECK")
    assert "/healthz" in check
    assert Path(ROOT / "app.py").is_file()
