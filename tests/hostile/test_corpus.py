"""Every hostile file gets a result or a clear error in time, and nothing is left of it."""

from __future__ import annotations

import math
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.hostile.containers import CONTAINERS
from tests.hostile.corpus import CORPUS, SECRET, SETTINGS, Hostile, truncations
from tests.hostile.fuzz import fuzz
from tests.hostile.visit import LAST_WORDS, Outcome, visit
from tests.media.test_guard import workers

if TYPE_CHECKING:
    from pathlib import Path

MUTATIONS = 300
FIRST_MUTATION = 1_000_000
"""Those of the command's usual run come before."""


def check(outcome: Outcome) -> None:
    assert SECRET not in outcome.said
    assert "Traceback" not in outcome.said
    if outcome.kind != "result":
        assert any(words in outcome.said.lower() for words in LAST_WORDS), outcome.said


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)
def test_each_gets_what_it_must(hostile: Hostile, tmp_path: Path) -> None:
    (tmp_path / "making").mkdir()
    path = tmp_path / hostile.name
    path.write_bytes(hostile.make(tmp_path / "making"))
    outcome = visit(path, SETTINGS)
    check(outcome)
    assert outcome.kind in hostile.gets.split("|"), outcome
    assert not outcome.crashed
    assert not outcome.hung
    assert outcome.seconds < 5 * SETTINGS.sandbox.total_seconds
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(["making", hostile.name])
    assert workers() == []


@pytest.mark.parametrize("points", [12, pytest.param(50, marks=pytest.mark.slow)])
def test_what_was_cut_off_anywhere_gets_a_result_or_a_clear_error(tmp_path: Path, points: int) -> None:
    def one(named: tuple[str, bytes]) -> tuple[str, Outcome]:
        path = tmp_path / named[0]
        path.write_bytes(named[1])
        outcome = visit(path, SETTINGS, one_worker=True)
        path.unlink()
        return named[0], outcome

    with ThreadPoolExecutor(2) as pool:
        outcomes = dict(pool.map(one, truncations(tmp_path, points=points)))
    assert len(outcomes) == points * len(CONTAINERS)
    for name, outcome in outcomes.items():
        check(outcome)
        assert not outcome.crashed, (name, outcome)
        assert not outcome.hung, (name, outcome)
    assert {outcome.kind for outcome in outcomes.values()} >= {"result", "UnreadableMediaError"}
    assert workers() == []


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        pytest.param(math.inf, MUTATIONS, id=f"{MUTATIONS}"),
        pytest.param(120.0, sys.maxsize, id="two-minutes", marks=[pytest.mark.slow, pytest.mark.timeout(240)]),
    ],
)
def test_mutations_get_a_result_or_a_clear_error(seconds: float, most: int) -> None:
    process = psutil.Process()
    fuzz(1.0, start=FIRST_MUTATION)
    files, memory = process.num_fds(), process.memory_info().rss
    tally = fuzz(seconds, start=FIRST_MUTATION, most=most)
    assert tally.defects == []
    assert tally.kinds.total() >= 100
    assert tally.kinds["result"] > 0
    assert tally.slowest[0] < 60
    assert workers() == []
    assert process.num_fds() <= files
    assert process.memory_info().rss < memory + (64 << 20)
