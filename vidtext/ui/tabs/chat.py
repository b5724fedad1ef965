"""The Chat tab: a conversation about the video, which remembers what was said and shows what the model saw."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import gradio as gr

from vidtext.errors import OptionError
from vidtext.tasks.chat import check_question
from vidtext.tasks.dialogue import Dialogue, Turn, turns_of
from vidtext.tasks.options import ChatOptions
from vidtext.text.prompts import SUGGESTIONS
from vidtext.text.transcript import read_transcript
from vidtext.ui.framework.errors import plain_words
from vidtext.ui.framework.memory_line import show_plan
from vidtext.ui.framework.tab import QUIET, UNLIMITED, Kind, Stage, build_action, build_result, build_status, connect
from vidtext.ui.session.results import FINISHED, Kept
from vidtext.ui.session.sizes import memory_bytes
from vidtext.ui.status import of_video_html
from vidtext.ui.tabs import chat_view as view
from vidtext.ui.tabs.chat_form import build_chat_form
from vidtext.ui.tabs.chat_view import Talk, Typed
from vidtext.ui.video.filmstrip import strip_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vidtext.job import Job
    from vidtext.ui.framework.model_fields import ModelAndFit
    from vidtext.ui.framework.tab import Order
    from vidtext.ui.session.results import Closing, Subject
    from vidtext.ui.session.session import Visitor
    from vidtext.ui.surroundings import Surroundings

NAME = "chat"

_ANOTHER_VIDEO = "The video changed, so this is a new conversation. Ask about this one."
_MOST_EARLIER = 20
"""How many conversations before this one can be brought back."""

_EARLIER_BYTES = 64 << 20
"""How much memory they may take together: the frames of a conversation, 11 MB, a few times."""

_OTHER_VIDEOS = "The videos changed, so this is a new conversation."

_SUGGEST_JS = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-ask]");
  if (button) trigger("ask", { question: button.dataset.ask });
});
"""

_PUT_JS = """(put, typed) => {
  const { text, over } = JSON.parse(put);
  return over === null || typed.trim() === over.trim() ? text : typed;
}"""
"""In the browser, where it is known what the person has typed since."""

_TALK_JS = """
const edit = (turn) => {
  const asked = turn.querySelector(".vt-asked");
  const form = document.createElement("div");
  form.className = "vt-edit";
  form.innerHTML = `<textarea rows="3" aria-label="The question"></textarea>
    <div class="vt-actions"><button type="button" class="vt-small" data-ask-again>Ask again</button>
    <button type="button" class="vt-small" data-cancel>Cancel</button></div>`;
  form.querySelector("textarea").value = asked.textContent;
  turn.querySelector(".vt-question").hidden = true;
  turn.prepend(form);
  form.querySelector("textarea").focus();
};
const endEdit = (turn) => {
  turn.querySelector(".vt-edit")?.remove();
  turn.querySelector(".vt-question").hidden = false;
  turn.querySelector("[data-edit]")?.focus();
};
const askAgain = (turn) => trigger("again", {
  turn: Number(turn.dataset.turn),
  question: turn.querySelector(".vt-edit textarea")?.value ?? turn.querySelector(".vt-asked").textContent,
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const turn = button?.closest(".vt-turn");
  if (!button) return;
  if (button.matches("[data-edit]")) edit(turn);
  if (button.matches("[data-cancel]")) endEdit(turn);
  if (button.matches("[data-again], [data-ask-again]")) askAgain(turn);
  if (button.matches("[data-back]")) trigger("back", {});
  if (button.matches("[data-undo]")) trigger("undo", {});
  if (button.matches("[data-fresh]")) trigger("fresh", {});
});
element.addEventListener("keydown", (event) => {
  const turn = event.target.closest(".vt-edit")?.closest(".vt-turn");
  if (!turn) return;
  if (event.key === "Escape") endEdit(turn);
  if (event.key === "Enter" && !event.shiftKey && event.target.matches("textarea")) {
    event.preventDefault();
    askAgain(turn);
  }
});
"""


def build_chat_tab(around: Surroundings) -> ModelAndFit:
    """Put the tab's content into the Blocks that are being built."""
    settings, services = around.settings, around.services

    def start(order: Order[Talk], job: Job) -> Iterator[Talk]:
        values, before = order.values, order.result or Talk(Dialogue(()))
        options, others = form.chosen(values), form.other_videos(values, around.visitors)
        order.visitor.lists(NAME, others)
        sources = [(order.source, order.name), *((path, path.name) for path in others)]
        return _answered(order, before, sources, options, job)

    def _answered(
        order: Order[Talk], before: Talk, sources: list[tuple[Path, str]], options: ChatOptions, job: Job
    ) -> Iterator[Talk]:
        same_videos = not before.ground or before.ground[0] == tuple(sources)
        dialogue = before.dialogue if same_videos else Dialogue(())
        notes = before.notes if same_videos else (_OTHER_VIDEOS,)
        place, question = _asked(order, order.values[typed], len(dialogue.turns))
        dialogue = dialogue.up_to(place)
        check_question(dialogue, question, options, settings)
        ground = (tuple(sources), options.model, options.frames)
        earlier = with_earlier(before) if len(dialogue.turns) < len(before.dialogue.turns) else before.earlier
        talk = Talk(
            dialogue.with_turn(Turn(question)),
            ground=before.ground,
            typed=Typed("", over=question),
            notes=notes,
            earlier=earlier,
            origin=before,
        )
        yield talk
        if ground != before.ground or not dialogue.videos:
            seen = services.begin_dialogue(sources, options, settings=settings, job=job)
            dialogue = replace(dialogue, videos=seen.videos)
        shown = tuple(("" if n == 0 else video.label, video.frames) for n, video in enumerate(dialogue.videos))
        talk = replace(talk, dialogue=dialogue.with_turn(Turn(question)), looked=shown, ground=ground)
        yield talk
        for number, result in enumerate(
            services.answer_stream(
                dialogue, question, options, settings=settings, job=job, memory_key=order.visitor.key
            )
        ):
            first = dialogue.videos[0].label
            looks = result.turn.looks if number == 0 else ()
            yield Talk(
                result.dialogue,
                result.info,
                result.device,
                result.seconds_taken,
                tuple(("" if look.label == first else look.label, look.frames) for look in looks),
                ground,
                notes=notes,
                again=options.temperature > 0,
                earlier=earlier,
            )

    kind = Kind(
        name=NAME,
        verb="Ask",
        empty=view.EMPTY,
        too_early=view.EMPTY,
        start=start,
        progress=view.answering_html,
        html=_talk_html,
        announcement=view.announcement,
        pictures=_pictures,
        beside=_beside,
        close=_without_unanswered,
        after=_typed_once,
        cleared=_ANOTHER_VIDEO,
    )
    result, live, below = build_result(kind, result_js=_TALK_JS)
    status = build_status(kind)
    suggestions = gr.HTML(_suggestions_html(), js_on_load=_SUGGEST_JS, elem_id="vt-suggestions")
    typed = gr.Textbox(
        label="Question",
        show_label=False,
        container=False,
        placeholder="Ask about the video",
        lines=1,
        max_lines=6,
        elem_id="vt-question",
    )
    put = gr.Textbox("", visible="hidden", show_label=False, elem_id="vt-chat-put")
    action = build_action(kind)
    with gr.Accordion("More options", open=False, elem_classes="vt-more"):
        form = build_chat_form(around)
        with gr.Row(elem_id="vt-chat-saved"):
            saved = gr.UploadButton(
                "Open a saved conversation",
                file_types=[".json"],
                elem_classes="vt-make",
                elem_id="vt-chat-open",
                scale=0,
                min_width=240,
            )
    connect(
        kind,
        Stage(*action, status, result, live, below),
        around,
        {typed, *form.components()},
        fields={"question": typed, **form.fields()},
        beside=[put],
        used_up=[typed],
        triggers=[typed.submit, result.again, suggestions.ask],
    )
    changes = _Changes(around, saved)
    put.change(None, [put, typed], typed, js=_PUT_JS, **QUIET)
    shown = [result, put]
    result.undo(changes.undo, None, shown, **UNLIMITED)
    result.back(changes.bring_back, None, shown, **UNLIMITED)
    result.fresh(changes.begin_anew, None, shown, **UNLIMITED)
    saved.upload(changes.open_saved, saved, shown, **UNLIMITED)
    show_plan(action[2], around, form.model, new_tokens=ChatOptions().max_new_tokens, frames=form.frames)
    return form.model


def _asked(order: Order[Talk], typed: str | None, turns: int) -> tuple[int, str]:
    """Return after how many turns a question was asked, and the question: typed, clicked, or asked again."""
    question, place = order.sent("question"), order.sent("turn")
    if place is not None and not (isinstance(place, int) and 0 <= place < turns):
        raise OptionError(f"There is no turn {place!r:.20} in this conversation; it has {turns}.")
    return (turns if place is None else place), (str(question) if question is not None else typed or "")


def with_earlier(talk: Talk) -> tuple[Talk, ...]:
    """Return what can be brought back once a change has taken the place of a conversation: this one, and those before.

    Turns and frames that they share take memory once; the earliest are dropped where it is more than `_EARLIER_BYTES`.
    """
    if not talk.dialogue.turns:
        return talk.earlier
    earlier = (replace(talk, earlier=(), origin=None, looked=(), typed=None), *talk.earlier)[:_MOST_EARLIER]
    while len(earlier) > 1 and memory_bytes(earlier) > _EARLIER_BYTES:
        earlier = earlier[:-1]
    return earlier


def _talk_html(talk: Talk, name: str, closing: Closing) -> str:
    """Return the conversation, and where a change has taken turns away, a way back."""
    html = view.talk_html(talk, name, closing)
    if not talk.earlier or not closing.closed:
        return html
    count = len(talk.earlier[0].dialogue.turns)
    turns = "1 turn" if count == 1 else f"{count} turns"
    back = '<button type="button" class="vt-small" data-back>Bring it back</button>'
    return f'{html}<p class="vt-note">Before the last change, the conversation had {turns}. {back}</p>'


def _without_unanswered(talk: Talk) -> Talk:
    """Give back a question that was stopped or refused before its answer began, and the conversation before it."""
    last = talk.dialogue.turns[-1] if talk.dialogue.turns else None
    if last is None or last.answer or last.finished or talk.origin is None:
        return replace(talk, typed=None)
    return replace(talk.origin, looked=(), typed=Typed(last.question, over=""))


def _typed_once(talk: Talk) -> Talk:
    """Leave the question's field alone when the conversation is shown again."""
    return replace(talk, typed=None)


def _pictures(talk: Talk) -> tuple[str, str]:
    return "".join(strip_html(frames, of=label) for label, frames in talk.looked), ""


def _beside(talk: Talk | None, _: Subject, __: Closing) -> tuple[Any, ...]:
    """Return what `_PUT_JS` puts into the question's field; the token makes each a change."""
    if talk is None or talk.typed is None:
        return (gr.skip(),)
    return (json.dumps({"text": talk.typed.text, "over": talk.typed.over, "token": token_hex(4)}),)


def _suggestions_html() -> str:
    chips = "".join(
        f'<button type="button" class="vt-small" data-ask="{escape(each)}">{escape(each)}</button>'
        for each in SUGGESTIONS
    )
    return f'<div class="vt-suggestions" role="group" aria-label="Suggestions">{chips}</div>'


class _Changes:
    """What can be done about a conversation while nothing is being answered. Each writes it and what is typed."""

    def __init__(self, around: Surroundings, saved: gr.UploadButton) -> None:
        self._around, self._saved = around, saved

    def bring_back(self, request: gr.Request) -> tuple[Any, ...]:
        """Put the conversation before the last change in the place of this one, which can be brought back then."""
        visitor = self._idle(request)
        kept: Kept[Talk] | None = visitor.results.get(NAME)
        if kept is None or not kept.result.earlier:
            return gr.skip(), gr.skip()
        before, *others = kept.result.earlier
        this = with_earlier(replace(kept.result, earlier=()))
        return self._put(visitor, replace(before, earlier=(*others, *this)))

    def undo(self, request: gr.Request) -> tuple[Any, ...]:
        """Take back the last turn, and let its question be changed."""
        visitor = self._idle(request)
        kept: Kept[Talk] | None = visitor.results.get(NAME)
        if kept is None or not kept.result.dialogue.turns:
            return gr.skip(), gr.skip()
        talk, dialogue = kept.result, kept.result.dialogue
        shorter = dialogue.up_to(len(dialogue.turns) - 1)
        question = dialogue.turns[-1].question
        return self._put(
            visitor, replace(talk, dialogue=shorter, typed=Typed(question, over=""), earlier=with_earlier(talk))
        )

    def begin_anew(self, request: gr.Request) -> tuple[Any, ...]:
        """Begin a conversation without turns; the model forgets the one before."""
        visitor = self._idle(request)
        kept: Kept[Talk] | None = visitor.results.get(NAME)
        self._around.services.forget_conversation(visitor.key)
        return self._put(
            visitor, Talk(Dialogue(()), typed=Typed(""), earlier=with_earlier(kept.result) if kept else ())
        )

    def open_saved(self, path: str, request: gr.Request) -> tuple[Any, ...]:
        """Go on with a conversation that was saved; frames of the video are looked at when the next question comes."""
        settings = self._around.settings
        with plain_words(otherwise=self._saved):
            file = self._around.visitors.uploaded(path)
        try:
            visitor = self._idle(request)
            with plain_words(otherwise=self._saved):
                if file.stat().st_size > settings.limits.max_saved_chat_bytes:
                    raise OptionError(
                        f"The file has {file.stat().st_size:,} bytes; a saved conversation may have "
                        f"{settings.limits.max_saved_chat_bytes:,}."
                    )
                transcript = read_transcript(
                    file.read_text("utf-8", errors="replace"),
                    most_turns=settings.limits.max_chat_turns,
                    most_characters=settings.limits.max_question_characters,
                    most_answer_characters=settings.limits.max_saved_answer_characters,
                )
        finally:
            self._around.visitors.of(request).forget(file)
        about = " and ".join(video.name for video in transcript.videos) or "an unnamed video"
        note = f"Opened a conversation about {about}. The next question is about the video on the page."
        seconds = visitor.video.info.duration_seconds if visitor.video else 0.0
        kept: Kept[Talk] | None = visitor.results.get(NAME)
        earlier = with_earlier(kept.result) if kept else ()
        talk = Talk(Dialogue((), turns_of(transcript)), notes=(note,), duration_seconds=seconds, earlier=earlier)
        return self._put(visitor, talk)

    def _idle(self, request: gr.Request) -> Visitor:
        visitor = self._around.visitors.of(request)
        with plain_words():
            if visitor.works_on(NAME):
                raise OptionError("An answer is being written. Press Stop first, or wait until it has ended.")
        return visitor

    def _put(self, visitor: Visitor, talk: Talk) -> tuple[Any, ...]:
        kept = Kept(_typed_once(talk), FINISHED, visitor.subject)
        visitor.results[NAME] = kept
        html = of_video_html(_talk_html(talk, kept.subject.name or NAME, FINISHED), kept.subject.key)
        return html, *_beside(talk, kept.subject, FINISHED)
