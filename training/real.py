"""Captions of real clips against plain measures of their pixels: light, colour, and a tracker for the camera."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from training.grammar import Claims, parse
from training.palette import Look, Pixels, measure_look

SHORT_PIXELS = 160
"""Shortest edge to which decoded frames are shrunk."""
WINDOW_SECONDS = 3.0
MOST_WINDOWS = 4
"""Windows taken from one file, evenly spread, so that a long one does not count for more than four."""
LONGEST_SECONDS = 40.0
"""What comes later in a file is not looked at."""
FRAMES = 6
STILL_SHIFT, STILL_ZOOM = 0.04, 0.04
"""A camera whose picture stays within this part of its width, and this logarithm of magnification, is still."""
LEAST_AGREEING, LEAST_SPREAD = 0.5, 0.15
"""Part of the followed corners that must move as one, and their least spread in widths and heights: else it may be a
thing that moves, not the camera."""
MOVED_SHIFT, MOVED_ZOOM = 0.04, 0.05
"""A claimed movement is right when the picture went at least this far that way, and that way the most."""


@dataclass(frozen=True)
class Window:
    """A stretch of a real clip: every frame of it, small, (N, h, w, 3) uint8 RGB, and six of them for the model."""

    name: str
    frames: Pixels

    @property
    def six(self) -> Pixels:
        """The frames at the middles of six equal parts."""
        places = ((np.arange(FRAMES) + 0.5) / FRAMES * len(self.frames)).astype(int)
        return np.asarray(self.frames[places])


@dataclass(frozen=True)
class Verdict:
    """What was said of a window, and what the pixels say. `camera` is empty where the tracker is not sure."""

    name: str
    caption: str
    claims: Claims
    look: Look
    path: NDArray[np.float64]


def read(path: Path) -> Iterator[tuple[float, Pixels]]:
    """Decode a file, upright and small; what cannot be decoded ends the iteration."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.best("video")
            if not isinstance(stream, av.VideoStream) or stream.codec_context is None:
                return
            rate = float(stream.average_rate or 25)
            for index, frame in enumerate(container.decode(stream)):
                picture = frame.reformat(*_small(frame.width, frame.height), format="rgb24", interpolation="AREA")
                upright = np.rot90(picture.to_ndarray(), frame.rotation // 90)
                yield index / rate, np.ascontiguousarray(upright)
    except (av.error.FFmpegError, OSError):
        return


def _small(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, SHORT_PIXELS / min(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


def windows(path: Path) -> list[Window]:
    """Return up to MOST_WINDOWS windows of WINDOW_SECONDS, or one of the whole clip if it is shorter."""
    frames: list[Pixels] = []
    times: list[float] = []
    for seconds, picture in read(path):
        if seconds > LONGEST_SECONDS:
            break
        times.append(seconds)
        frames.append(picture)
    if not frames:
        return []
    count = int(np.clip(times[-1] // WINDOW_SECONDS, 1, MOST_WINDOWS))
    length = times[-1] if count == 1 else WINDOW_SECONDS
    starts = np.linspace(0, max(0.0, times[-1] - length), count)
    found = []
    for start in starts:
        inside = [frame for time, frame in zip(times, frames, strict=True) if start <= time <= start + length]
        found.append(Window(f"{path.name}@{start:.0f}s", np.stack(inside)))
    return found


def _is_of_the_camera(corners: NDArray[np.float32], inliers: NDArray[np.uint8], size: tuple[int, int]) -> bool:
    """Return whether what moves as one is most of what was followed, and lies all over the picture."""
    agreeing = corners.reshape(-1, 2)[inliers.ravel() == 1] / size
    return bool(inliers.mean() > LEAST_AGREEING and agreeing.std(axis=0).min() > LEAST_SPREAD)


def track_camera(frames: Pixels) -> NDArray[np.float64]:
    """Return the camera's path (N, 3) by following corners from frame to frame; NaN after it is lost, as at a cut.

    Columns are as in `Motion.camera`: the way of the view right and down in widths and heights, and the logarithm of
    its magnification.
    """
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    height, width = greys[0].shape
    path = np.zeros((len(frames), 3))
    for index in range(1, len(frames)):
        corners = cv2.goodFeaturesToTrack(greys[index - 1], 300, 0.01, 4)
        step = np.full(3, np.nan)
        if corners is not None and len(corners) >= 12:
            moved, found, _ = cv2.calcOpticalFlowPyrLK(greys[index - 1], greys[index], corners, corners.copy())
            kept = found.ravel() == 1
            if kept.sum() >= 12:
                matrix, inliers = cv2.estimateAffinePartial2D(corners[kept], moved[kept], ransacReprojThreshold=1.0)
                if matrix is not None and _is_of_the_camera(corners[kept], inliers, (width, height)):
                    middle = np.array([width / 2, height / 2])
                    shift = matrix[:, :2] @ middle + matrix[:, 2] - middle
                    step = np.array([-shift[0] / width, -shift[1] / height, np.log(np.hypot(*matrix[:, 0]))])
        path[index] = path[index - 1] + step
    return path


def camera_right(claim: str, path: NDArray[np.float64]) -> bool | None:
    """Judge a claim about the camera against a tracked path; None where the tracker lost it."""
    across, down, zoom = path[-1] - path[0]
    if not np.isfinite(path).all():
        return None
    if claim == "still":
        spread = path.max(axis=0) - path.min(axis=0)
        return bool(spread[:2].max() < STILL_SHIFT and spread[2] < STILL_ZOOM)
    if claim in ("closer", "away"):
        return bool((zoom if claim == "closer" else -zoom) > MOVED_ZOOM)
    ways = {"right": across, "left": -across, "down": down, "up": -down}
    return bool(ways[claim] > MOVED_SHIFT and ways[claim] == max(ways.values()))


def score_folder(caption: Callable[[Sequence[Pixels]], list[str]], folder: Path) -> list[Verdict]:
    """Caption windows of every file in a folder that can be decoded."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix not in (".json", ".md")]
    found = [window for path in files for window in windows(path)]
    texts = caption([window.six for window in found])
    return [
        Verdict(window.name, text, parse(text), measure_look(window.six), track_camera(window.frames))
        for window, text in zip(found, texts, strict=True)
    ]


def report(verdicts: Sequence[Verdict]) -> str:
    """Return the captions and, as a Markdown table, how many of their claims the pixels bear out."""
    lines = []
    judged: list[tuple[str, bool]] = []
    for verdict in verdicts:
        claims, mark = verdict.claims, ""
        judged.append(("no shape claimed", not claims.actors))
        if not claims.actors:
            judged.append(("light", claims.light in verdict.look.accepted_lights))
            judged.append(("main colour", "".join(claims.colours[:1]) in verdict.look.accepted_colours))
        if claims.camera:
            right = camera_right(claims.camera, verdict.path)
            mark = {True: "right", False: "WRONG", None: "not tracked"}[right]
            if right is not None:
                judged.append((f"camera {'still' if claims.camera == 'still' else 'moving'}", right))
                judged.append(("camera, all claims", right))
        way = " ".join(f"{part:+.2f}" for part in verdict.path[-1] - verdict.path[0])
        lines.append(f"{verdict.name}: {verdict.caption} [camera {way} {mark}]")
    lines += ["", "| claim on real clips | windows | right |", "|---|---:|---:|"]
    for name in sorted({name for name, _ in judged}):
        rights = [right for each, right in judged if each == name]
        lines.append(f"| {name} | {len(rights)} | {100 * sum(rights) / len(rights):.1f} % |")
    return "\n".join(lines)
