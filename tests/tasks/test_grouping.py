from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidtext.errors import OptionError
from vidtext.tasks.grouping import Parts, chapter_starts, parts_of, shortest_chapter_seconds


def features(*names: str) -> np.ndarray:
    """Different letters are at right angles to each other."""
    made = np.zeros((len(names), 26), dtype=np.float32)
    for row, name in enumerate(names):
        made[row, ord(name) - ord("a")] = 1
    return made


def parts(look: str, *, every: float = 1.0, shots: tuple[float, ...] | None = None) -> Parts:
    """One picture a letter; a shot begins wherever the letter changes, unless told otherwise."""
    times = [every * index for index in range(len(look))]
    changes = [0.0, *(time for time, (a, b) in zip(times[1:], itertools.pairwise(look), strict=True) if a != b)]
    return parts_of(times, features(*look), list(shots or changes), every * len(look))


def starts(look: str, **how) -> list[float]:
    given = {"count": None, "min_seconds": 2.0, "max_count": 60} | {
        name: how.pop(name) for name in ("count", "min_seconds", "max_count") if name in how
    }
    return chapter_starts(parts(look, **how), **given)


def test_what_looks_alike_is_one_chapter() -> None:
    assert starts("aaaaabbbbbccccc") == [0, 5, 10]


def test_shots_that_alternate_belong_together() -> None:
    assert starts("ababababab" + "cdcdcdcdcd") == [0, 10]


def test_what_never_changes_is_one_chapter() -> None:
    assert starts("a" * 40) == [0]


def test_a_change_without_a_cut_divides_too() -> None:
    assert starts("aaaaaaaabbbbbbbb", shots=(0.0,)) == [0, 8]


def test_a_slow_drift_within_one_shot_does_not_fall_apart() -> None:
    angles = np.linspace(0, 0.4, 40)
    drift = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    slow = parts_of([0.5 * index for index in range(40)], drift, [0.0], 20)

    assert chapter_starts(slow, count=None, min_seconds=2, max_count=60) == [0]


def test_a_chapter_is_never_shorter_than_asked() -> None:
    found = starts("aaaabccccc", min_seconds=3)

    assert found in ([0, 4], [0, 5])
    assert starts("abcdefghij", min_seconds=4, count=2) in ([0, 4], [0, 5], [0, 6])


def test_a_wished_number_is_met_exactly() -> None:
    for count in range(1, 6):
        assert len(starts("aaabbbcccdddeee", count=count)) == count
    assert starts("aaabbbcccdddeee", count=5) == [0, 3, 6, 9, 12]


def test_a_wished_number_that_does_not_fit_is_explained() -> None:
    with pytest.raises(OptionError, match=r"9 chapters of at least 2 s do not fit into this video of 0:10"):
        starts("aabbccddee", count=9)


def test_the_most_chapters_are_kept_to() -> None:
    look = "".join(letter * 4 for letter in "abcdefghij")
    assert len(starts(look)) == 10
    assert len(starts(look, max_count=4)) == 4


def test_a_long_video_without_structure_is_divided_all_the_same() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((240, 64)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    times = [30.0 * index for index in range(240)]

    found = chapter_starts(parts_of(times, noise, times, 7200), count=None, min_seconds=60, max_count=60)

    assert len(found) >= 8


def test_a_part_begins_where_its_shot_does() -> None:
    made = parts_of([0, 4, 8, 12], features(*"abcd"), [0, 3, 9.5], 15)

    assert made.starts.tolist() == [0, 3, 8, 9.5]
    assert made.begins_shot.tolist() == [True, True, False, True]


def test_of_several_shots_between_two_pictures_the_last_counts() -> None:
    assert parts_of([0, 4], features(*"ab"), [0, 1, 2, 3], 8).starts.tolist() == [0, 3]


def test_one_picture_is_one_chapter() -> None:
    assert chapter_starts(parts_of([0], features("a"), [0], 0), count=None, min_seconds=2, max_count=9) == [0]


@pytest.mark.parametrize(("duration", "shortest"), [(3, 2), (20, 2), (600, 30), (1200, 60), (7200, 60)])
def test_the_shortest_chapter_grows_with_the_video(duration, shortest) -> None:
    assert shortest_chapter_seconds(duration) == shortest


@given(st.text("abcd", min_size=1, max_size=60), st.floats(0.5, 10))
def test_chapters_begin_on_parts_in_order_and_long_enough(look, min_seconds) -> None:
    found = starts(look, min_seconds=min_seconds)

    assert found[0] == 0
    assert set(found) <= set(map(float, range(len(look))))
    lengths = np.diff([*found, len(look)])
    assert len(found) == 1 or lengths.min() >= min_seconds - 1e-6


@given(st.text("abc", min_size=2, max_size=8))
def test_no_other_division_into_as_many_is_more_alike(look) -> None:
    """Against trying them all."""
    count, video = 2, parts(look)
    found = starts(look, count=count, min_seconds=1.0)

    def scatter(begins: float) -> float:
        inside = [video.features[: int(begins)], video.features[int(begins) :]]
        return sum(float(((run - run.mean(axis=0)) ** 2).sum()) for run in inside)

    places = [time for time, is_shot in zip(video.starts, video.begins_shot, strict=True) if is_shot and time > 0]
    if places:
        assert scatter(found[1]) <= min(map(scatter, places)) + 1e-6
