"""The names of the files that results are written to, derived from the name of the video.

SRT and WebVTT captions have the stem of the video, which is how players find them: `talk.mp4`, `talk.srt`. Every other
result also names its kind: `talk-captions.csv`, `talk-chapters.vtt`, `talk-summary.md`.
"""

from __future__ import annotations

import regex

_NAME_BYTES = 255
"""The longest name of a file on ext4, XFS, Btrfs and ZFS, in UTF-8; NTFS and APFS allow 255 UTF-16 units or more."""

_PLAYED = (".srt", ".vtt")
"""The captions that players load by the stem of the video."""

_FORBIDDEN = regex.compile(r'[<>:"/\\|?*\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u202A-\u202E\u2066-\u2069]')
"""What Windows forbids in names
(https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file#naming-conventions), control characters, line and
paragraph separators, what no UTF-8 can say, and the explicit directional characters of UAX #9, which make the end of a
name look like another one. Letters, combining marks, joiners, brackets, spaces and all other signs stay."""

_DEVICE = regex.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³])[ ]*(?:\.|$)", regex.IGNORECASE)
"""The start of a name that Windows takes for a device, whatever stands behind the first dot."""


def file_name(video: str, kind: str, suffix: str) -> str:
    """Return the name of a file about a video; no two kinds or suffixes have the same.

    Args:
        video: the name of the video, with its ending.
        kind: the word in its name for what the file holds, such as "captions" or "with-chapters".
        suffix: how the name ends, such as ".vtt".
    """
    tail = tail_of(kind, suffix)
    return stem_of(video, _NAME_BYTES - len(tail.encode())) + tail


def tail_of(kind: str, suffix: str) -> str:
    """Return what a file's name has behind the stem of its video: ".srt", "-chapters.vtt"."""
    return suffix if kind == "captions" and suffix in _PLAYED else f"-{kind}{suffix}"


def stem_of(video: str, most_bytes: int) -> str:
    """Return a video's name without its ending; "video" where nothing is left.

    It is the same to the byte, in the Unicode normalization that the video has too, unless a system forbids that:
    characters in `_FORBIDDEN` become "_", dots and spaces at either end go, a name of a Windows device gets a "_" in
    front, and a longer name is cut between two grapheme clusters.

    Args:
        video: the name of the video, with its ending.
        most_bytes: the longest stem, in UTF-8.
    """
    stem = _FORBIDDEN.sub("_", video.rsplit(".", 1)[0]).strip(" .")
    if _DEVICE.match(stem):
        stem = f"_{stem}"
    return _cut(stem, most_bytes).rstrip(" .") or "video"


def _cut(text: str, most_bytes: int) -> str:
    if len(text.encode()) <= most_bytes:
        return text
    cut, size = [], 0
    for cluster in regex.findall(r"\X", text):
        size += len(cluster.encode())
        if size > most_bytes:
            break
        cut.append(cluster)
    return "".join(cut) or text.encode()[:most_bytes].decode(errors="ignore")
