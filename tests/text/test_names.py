"""Names of results, against what the systems allow: a real file system, and Windows' rules as Python knows them."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

import pytest

from vidtext.text.chapter_formats import CHAPTER_FORMATS
from vidtext.text.formats import FORMATS
from vidtext.text.names import file_name
from vidtext.text.summary_formats import SUMMARY_FORMATS
from vidtext.text.transcript_formats import TRANSCRIPT_FORMATS

if TYPE_CHECKING:
    from pathlib import Path

KEPT = [
    "ที่นี่ มีแมว",  # Thai
    "हिन्दी फ़िल्म",  # Devanagari
    "বাংলা ছবি",  # Bengali
    "தமிழ் படம்",  # Tamil
    "മലയാളം സിനിമ",  # Malayalam, with a joiner's script
    "ភាសាខ្មែរ",  # Khmer
    "မြန်မာ",  # Burmese
    "བོད་ཡིག",  # Tibetan
    "فیلم می\u200cخواهم",  # Persian, with a non-joiner
    "مُحَمَّد",  # Arabic, with vowels
    "שָׁלוֹם",  # Hebrew, with points
    "Việt Nam",
    "Über Köln",
    "Ελλάδα",
    "Фильм №1",
    "日本語の映画",
    "中文电影",
    "영화",
    "ქართული",
    "Հայերեն",
    "አማርኛ",
    "Yorùbá ẹ̀kọ́",
    "Talk [dQw4w9WgXcQ]",
    "50% off! #1 (final) {v1.2} & more",
    "it's 5 o'clock, 100€ @ home = fun; yes + no",
    "👨‍👩‍👧 and 👍🏽",
    "_private_",
    "ａｂｃ　全角",
    "कॉम1",
    "console",
]
"""Names in 15 scripts and more that every system allows."""

CHANGED = {
    'a<b>c:d"e\\f|g?h*i.mp4': "a_b_c_d_e_f_g_h_i",
    "tab\tand\nline.mp4": "tab_and_line",
    "exe\u202egpj.mp4": "exe_gpj",
    "a\u2066b\u2069c.mp4": "a_b_c",
    "caf\udce9.mp4": "caf_",
    "line\u2028end\ufffe.mp4": "line_end_",
    "dots....mp4": "dots",
    "space .mp4": "space",
    ".hidden.mp4": "hidden",
    ".mp4": "video",
    "": "video",
    "...": "video",
    **{f"{name}.mp4": f"_{name}" for name in ("CON", "nul", "Aux", "prn", "com1", "LPT9", "COM¹", "lpt²", "conin$")},
    "nul.tar.mp4": "_nul.tar",
    "con .mp4": "_con",
    "NUL .old.mp4": "_NUL .old",
}


@pytest.mark.parametrize("stem", KEPT)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_captions_have_the_stem_of_the_video_to_the_byte(stem: str, form: str, tmp_path: Path) -> None:
    video = tmp_path / f"{unicodedata.normalize(form, stem)}.mp4"  # type: ignore[arg-type]  # it is one of the forms
    video.touch()
    for suffix in (".srt", ".vtt"):
        captions = tmp_path / file_name(video.name, "captions", suffix)
        captions.touch()
        assert captions.stem.encode() == video.stem.encode()


@pytest.mark.parametrize(("video", "stem"), CHANGED.items())
def test_what_a_system_forbids_is_changed(video: str, stem: str) -> None:
    name = file_name(video, "captions", ".srt")
    assert name == f"{stem}.srt"
    assert not PureWindowsPath(name).is_reserved()
    assert PureWindowsPath(name).name == PurePosixPath(name).name == name


@pytest.mark.parametrize("character", ["x", "映", "กำ", "e\u0301\u0302", "👨‍👩‍👧", "🇩🇪", "각"])
def test_long_names_are_as_long_as_a_file_system_allows_and_cut_between_characters(
    character: str, tmp_path: Path
) -> None:
    longest = 255 - len(".mp4")
    character = unicodedata.normalize("NFD", character)
    fitting = character * (longest // len(character.encode()))
    (tmp_path / f"{fitting}.mp4").touch()
    assert file_name(f"{fitting}.mp4", "captions", ".srt") == f"{fitting}.srt"
    for kind in ("captions", "chapters", "summary", "chat", "highlights", "with-chapters"):
        name = file_name(character * 300 + ".mp4", kind, ".ffmeta.txt")
        (tmp_path / name).touch()
        stem = name.removesuffix(f"-{kind}.ffmeta.txt")
        assert stem == character * stem.count(character)
        assert len(name.encode()) + len(character.encode()) > 255


def test_no_two_results_of_a_video_have_the_same_name() -> None:
    suffixes: dict[str, list[str]] = {
        "captions": [form.suffix for form in FORMATS.values()],
        "chapters": [form.suffix for form in CHAPTER_FORMATS.values()],
        "summary": [form.suffix for form in SUMMARY_FORMATS.values()],
        "chat": [form.suffix for form in TRANSCRIPT_FORMATS.values()],
        "highlights": [".mp4", ".srt", ".vtt"],
        "with-chapters": [".mp4", ".mkv"],
    }
    names = [file_name("talk.mp4", kind, suffix) for kind in suffixes for suffix in suffixes[kind]]
    assert len({name.casefold() for name in names}) == len(names)
    assert {"talk.srt", "talk.vtt", "talk-captions.csv", "talk-chapters.vtt"} <= {*names}
    assert "talk.mp4" not in names
