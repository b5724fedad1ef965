"""All tasks on the embedded models, as a Space does them: models first, then each task in a thread. Prints JSON."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import spaces  # noqa: F401
from spaces.zero import startup

import vidtext
from vidtext.models.loading import warm_up
from vidtext.settings import Settings


def results(path: str, settings: Settings) -> dict[str, object]:
    captions = vidtext.caption(path, every_seconds=4, settings=settings)
    chapters = vidtext.chapters(path, settings=settings)
    summary = vidtext.summarize(path, settings=settings)
    chat = vidtext.chat(path, settings=settings)
    answers = ["".join(chat.ask(question)).strip() for question in ("What moves?", "Which way does it go?")]
    return {
        "captions": [part.text for part in captions.segments],
        "chapters": [[part.start_seconds, part.title] for part in chapters.segments],
        "summary": summary.summary,
        "answers": answers,
    }


if __name__ == "__main__":
    settings = Settings().override(models__default="embedded", models__default_chat="embedded-chat")
    warm_up(settings)
    startup()  # what `launch` does first
    with ThreadPoolExecutor(1) as executor:
        made = executor.submit(results, sys.argv[1], settings).result()
    print(json.dumps(made), flush=True)  # noqa: T201
