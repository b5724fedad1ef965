"""Where chapters begin. Pure functions: times and features in, times out.

A video is looked at through pictures, each with a feature of the model's vision tower. Each picture stands for the
stretch from where its content begins to where the next one's does: a *part*. Chapters are runs of parts, chosen so that
the features within each run are as alike as they can be: kernel temporal segmentation (Potapov et al. 2014,
"Category-specific video summarization"), solved exactly by dynamic programming, with a shortest length as a constraint
and a price for every chapter that grows where no shot begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vidtext.clock import format_clock
from vidtext.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MOST_ALIKE = 0.01
"""Half the mean squared distance of unit features below which nothing changes: what one scene of the synthetic world,
its movement included, has on the embedded model (0.003 to 0.02)."""

_MOST_ALIKE_WITHIN_A_SHOT = 0.06
"""The same for a chapter that begins where no shot does: a slow pan must not fall apart."""

_CHAPTERS_AT_20_SECONDS = 8.0
_GROWTH = 0.3
"""How many equally different chapters a video may have before merging two costs less than keeping them apart: 8 at 20
seconds, growing with the length to the power of 0.3 (22 at 10 minutes, 47 at 2 hours). Chosen by eye on films of the
synthetic world, for tables of contents of 3 to 30 entries."""

_LONGEST_CHAPTER_SECONDS = 900.0
"""A longer stretch that changes at all is divided at its best places, however little they stand out."""

_ROUNDING_SECONDS = 1e-6


@dataclass(frozen=True, eq=False)
class Parts:
    """What is grouped.

    Attributes:
        starts: `(N,)` float64 seconds, increasing, the first at 0: where each part begins.
        stop_seconds: where the last part ends.
        begins_shot: `(N,)` bool: whether a shot begins there.
        features: `(N, D)` float32 of length 1 each.
    """

    starts: NDArray[np.float64]
    stop_seconds: float
    begins_shot: NDArray[np.bool_]
    features: NDArray[np.float32]

    @property
    def edges(self) -> NDArray[np.float64]:
        """All starts and the stop, `(N + 1,)` seconds."""
        return np.append(self.starts, self.stop_seconds)


def parts_of(
    picture_seconds: Sequence[float],
    features: NDArray[np.float32],
    shot_starts: Sequence[float],
    stop_seconds: float,
) -> Parts:
    """Let each picture stand for a part: from the start of its shot, if no picture before lies in it, else from itself.

    Args:
        picture_seconds: increasing times of N pictures, at least one.
        features: `(N, D)`.
        shot_starts: increasing times at which shots begin, the first at 0.
        stop_seconds: the end of the video.
    """
    times, shots = np.asarray(picture_seconds, dtype=np.float64), np.asarray(shot_starts, dtype=np.float64)
    own_shot = shots[np.maximum(np.searchsorted(shots, times + _ROUNDING_SECONDS, side="right") - 1, 0)]
    before = np.concatenate([[-np.inf], times[:-1]])
    begins_shot = own_shot > before
    starts = np.where(begins_shot, own_shot, times)
    starts[0] = 0.0
    return Parts(starts, max(stop_seconds, float(starts[-1])), begins_shot, features)


def shortest_chapter_seconds(duration_seconds: float) -> float:
    """Return the shortest chapter of a video where the user names none: a twentieth of it, from 2 s up to a minute."""
    return min(max(duration_seconds / 20, 2.0), 60.0)


def chapter_starts(parts: Parts, *, count: int | None, min_seconds: float, max_count: int) -> list[float]:
    """Return where chapters begin, the first at 0.

    Args:
        parts: the video.
        count: how many chapters; None lets their content decide.
        min_seconds: the shortest chapter; a video that is shorter is one chapter.
        max_count: the most chapters where the content decides.

    Raises:
        OptionError: `count` chapters of that length do not fit.
    """
    duration = parts.stop_seconds
    scatter = _Scatter(parts)
    price = _prices(parts, scatter.total)
    if count is None:
        indices = _cheapest(parts, scatter, price, min_seconds)
        changes = scatter.total > _MOST_ALIKE * duration
        fewest = int(duration / _LONGEST_CHAPTER_SECONDS) if changes else 1
        allowed = min(max(len(indices), fewest), max_count)
        if allowed != len(indices):
            indices = _exactly(parts, scatter, price, min_seconds, allowed) or indices
    else:
        found = _exactly(parts, scatter, price, min_seconds, count)
        if found is None:
            raise OptionError(
                f"{count} chapters of at least {min_seconds:g} s do not fit into this video of "
                f"{format_clock(duration)}, which was looked at in {len(parts.starts)} places. Ask for fewer, or for "
                "shorter ones.",
                option="count",
            )
        indices = found
    return [float(parts.starts[index]) for index in indices]


def farthest_first(features: NDArray[np.float32], weights: NDArray[np.float64], count: int) -> list[int]:
    """Choose at most `count` items that differ most: farthest-first traversal (Gonzalez 1985).

    Args:
        features: `(N, D)` of length 1 each, N ≥ 1.
        weights: `(N,)`: the heaviest item is chosen first, and of equally far ones the heavier.
        count: how many.

    Returns:
        Their indices in the order of being chosen.
    """
    chosen = [int(np.argmax(weights))]
    nearest = 1.0 - features @ features[chosen[0]]
    while len(chosen) < min(count, len(features)):
        nearest[chosen] = -np.inf
        chosen.append(int(np.lexsort((weights, np.round(nearest, 6)))[-1]))
        nearest = np.minimum(nearest, 1.0 - features @ features[chosen[-1]])
    return chosen


class _Scatter:
    """How far the features within a run of parts lie from their mean: seconds × squared distance, by prefix sums."""

    def __init__(self, parts: Parts) -> None:
        weights = np.diff(parts.edges)
        features = parts.features.astype(np.float64)
        self._weights = np.concatenate([[0.0], np.cumsum(weights)])
        self._sums = np.concatenate([np.zeros((1, features.shape[1])), np.cumsum(features * weights[:, None], axis=0)])
        self._squares = np.concatenate([[0.0], np.cumsum(weights * (features**2).sum(axis=1))])
        self.total = float(self.of_runs_to(len(weights))[0])

    def of_runs_to(self, stop: int) -> NDArray[np.float64]:
        """Return the scatter of the runs `[start, stop)` for every start before `stop`: `(stop,)`."""
        weights = self._weights[stop] - self._weights[:stop]
        sums = self._sums[stop] - self._sums[:stop]
        squares = self._squares[stop] - self._squares[:stop]
        means = np.divide((sums**2).sum(axis=1), weights, out=np.zeros_like(weights), where=weights > 0)
        return np.asarray(np.maximum(squares - means, 0.0))


def _prices(parts: Parts, total_scatter: float) -> NDArray[np.float64]:
    """Return what it costs to begin a chapter at each part, `(N,)`, in the scatter's unit."""
    duration = max(parts.stop_seconds, _ROUNDING_SECONDS)
    most = _CHAPTERS_AT_20_SECONDS * max(1.0, duration / 20) ** _GROWTH
    at_shots = max(total_scatter, _MOST_ALIKE * duration) / most
    elsewhere = 2 * max(total_scatter, _MOST_ALIKE_WITHIN_A_SHOT * duration) / most
    return np.asarray(np.where(parts.begins_shot, at_shots, elsewhere))


def _cheapest(parts: Parts, scatter: _Scatter, price: NDArray[np.float64], min_seconds: float) -> list[int]:
    """Return the parts at which chapters begin so that scatter and prices together are least."""
    edges, count = parts.edges, len(parts.starts)
    best = np.full(count + 1, np.inf)
    best[0] = -price[0]
    came_from = np.zeros(count + 1, dtype=np.int64)
    for stop in range(1, count + 1):
        costs = best[:stop] + price[:stop] + scatter.of_runs_to(stop)
        costs[edges[stop] - edges[:stop] < min_seconds - _ROUNDING_SECONDS] = np.inf
        came_from[stop] = int(np.argmin(costs))
        best[stop] = costs[came_from[stop]]
    return _way_back([came_from] * count, count) if np.isfinite(best[count]) else [0]


def _exactly(
    parts: Parts, scatter: _Scatter, price: NDArray[np.float64], min_seconds: float, chapters: int
) -> list[int] | None:
    """Return the best `chapters` beginnings, None if so many do not fit."""
    if chapters == 1:
        return [0]
    edges, count = parts.edges, len(parts.starts)
    best = np.full((chapters + 1, count + 1), np.inf)
    best[0, 0] = 0.0
    came_from = np.zeros((chapters + 1, count + 1), dtype=np.int64)
    for stop in range(1, count + 1):
        costs = best[:-1, :stop] + price[:stop] + scatter.of_runs_to(stop)
        costs[:, edges[stop] - edges[:stop] < min_seconds - _ROUNDING_SECONDS] = np.inf
        came_from[1:, stop] = np.argmin(costs, axis=1)
        best[1:, stop] = costs.min(axis=1)
    if not np.isfinite(best[chapters, count]):
        return None
    return _way_back([came_from[layer] for layer in range(chapters, 0, -1)], count)


def _way_back(layers: Sequence[NDArray[np.int64]], stop: int) -> list[int]:
    indices: list[int] = []
    for came_from in layers:
        if stop == 0:
            break
        stop = int(came_from[stop])
        indices.append(stop)
    return indices[::-1]
