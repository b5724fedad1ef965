"""Long work: submitted, asked about, stopped; and clients that leave."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import httpx

from tests.api.conftest import FOREVER, Serving, Toys
from tests.api.test_refusals import problem
from tests.api.test_tasks import base64_of, conversation
from tests.media.stills import many_scans
from tests.media.test_still import workers
from tests.ui.serving import wait_until


def begin(api: httpx.Client, clip: Path, **more: Any) -> dict[str, Any]:
    answer = api.post("/v1/caption", json={"video": base64_of(clip), "background": True, **more})
    assert answer.status_code == 202
    assert answer.headers["location"] == answer.json()["url"]
    document: dict[str, Any] = answer.json()
    document["url"] = str(answer.url.join(document["url"]).path)
    return document


def test_a_job_is_asked_about_until_it_is_done(api: httpx.Client, clip: Path) -> None:
    job = begin(api, clip)
    wait_until(lambda: api.get(job["url"]).json()["status"] == "done", what="the job to end")
    done = api.get(job["url"]).json()
    assert done["result"]["caption"] == "A video."
    assert "error" not in done
    assert api.delete(job["url"]).status_code == 204
    problem(api.get(job["url"]), 404)


def test_a_job_at_work_tells_how_far_it_is_and_what_there_is(api: httpx.Client, clip: Path, toys: Toys) -> None:
    job = begin(api, clip, max_length=FOREVER)
    wait_until(lambda: "result" in api.get(job["url"]).json(), what="something to be there")
    going = api.get(job["url"]).json()
    assert going["status"] == "running"
    assert going["progress"]["doing"] == "writing"
    assert going["result"]["caption"] == "A video."
    api.delete(job["url"])
    wait_until(lambda: toys.ended == ["caption"], what="the work to end")


def test_a_job_that_fails_says_why(api: httpx.Client, clip: Path) -> None:
    job = begin(api, clip, max_length=72)
    wait_until(lambda: api.get(job["url"]).json()["status"] == "failed", what="the job to fail")
    assert api.get(job["url"]).json()["error"]["type"] == "urn:vidtext:NoMemoryError"


def test_ids_cannot_be_guessed(api: httpx.Client, clip: Path) -> None:
    ids = [begin(api, clip)["id"] for _ in range(3)]
    assert len({*ids}) == 3
    assert all(len(each) == 32 for each in ids)
    problem(api.get("/v1/jobs/1"), 404)
    problem(api.delete("/v1/jobs/1"), 404)


def test_so_many_jobs_of_one_client_and_no_more(serve_with, clip: Path) -> None:
    served: Serving = serve_with(api__max_jobs_per_client=2)
    jobs = [begin(served.client, clip, max_length=FOREVER) for _ in range(2)]
    answer = served.client.post("/v1/caption", json={"video": base64_of(clip)})
    assert problem(answer, 429)["type"] == "urn:vidtext:TooManyJobs"
    assert answer.headers["retry-after"]
    served.client.delete(jobs[0]["url"])
    wait_until(lambda: len(served.toys.ended) == 1, what="the work to end")
    wait_until(
        lambda: served.client.post("/v1/caption", json={"video": base64_of(clip)}).status_code == 200, what="room"
    )
    served.client.delete(jobs[1]["url"])


def test_results_are_kept_for_a_set_time(serve_with, clip: Path) -> None:
    served: Serving = serve_with(page__keep_files_seconds=0.2)
    job = begin(served.client, clip)
    wait_until(lambda: served.client.get(job["url"]).status_code == 404, what="the result to go")


def test_a_client_that_leaves_ends_the_work_that_it_waited_for(usual: Serving, clip: Path, toys: Toys) -> None:
    with httpx.Client(base_url=usual.address, timeout=httpx.Timeout(30, read=3)) as impatient:
        try:
            impatient.post("/v1/caption", json={"video": base64_of(clip), "max_length": FOREVER})
        except httpx.ReadTimeout:
            pass
        else:
            raise AssertionError("it was answered")
    wait_until(lambda: toys.ended == ["caption"], what="the work to end")


def test_a_client_that_leaves_in_the_middle_of_an_answer_ends_it(api: httpx.Client, clip: Path, toys: Toys) -> None:
    with api.stream("POST", "/v1/chat", json=conversation(clip, stream=True, max_length=FOREVER)) as answer:
        next(line for line in answer.iter_lines() if line == "event: text")
    wait_until(lambda: toys.ended == ["chat"], what="the work to end")


def test_a_picture_that_takes_minutes_is_decoded_in_a_worker_that_goes_with_its_job(serve_with) -> None:
    served: Serving = serve_with(sandbox__enabled=True, limits__max_jpeg_scans=1_000_000)
    frame = base64.b64encode(many_scans(20_000, 8192, 4352)).decode()
    job = served.client.post("/v1/caption", json={"frames": [frame], "background": True}).json()
    wait_until(lambda: any(each.cpu_times().user > 0.1 for each in workers()), what="a decoder at work")
    assert served.client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    wait_until(lambda: not workers(), what="the decoder to end")
