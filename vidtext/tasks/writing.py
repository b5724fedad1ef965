"""How a task gets words for clips: from any model, through one door. What a captioner cannot do is done by rules."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vidtext.errors import OptionError
from vidtext.models.acquire import Workload, acquire_model
from vidtext.models.base import ChatModel, GenerationOptions, Message, collect_reply
from vidtext.models.loading import resolve_captioner
from vidtext.tasks.read_ahead import read_ahead
from vidtext.text import prompts
from vidtext.text.telling import distinct_title, sentence, short_title, title_of, told_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from vidtext.job import Job
    from vidtext.media.read.choices import Fit
    from vidtext.media.read.frames import Frames
    from vidtext.media.read.sampling import TimeRange
    from vidtext.models.base import Captioner
    from vidtext.settings import Settings
    from vidtext.tasks.footage import Footage

_TITLE_LINE = re.compile(
    r"[\s*_#>]*(?:(?:(?:chapter|part)\s+)?\d+\s*(?:[.):](?!\d)|[-–]\s)|[-•]\s)?(.*)", re.IGNORECASE
)
"""A line of a table of contents: what models put before a title, and the title."""
_TEXT_TOKENS = 1024
"""Room for words that is planned with, where a chat model puts descriptions together."""

_TITLE_TOKENS = 24
"""Tokens that the answer may have for each title: eight words and their number, with room to spare."""

ONLY_CHAT_MODELS_FOLLOW = "The style was not used: this model writes captions and follows no instructions."


@dataclass(frozen=True)
class Writer:
    """A model, and how it is to write.

    Attributes:
        model: a captioner, or a chat model, which also follows `style`.
        options: how it writes a description.
        style: an instruction in words.
        clips_at_once: how many clips there is memory for at once.
        frames_per_clip: how many frames of a clip there is memory for.
        notes: what is to be known of the work; grows where the model is cut short.
    """

    model: Captioner
    options: GenerationOptions
    style: str
    clips_at_once: int
    frames_per_clip: int
    notes: list[str]

    @property
    def chat(self) -> ChatModel | None:
        """The model, if it is one that answers messages."""
        return self.model if isinstance(self.model, ChatModel) else None

    def describe(self, clips: Sequence[Frames], job: Job) -> list[str]:
        """Return a description of each clip: a sentence from a captioner, one or two from a chat model."""
        chat = self.chat
        if chat is None:
            return [
                sentence(words)
                for at in range(0, len(clips), self.clips_at_once)
                for words in self.model.caption(clips[at : at + self.clips_at_once], self.options, job)
            ]
        prompt = prompts.DESCRIBE_PART.format(style=self.style)
        return [sentence(self._answer(chat, prompt, job, clips=(clip,))) for clip in clips]

    def titles(self, told: Sequence[Sequence[str]], job: Job) -> tuple[list[str], str]:
        """Return a title for each chapter, neighbours never the same, and a note, or "" if all went well.

        A chat model writes them together, as a table of contents, in as few goes as its context allows. Where its
        answer does not have a line for each, and with a captioner, they are `beginnings`.

        Args:
            told: the descriptions of each chapter's windows.
            job: to stop the work.
        """
        if self.chat is None:
            return beginnings(told), ""
        proposed, failed = self._table_of_contents([told_in_order(texts) for texts in told], job)
        note = "The model gave no usable table of contents: titles are the beginnings of the descriptions."
        candidates = [[title] if title else _titles_of(texts) for title, texts in zip(proposed, told, strict=True)]
        return _all_different(candidates), note if failed else ""

    def reduce(self, descriptions: Sequence[str], sentences: str, tokens: int, job: Job) -> str:
        """Return one text about all descriptions, written by the chat model in as many rounds as its context needs.

        Args:
            descriptions: of the parts of the video, in order.
            sentences: how long the text is to be, in words.
            tokens: how many tokens it may have.
            job: to stop the work.

        Raises:
            OptionError: not even two descriptions fit into the model's context.
        """
        chat = self._required_chat()

        def prompt(group: Sequence[str]) -> str:
            return prompts.REDUCE.format(descriptions=_numbered(group), sentences=sentences, style=self.style)

        while len(groups := self._groups(chat, descriptions, prompt, lambda _: tokens)) > 1:
            descriptions = [self._answer(chat, prompt(group), job, tokens=tokens) for group in groups]
        return self._answer(chat, prompt(descriptions), job, tokens=tokens)

    def keywords(self, summary: str, count: int, job: Job) -> tuple[str, ...]:
        """Return the chat model's choice of at most `count` words or phrases, each once."""
        prompt = prompts.KEYWORDS.format(summary=summary, count=count)
        answer = self._answer(self._required_chat(), prompt, job)
        words = (word.strip(" .\"'") for word in re.split(r"[,;\n]", answer))
        return tuple(dict.fromkeys(word for word in words if word))[:count]

    def _table_of_contents(self, descriptions: Sequence[str], job: Job) -> tuple[list[str], bool]:
        chat = self._required_chat()

        def prompt(group: Sequence[str]) -> str:
            return prompts.TITLES.format(count=len(group), descriptions=_numbered(group))

        titles: list[str] = []
        failed = False
        for group in self._groups(chat, descriptions, prompt, lambda size: _TITLE_TOKENS * size):
            lines = _lines(self._answer(chat, prompt(group), job, tokens=_TITLE_TOKENS * len(group)))
            whole = len(lines) == len(group)
            failed |= not whole
            titles += lines if whole else [""] * len(group)
        return titles, failed

    def _groups(
        self,
        chat: ChatModel,
        descriptions: Sequence[str],
        prompt: Callable[[Sequence[str]], str],
        tokens_of: Callable[[int], int],
    ) -> list[Sequence[str]]:
        """Divide descriptions evenly into as few groups as fit the model's context, each with its answer.

        `tokens_of` tells how many tokens the answer about so many descriptions may have.
        """
        for size in range(len(descriptions), 0, -1):
            if size == 1 < len(descriptions):
                break
            groups = [descriptions[start : start + size] for start in range(0, len(descriptions), size)]
            longest = prompt(max(groups, key=lambda group: sum(map(len, group))))
            if self._fits(chat, longest, tokens_of(size)):
                return groups
        raise OptionError(
            f"{chat.info.id} has a context of {chat.info.context_tokens} tokens, too few for two descriptions and an "
            "answer. Choose another model.",
            option="model",
        )

    @staticmethod
    def _fits(chat: ChatModel, prompt: str, new_tokens: int) -> bool:
        return chat.count_tokens([Message("user", prompt)]) + new_tokens <= chat.info.context_tokens

    def _answer(
        self, chat: ChatModel, prompt: str, job: Job, *, clips: tuple[Frames, ...] = (), tokens: int | None = None
    ) -> str:
        options = self.options if tokens is None else replace(self.options, max_new_tokens=tokens)
        reply = collect_reply(chat.reply([Message("user", prompt, clips)], options, job))
        if reply.note and reply.note not in self.notes:
            self.notes.append(reply.note)
        return reply.text.strip()

    def _required_chat(self) -> ChatModel:
        chat = self.chat
        assert chat is not None  # noqa: S101  the callers ask a chat model alone
        return chat


def beginnings(told: Sequence[Sequence[str]]) -> list[str]:
    """Return the beginning of a description of each chapter as its title, neighbours never the same."""
    return _all_different([_titles_of(texts) for texts in told])


def _titles_of(texts: Sequence[str]) -> list[str]:
    return [title_of(text) for text in texts or ("",)]


def _all_different(candidates: Sequence[Sequence[str]]) -> list[str]:
    """Choose one of its candidates for each chapter, so that neighbours never have the same."""
    titles: list[str] = []
    for possible in candidates:
        titles.append(distinct_title(possible, titles[-1] if titles else None))
    return titles


def instruction(style: str) -> str:
    """Return what a model is told for a style: the text of a named one, or the user's own words."""
    return prompts.STYLES[style].instruction if style in prompts.STYLES else style


@contextmanager
def load_writer(
    footage: Footage, *, model: str, style: str, fit: Fit | None, settings: Settings, job: Job
) -> Iterator[Writer]:
    """Have the model that a name stands for; what the person must know of it becomes a note of the footage."""
    resolution = resolve_captioner(model, settings)
    options = GenerationOptions(max_new_tokens=settings.tasks.description_tokens, fit=fit)
    info = resolution.info
    # A chat model reads more words when it puts descriptions together, and no frames then.
    text_tokens = min(_TEXT_TOKENS, info.context_tokens - options.max_new_tokens) if info.chats else 1
    work = Workload(settings.tasks.window_batch, info.frames_per_clip, text_tokens, options.max_new_tokens)
    with acquire_model(resolution, work, settings=settings, job=job) as (loaded, plan):
        told = instruction(style)
        writer = Writer(loaded, options, told, plan.config.clips, plan.config.frames, footage.notes)
        footage.notes.extend([*([resolution.note] if resolution.note else []), *plan.notes])
        if writer.chat is None and style != "neutral":
            footage.notes.append(ONLY_CHAT_MODELS_FOLLOW)
        yield writer


def describe_windows(
    footage: Footage, windows: Sequence[Sequence[TimeRange]], writer: Writer, settings: Settings, job: Job
) -> Generator[tuple[tuple[Frames, ...], list[str]], None, None]:
    """Yield, for each group of windows in order, the clips that the model saw and what it wrote about each.

    The clips of the next group are read while the model writes.
    """
    info = writer.model.info
    edge = max(info.image_size, settings.output.thumbnail_edge_pixels)
    in_a_row = [window for group in windows for window in group]

    def read(job: Job) -> Generator[Frames]:
        return footage.clips(in_a_row, writer.frames_per_clip, edge, job)

    with read_ahead(read, max(2, *map(len, windows)), job) as clips:
        for group in windows:
            shown = tuple(next(clips) for _ in group)
            yield shown, writer.describe(shown, job)


def _numbered(descriptions: Sequence[str]) -> str:
    return "\n".join(f"{number}. {' '.join(text.split())}" for number, text in enumerate(descriptions, start=1))


def _lines(answer: str) -> list[str]:
    """Read the titles off a table of contents, without numbers, bullets and quotation marks."""
    lines = (_TITLE_LINE.sub(r"\1", line, count=1).replace("**", "").replace("__", "") for line in answer.splitlines())
    return [short_title(title) for line in lines if (title := line.strip(" \t*_\"'“”.:"))]
