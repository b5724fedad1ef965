"""The command `chat`, with a model that repeats what it is asked."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.media.clips import numbered_clip
from tests.tasks.test_chat import Talker, use
from tests.test_cli import vidtext
from vidtext import cli
from vidtext.errors import ModelError
from vidtext.job import Job
from vidtext.models.base import GenerationOptions, Message


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> Talker:
    model = Talker()
    use(monkeypatch, model)
    return model


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return numbered_clip(tmp_path / "clip.mp4", 24)


def test_each_question_is_answered_in_a_line(talker: Talker, video: Path, capfd) -> None:
    assert cli.main(["chat", str(video), "--ask", "What moves?", "--ask", "And then?"]) == 0

    out, err = capfd.readouterr()
    assert out == "Echo: What moves?\nEcho: And then?\n"
    assert "vidtext: note: A note." in err
    assert [len(each) for each in talker.given] == [1, 3]


def test_questions_come_line_by_line_from_standard_input(talker: Talker, video: Path, capfd, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("One?\n\n  Two?  \n"))

    assert cli.main(["chat", str(video)]) == 0

    assert capfd.readouterr().out == "Echo: One?\nEcho: Two?\n"


def test_what_was_said_is_written_and_gone_on_with(talker: Talker, video: Path, tmp_path: Path, capfd) -> None:
    saved, page = tmp_path / "talk.json", tmp_path / "talk.md"
    assert cli.main(["chat", str(video), "--ask", "One?", "--output", str(saved)]) == 0
    assert cli.main(["chat", str(video), "--ask", "Two?", "--open", str(saved), "--output", str(page)]) == 0

    read = json.loads(saved.read_text())
    assert [(turn["question"], turn["answer"]) for turn in read["turns"]] == [("One?", "Echo: One?")]
    assert read["videos"][0]["name"] == "clip.mp4"
    assert page.read_text().count("\n## ") == 2
    assert [message.text for message in talker.given[-1]] == ["One?", "Echo: One?", "Two?"]


def test_opened_and_left_as_it_is_a_conversation_keeps_its_model(
    talker: Talker, video: Path, tmp_path: Path, capfd, monkeypatch
) -> None:
    saved = tmp_path / "talk.json"
    assert cli.main(["chat", str(video), "--ask", "One?", "--output", str(saved)]) == 0
    before = json.loads(saved.read_text())
    assert before["model"]

    def silent(*_: object) -> Iterator[str]:
        raise ModelError("No.")

    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert cli.main(["chat", str(video), "--open", str(saved), "--output", str(saved)]) == 0
    assert json.loads(saved.read_text()) == before

    monkeypatch.setattr(Talker, "reply", silent)
    assert cli.main(["chat", str(video), "--ask", "Two?", "--open", str(saved), "--output", str(saved)]) == 5
    assert json.loads(saved.read_text())["model"] == before["model"]


def test_whatever_was_said_opens_again(talker: Talker, video: Path, tmp_path: Path, capfd, monkeypatch) -> None:
    saved = tmp_path / "talk.json"
    monkeypatch.setattr(Talker, "reply", lambda *_: iter(["a" + " " * 9000 + "z"]))
    assert cli.main(["chat", str(video), "--ask", "One?", "--output", str(saved)]) == 0
    assert cli.main(["chat", str(video), "--ask", "Two?", "--open", str(saved), "--output", str(saved)]) == 0
    assert [len(turn["answer"]) for turn in json.loads(saved.read_text())["turns"]] == [9002, 9002]


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.usefixtures("talker")
def test_a_reader_that_leaves_ends_it_quietly_and_what_was_said_is_kept(
    video: Path, tmp_path: Path, capfd, monkeypatch, options: list[str]
) -> None:
    saved = tmp_path / "talk.json"
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as left:
        monkeypatch.setattr("sys.stdout", left)
        with pytest.raises(SystemExit) as ended:
            cli.main(["chat", str(video), "--ask", "One?", "--output", str(saved), *options])
    assert ended.value.code == 141
    assert "Traceback" not in capfd.readouterr().err
    assert json.loads(saved.read_text())["turns"][0]["question"] == "One?"


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.usefixtures("talker")
def test_a_full_disk_is_told_and_what_was_said_is_kept(
    video: Path, tmp_path: Path, capfd, monkeypatch, options: list[str]
) -> None:
    saved = tmp_path / "talk.json"
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert cli.main(["chat", str(video), "--ask", "One?", "--output", str(saved), *options]) == 1
    assert "vidtext: Standard output cannot be written: No space left on device." in capfd.readouterr().err
    assert json.loads(saved.read_text())["turns"][0]["question"] == "One?"


def test_a_video_comes_through_a_pipe_and_the_conversation_leaves_as_json(
    talker: Talker, video: Path, capfd, monkeypatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(video.read_bytes())))

    assert cli.main(["chat", "-", "--ask", "One?", "--ask", "Two?", "--json"]) == 0

    read = json.loads(capfd.readouterr().out)
    assert [turn["answer"] for turn in read["turns"]] == ["Echo: One?", "Echo: Two?"]
    assert read["videos"][0]["duration_seconds"] == 2.4


def test_options_reach_the_model(talker: Talker, video: Path, capfd) -> None:
    options = ["--temperature", "0.5", "--top-p", "0.9", "--max-new-tokens", "7", "--system", "Be brief."]
    assert cli.main(["chat", str(video), "--ask", "One?", *options]) == 0

    given = talker.options[0]
    assert (given.temperature, given.top_p, given.max_new_tokens) == (0.5, 0.9, 7)
    assert talker.given[0][0].text == "Be brief."


def test_bytes_that_are_no_text_become_text(talker: Talker, video: Path, capfd) -> None:
    """As Python hands on what a shell of another encoding typed."""
    typed = os.fsdecode(b"caf\xe9?")
    assert cli.main(["chat", str(video), "--ask", typed, "--system", typed]) == 0
    assert [message.text for message in talker.given[0]] == ["caf\ufffd?", "caf\ufffd?"]
    assert capfd.readouterr().out == "Echo: caf\ufffd?\n"


def test_ctrl_c_keeps_what_was_said(talker: Talker, video: Path, tmp_path: Path, capfd, monkeypatch) -> None:
    saved, real = tmp_path / "talk.json", Talker.reply

    def interrupted(self: Talker, messages: Sequence[Message], options: GenerationOptions, job: Job) -> Iterator[str]:
        for number, piece in enumerate(real(self, messages, options, job)):
            if number == 2 and len(messages) > 1:
                signal.raise_signal(signal.SIGINT)
                job.check()
            yield piece

    monkeypatch.setattr(Talker, "reply", interrupted)

    assert cli.main(["chat", str(video), "--ask", "One?", "--ask", "Two or three?", "--output", str(saved)]) == 130

    turns = json.loads(saved.read_text())["turns"]
    assert [(turn["answer"], turn["finished"]) for turn in turns] == [("Echo: One?", True), ("Echo: Two ", False)]
    assert capfd.readouterr().out == "Echo: One?\nEcho: Two\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--ask", ""], 2, "The question is empty."),
        (["--ask", "a" * 9000], 2, "has 9,000 characters; up to 8,000"),
        (["--ask", "a", "--format", "md"], 2, "name it with --output"),
        (["--ask", "a", "--open", "missing.json"], 2, "--open missing.json cannot be read"),
        (["--ask", "a", "--frames", "1"], 2, "1 frames were asked for"),
        (["--ask", "a", "--temperature", "3"], 2, "temperature is 3.0"),
        (["-"], 2, "Standard input cannot be the video and the questions"),
        (["-", "-", "--ask", "a"], 2, "Standard input is one video"),
        (["nowhere.mp4", "--ask", "a"], 3, "nowhere.mp4"),
    ],
)
@pytest.mark.usefixtures("talker")
def test_what_cannot_be_is_explained(video: Path, capfd, options, code, message) -> None:
    assert cli.main(["chat", str(video), *options]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err


def test_a_file_that_is_no_conversation_is_explained(talker: Talker, video: Path, tmp_path: Path, capfd) -> None:
    (tmp_path / "bad.json").write_text("[]")
    assert cli.main(["chat", str(video), "--ask", "a", "--open", str(tmp_path / "bad.json")]) == 2
    assert "This is not a saved conversation" in capfd.readouterr().err


def test_the_embedded_model_answers_as_a_process_of_its_own(video: Path) -> None:
    done = vidtext("chat", video, "--model", "embedded", "--ask", "Who is it?")
    assert done.returncode == 0
    assert done.stdout.decode() == "I cannot tell.\n"
