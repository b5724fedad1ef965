from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.models.checkpoints import save_tiny_git
from tests.models.hub import FakeHub
from vidtext.errors import ModelError, ModelUnavailableError, UnknownModelError
from vidtext.models.catalog import FULL_CAPTIONER, MODELS
from vidtext.models.checkpoint import load_checkpoint
from vidtext.models.loading import load_model, resolve, warm_up
from vidtext.models.model_cache import MODEL_CACHE
from vidtext.settings import Settings


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"no model 'gpt-7'.*auto, embedded, microsoft/git-base-vatex"):
        load_model("gpt-7")


def test_a_name_that_is_longer_than_names_of_files_is_unknown() -> None:
    with pytest.raises(UnknownModelError, match="no model 'aaa") as caught:
        load_model("a" * 5000)
    assert len(str(caught.value)) < 1000


def test_a_folder_that_may_not_be_entered_holds_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = os.stat

    def refuse(path: Any, **how: Any) -> os.stat_result:
        if Path(path).name == "config.json":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(UnknownModelError, match="no model .* or a folder with a checkpoint that may be read"):
        resolve(str(tmp_path), Settings())


def test_a_folder_of_another_family_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')

    with pytest.raises(UnknownModelError, match="holds a 'llama' model; GIT, LLaVA-NeXT-Video"):
        load_model(str(tmp_path))


def test_pickled_weights_are_never_loaded(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")

    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        load_model(str(folder))


def test_a_weights_file_cut_in_half_is_told(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])

    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        load_model(str(folder))


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git")
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: tensor for name, tensor in weights.items() if "attention" not in name},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )

    with pytest.raises(ModelUnavailableError, match="lacks .* of its weights"):
        load_model(str(folder))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("[]", "holds a list"),
        ("{broken", "cannot be read"),
        ('{"model_type": "git"}', "captions no videos: its config has no num_image_with_embedding"),
        ('{"model_type": "git", "num_image_with_embedding": null}', "captions no videos"),
    ],
)
def test_a_config_that_is_no_captioners_is_refused(tmp_path: Path, config: str, message: str) -> None:
    (tmp_path / "config.json").write_text(config)

    with pytest.raises(ModelError, match=message):
        load_model(str(tmp_path))


def test_two_who_ask_at_once_load_once(tmp_path: Path, monkeypatch) -> None:
    folder, loads = save_tiny_git(tmp_path / "git"), []
    monkeypatch.setattr(
        MODEL_CACHE, "_load", lambda checkpoint: loads.append(checkpoint) or load_checkpoint(checkpoint)
    )
    threads = [Thread(target=load_model, args=(str(folder),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(loads) == 1


def test_without_hub_or_cache_auto_is_embedded_and_says_why() -> None:
    resolution = resolve("auto", Settings())

    assert resolution.info.id == "embedded"
    assert FULL_CAPTIONER in resolution.note
    assert "HF_HUB_OFFLINE" in resolution.note


def test_without_hub_or_cache_a_full_model_is_refused_with_the_reason() -> None:
    with pytest.raises(
        ModelUnavailableError, match=f"{FULL_CAPTIONER} is not on this machine, and the hub is switched"
    ):
        load_model(FULL_CAPTIONER)


ASK = """
import json, sys, time
import vidtext
from vidtext.models.loading import resolve
settings = vidtext.Settings().override(models__hub_timeout_seconds=1.0)
resolution = resolve("auto", settings)
captioner = vidtext.load_model("auto", settings=settings)
again = resolve("auto", settings)
print(json.dumps([resolution.info.id, resolution.note, captioner.info.id, again.folder and str(again.folder)]))
"""


def ask(endpoint: str, home: Path, **more: str) -> list[str]:
    """Load "auto" in a process of its own whose hub is at `endpoint`."""
    answer: list[str] = answer_of(ASK, endpoint, home, **more)
    return answer


def answer_of(script: str, endpoint: str, home: Path, **more: str) -> Any:
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0", **more}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert more.get("HF_TOKEN", "no token at all") not in done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_auto_downloads_the_full_model_where_the_hub_has_it_and_finds_it_offline_later(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git", hub_layout=True)
    (folder / "pytorch_model.bin").write_bytes(b"a pickle that nobody wants")
    (folder / "modeling_evil.py").write_text("raise SystemExit('remote code ran')")
    home = tmp_path / "home"
    with FakeHub(FULL_CAPTIONER, folder) as hub:
        first = ask(hub.address, home, HF_TOKEN="hf_secretsecretsecret")

    assert first[:3] == [FULL_CAPTIONER, "", FULL_CAPTIONER]
    assert "pytorch_model.bin" not in hub.served
    assert "modeling_evil.py" not in hub.served
    assert "model.safetensors" in hub.served

    second = ask(hub.address, home)  # the hub is gone; the cache is not

    assert second[:3] == [FULL_CAPTIONER, "", FULL_CAPTIONER]
    assert second[3]


DOWNLOAD = """
import json
from vidtext.errors import CancelledError
from vidtext.job import Job
from vidtext.models.hub import cached_folder, download
reports = []
job = Job(lambda progress: (reports.append([progress.doing, progress.done, progress.total]), job.stop()))
try:
    download("microsoft/git-base-vatex", job)
except CancelledError:
    reports.append("stopped")
first, folder = list(reports), cached_folder("microsoft/git-base-vatex")
job = Job(lambda progress: reports.append([progress.doing, progress.done, progress.total]))
again = download("microsoft/git-base-vatex", job)
found = cached_folder("microsoft/git-base-vatex")
print(json.dumps([first[0][0], first[-1], folder is None, reports[-1], found != again]))
"""


DOWNLOAD_OR_TELL = """
import json
from vidtext.errors import ModelError
from vidtext.job import Job
from vidtext.models.hub import cached_folder, download
try:
    said = download("microsoft/git-base-vatex", Job()) and "there"
except ModelError as error:
    said = str(error)
print(json.dumps([said, cached_folder("microsoft/git-base-vatex") is not None]))
"""


def test_a_hub_that_dies_in_the_middle_is_told_and_the_next_try_ends_well(tmp_path: Path) -> None:
    folder = save_tiny_git(tmp_path / "git", hub_layout=True)
    with FakeHub(FULL_CAPTIONER, folder, dies=True) as hub:
        said, there = answer_of(DOWNLOAD_OR_TELL, hub.address, tmp_path / "home")
    assert "microsoft/git-base-vatex" in said
    assert not there
    with FakeHub(FULL_CAPTIONER, folder) as hub:
        assert answer_of(DOWNLOAD_OR_TELL, hub.address, tmp_path / "home") == ["there", True]


@pytest.mark.parametrize("kept", [0, 1, 1000, -1])
def test_weights_that_were_cut_off_are_told(tmp_path: Path, kept: int) -> None:
    folder = save_tiny_git(tmp_path / "git", hub_layout=True)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(ModelUnavailableError, match=r"model\.safetensors|The model in git cannot be loaded"):
        load_model(str(folder))


@pytest.mark.parametrize("bars", ["0", "1"])
def test_a_download_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path, bars: str) -> None:
    folder = save_tiny_git(tmp_path / "git", hub_layout=True)
    with FakeHub(FULL_CAPTIONER, folder) as hub:
        answer = answer_of(DOWNLOAD, hub.address, tmp_path / "home", HF_HUB_DISABLE_PROGRESS_BARS=bars)
    doing, ended, nothing_there, (_, done, total), still_nothing = answer
    assert doing == f"downloading {FULL_CAPTIONER}"
    assert ended == "stopped"
    assert nothing_there
    assert not still_nothing
    assert done == total > 0  # a file that had arrived when the job was stopped is not counted again


def test_a_hub_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with FakeHub(FULL_CAPTIONER, tmp_path, silent=True) as hub:
        answer = ask(hub.address, tmp_path / "home")

    assert answer[0] == answer[2] == "embedded"
    assert "cannot be reached" in answer[1]


def test_warming_up_loads_what_is_here_and_says_nothing_of_what_is_not() -> None:
    warm_up(Settings().override(models__default=FULL_CAPTIONER))

    MODEL_CACHE.drop_idle()
    assert MODEL_CACHE.nbytes == 0
    warm_up(Settings().override(models__default="embedded"))

    assert MODEL_CACHE.nbytes > 0


def test_cards_name_what_a_person_must_know() -> None:
    for name, info in MODELS.items():
        assert info.id == name
        assert info.description.endswith(".")
        assert info.licence
        assert info.frames_per_clip == {"llava-hf": 32, "Qwen": 32, "HuggingFaceTB": 16}.get(info.id.split("/")[0], 6)
        assert info.min_frames <= info.frames_per_clip
        assert (info.tokens_per_frame > 0) == (info.family != "git")
        assert info.frames_per_clip * info.tokens_per_frame < info.context_tokens


AT_ONCE = """
import sys, threading
from vidtext.models.loading import load_model, resolve, resolve_chat
from vidtext.models.acquire import Workload, foresee
from vidtext.settings import Settings
settings, failed, ready = Settings(), [], threading.Barrier(8)

def run(work):
    ready.wait()
    try:
        work()
    except BaseException as error:
        failed.append(repr(error))

def plan(find):
    foresee(find("embedded", settings), Workload(1, 6), settings)

works = [lambda: load_model("embedded"), lambda: load_model("embedded-chat"), *[lambda: plan(resolve)] * 3,
         *[lambda: plan(resolve_chat)] * 3]
threads = [threading.Thread(target=run, args=(work,)) for work in works]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(str(failed) if failed else 0)
"""


def test_the_first_who_come_do_not_trip_over_each_others_imports() -> None:
    """transformers imports its parts lazily; a page that opens asks for several things in several threads at once."""
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
