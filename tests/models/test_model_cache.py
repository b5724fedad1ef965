"""Which models stay loaded. The models are stand-ins of known sizes; what loads them counts."""

from __future__ import annotations

import threading
from collections import Counter
from types import SimpleNamespace

import pytest

from vidtext.errors import ModelUnavailableError
from vidtext.models.checkpoint import Checkpoint
from vidtext.models.model_cache import ModelCache

SIZES = {"a": 40, "b": 40, "c": 40, "huge": 500}


class Loader:
    """Makes models whose weights have the sizes above; "broken" cannot be loaded."""

    def __init__(self) -> None:
        self.loads: Counter[str] = Counter()
        self.gate: threading.Event | None = None

    def __call__(self, checkpoint: Checkpoint) -> tuple[SimpleNamespace, None]:
        self.loads[checkpoint.folder] += 1
        if self.gate:
            assert self.gate.wait(10)
        if checkpoint.folder == "broken":
            raise ModelUnavailableError("It is broken.")
        weights = [SimpleNamespace(nbytes=SIZES[checkpoint.folder], is_meta=False)]
        return SimpleNamespace(name=checkpoint.folder, parameters=lambda: weights, buffers=list), None


@pytest.fixture
def loader() -> Loader:
    return Loader()


def kept_by(loader: Loader, *, most_bytes: int = 100, idle_seconds: float = 3600.0) -> ModelCache:
    return ModelCache(loader, most_bytes=most_bytes, idle_seconds=idle_seconds)  # type: ignore[arg-type]


def named(folder: str) -> Checkpoint:
    return Checkpoint(folder, "cpu", "float32")


def use(kept: ModelCache, *folders: str) -> None:
    for folder in folders:
        with kept.acquire(named(folder)) as loaded:
            assert loaded.model.name == folder


def test_a_model_is_loaded_once_and_kept(loader: Loader) -> None:
    kept = kept_by(loader)
    use(kept, "a", "b", "a", "b")
    assert loader.loads == {"a": 1, "b": 1}
    assert kept.nbytes == kept.idle_bytes() == 80


def test_the_one_that_was_not_used_for_longest_goes(loader: Loader) -> None:
    kept = kept_by(loader)
    use(kept, "a", "b", "a", "c")
    assert [kept.holds(named(each)) for each in "abc"] == [True, False, True]
    assert kept.nbytes == 80


def test_one_in_use_never_goes(loader: Loader) -> None:
    kept = kept_by(loader)
    with kept.acquire(named("a")):
        use(kept, "huge", "b")
        kept.drop_idle()
        assert kept.holds(named("a"))
        use(kept, "a")
    assert loader.loads["a"] == 1
    assert kept.nbytes <= 100


def test_one_that_is_larger_than_allowed_is_lent_but_not_kept(loader: Loader) -> None:
    kept = kept_by(loader)
    with kept.acquire(named("huge")) as loaded:
        assert loaded.model.name == "huge"
        assert kept.holds(named("huge"))
    assert kept.nbytes == 0


def test_who_asks_at_once_loads_once(loader: Loader) -> None:
    loader.gate = threading.Event()
    kept, got = kept_by(loader), []

    def ask() -> None:
        with kept.acquire(named("a")) as loaded:
            got.append(loaded.model)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    loader.gate.set()
    for thread in threads:
        thread.join(10)
    assert loader.loads == {"a": 1}
    assert len(got) == 8
    assert len({id(model) for model in got}) == 1


def test_different_models_are_loaded_side_by_side(loader: Loader) -> None:
    loader.gate = threading.Event()
    kept = kept_by(loader)
    slow = threading.Thread(target=use, args=(kept, "a"))
    slow.start()
    while not loader.loads["a"]:
        pass
    loader.gate, gate = None, loader.gate
    use(kept, "b")
    gate.set()
    slow.join(10)
    assert kept.nbytes == 80


def test_a_failed_load_leaves_nothing_and_is_tried_again(loader: Loader) -> None:
    kept = kept_by(loader)
    for _ in range(2):
        with pytest.raises(ModelUnavailableError, match="It is broken"), kept.acquire(named("broken")):
            pass
    assert loader.loads == {"broken": 2}
    assert kept.nbytes == 0
    assert not kept._places


def test_an_error_of_the_borrower_gives_the_model_back(loader: Loader) -> None:
    kept = kept_by(loader)
    with pytest.raises(ZeroDivisionError), kept.acquire(named("a")):
        raise ZeroDivisionError
    assert kept.idle_bytes() == 40


def test_an_idle_one_goes_by_itself(loader: Loader) -> None:
    kept, gone = kept_by(loader, idle_seconds=0.05), threading.Event()
    with kept.acquire(named("b")):
        use(kept, "a")
        for _ in range(200):
            if not kept.holds(named("a")):
                break
            gone.wait(0.05)
        assert not kept.holds(named("a"))
        assert kept.holds(named("b"))


def test_less_may_be_allowed_later(loader: Loader) -> None:
    kept = kept_by(loader)
    use(kept, "a", "b")
    kept.allow(most_bytes=50, idle_seconds=10)
    assert [kept.holds(named(each)) for each in "ab"] == [False, True]


@pytest.mark.parametrize(("device_bytes", "at_once"), [(0, True), (20, False)])
def test_a_model_that_is_partly_outside_is_lent_to_one_after_the_other(
    loader: Loader, *, device_bytes: int, at_once: bool
) -> None:
    kept, lent = kept_by(loader), threading.Event()

    def borrow() -> None:
        with kept.acquire(named("a")):
            lent.set()

    with kept.acquire(Checkpoint("a", "cpu", "float32", device_bytes)):
        second = threading.Thread(target=borrow, daemon=True)
        second.start()
        assert lent.wait(10 if at_once else 0.3) is at_once
    second.join(10)
    assert lent.is_set()
