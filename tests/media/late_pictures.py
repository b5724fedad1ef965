"""Films that were cut without encoding, as people do it, and what ffmpeg says of them.

Their sound begins at once, their pictures at the next keyframe, seconds later. Red becomes blue when a tone begins.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

CONTAINERS = (".mp4", ".mkv", ".ts", ".avi")

BOTH = ("-map", "0:v:0", "-map", "0:a:0")
"""From MPEG-TS, ffmpeg would subtract the start of the only track that is asked for."""

FRAME_SECONDS = 1001 / 30_000
"""Not a whole number of milliseconds."""

_RED_FRAMES, _BLUE_FRAMES, _KEYFRAME_EVERY = 210, 150, 150
_TONE_SECONDS = _RED_FRAMES * FRAME_SECONDS


def ffmpeg(*arguments: str | Path) -> str:
    """Run ffmpeg and return what it writes."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout + done.stderr


def write_film(path: Path) -> Path:
    """Write 7 seconds of red and 5 of blue; the blue ones have a tone."""
    seconds = (_RED_FRAMES + _BLUE_FRAMES) * FRAME_SECONDS
    sources = [f"color={colour}:s=64x48:r=30000/1001" for colour in ("0xDC1E1E", "0x1E1EDC")]
    # A faint sound before the tone, so that there is something to be copied.
    sound = f"aevalsrc='if(gte(t,{_TONE_SECONDS}),0.5*sin(880*PI*t),0.0001*sin(440*PI*t))':s=48000:d={seconds}"
    inputs = [word for source in (*sources, sound) for word in ("-f", "lavfi", "-i", source)]
    graph = f"[0]trim=end_frame={_RED_FRAMES}[r];[1]trim=end_frame={_BLUE_FRAMES}[b];[r][b]concat[v]"
    picture = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "2", "-g", str(_KEYFRAME_EVERY), "-sc_threshold", "0")
    ffmpeg(*inputs, "-filter_complex", graph, "-map", "[v]", "-map", "2", *picture, "-c:a", "aac", path)
    return path


def write_late_pictures(path: Path) -> Path:
    """Write what is left of the film from 2 s on; its next keyframe is at 5.005 s."""
    whole = write_film(path.with_name("whole.mp4"))
    ffmpeg("-i", whole, "-ss", "2", "-c", "copy", path)
    return path


def picture_changes(path: Path) -> list[float]:
    """Return when ffmpeg's scene filter sees a cut, in seconds from the file's start."""
    said = ffmpeg("-i", path, *BOTH, "-vf", "select='gt(scene,0.1)',metadata=print:file=-", "-f", "null", "-")
    return [float(time) for time in re.findall(r"pts_time:([\d.]+)", said)]


def tone_starts(path: Path) -> float:
    """Return when ffmpeg's silencedetect hears the tone, in seconds from the file's start."""
    said = ffmpeg("-i", path, *BOTH, "-af", "silencedetect=n=-40dB:d=0.5", "-f", "null", "-")
    return float(re.findall(r"silence_end: ([\d.]+)", said)[0])


def colour_at(path: Path, seconds: float) -> str:
    """Return whether the first frame that ffmpeg reads from a time on is red or blue."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-ss", f"{seconds:.3f}", "-i", str(path), "-frames:v", "1"]
    command += ["-vf", "scale=1:1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    red, _, blue = subprocess.run(command, capture_output=True, check=True, timeout=120).stdout
    return "red" if red > blue else "blue"
