"""Results that are changed by hand in place: their fields on the page, and what a change says.

A field with `data-edit` is inside an element with `data-index`, the index of the segment, and `data-at`, where that
starts. A change that comes late, after the segments have moved, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from vidtext.errors import OptionError
from vidtext.ui.status import to_seek

if TYPE_CHECKING:
    import gradio as gr

    from vidtext.text.timed import Segment, TimedText

_MOVES = ("start", "add", "remove")

EDIT_JS = """
const textOf = (field) => (field.matches("input") ? field.value : field.textContent).trim();
const put = (field, text) => (field.matches("input") ? (field.value = text) : (field.textContent = text));
const send = (field, what, value) => {
  const { index = -1, at = "" } = field.closest("[data-index]")?.dataset ?? {};
  trigger("edit", { what, index: Number(index), at, value });
};
let focusNext = null;
element.addEventListener("focusin", ({ target }) => {
  if (target.matches("[data-edit]")) target.dataset.before = textOf(target);
});
element.addEventListener("focusout", ({ target }) => {
  if (!target.matches("[data-edit]")) return;
  const { edit, before } = target.dataset;
  const now = textOf(target);
  if (now === before) return;
  if (!now && !target.dataset.ifEmpty) return put(target, before);
  target.dataset.before = now;
  send(target, now ? edit : target.dataset.ifEmpty, now);
});
element.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (!target.matches("[data-edit]") || event.isComposing) return;
  if (key === "Escape") put(target, target.dataset.before);
  if (key === "Enter") event.preventDefault();
  if (key === "Enter" || key === "Escape") target.blur();
});
element.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-edit-action]");
  if (!button) return;
  const { editAction, value } = button.dataset;
  const now = document.querySelector("#vt-player video")?.currentTime ?? 0;
  focusNext = button.closest("[data-index]")?.dataset.index ?? "";
  send(button, editAction, value === "now" ? now.toFixed(3) : value ?? "");
});
watch("value", () => requestAnimationFrame(() => {
  // Gradio leaves elements where they are that it draws again, with what was typed in them.
  element.querySelectorAll("input[data-edit]").forEach((input) => (input.value = input.getAttribute("value")));
  if (focusNext === null) return;
  const rows = [...element.querySelectorAll("[data-index]")];
  const row = rows.find(({ dataset }) => dataset.index === focusNext) ?? rows.at(-1);
  focusNext = null;
  (row?.querySelector("summary") ?? row?.querySelector("[data-edit]"))?.focus({ preventScroll: true });
}));
"""
"""For the element that holds the fields: sends `edit` with what was changed."""

UNDO_JS = """
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-undo-edit]")) trigger("undo", {});
});
"""
"""For the element that holds what `undo_html` returns: sends `undo`."""


@dataclass(frozen=True)
class Edit:
    """A change by hand, as the page sends it.

    Attributes:
        what: which kind of change; the tab knows its kinds.
        index: the index of the segment, -1 for what is not in one.
        at: where that segment started when the page showed it, as `to_seek` writes it.
        value: what was typed.
    """

    what: str
    index: int
    at: str
    value: str

    @property
    def moves(self) -> bool:
        """Whether segments move or go, so that the result has to be drawn again; else only words change."""
        return self.what in _MOVES


def edit_of(event: gr.EventData) -> Edit:
    """Read what the page has sent.

    Raises:
        OptionError: it is something else.
    """
    sent = [getattr(event, name, None) for name in ("what", "index", "at", "value")]
    what, index, at, value = sent
    if isinstance(what, str) and type(index) is int and isinstance(at, str) and isinstance(value, str):
        return Edit(what, index, at, value)
    raise OptionError("The page sent a change that cannot be read. Load the page again.")


def check_place(timed: TimedText, edit: Edit) -> None:
    """Make sure that the segment that a change names is still where the page showed it.

    Raises:
        OptionError: it has moved, or is gone.
    """
    segments = timed.segments
    if not 0 <= edit.index < len(segments) or to_seek(segments[edit.index].start_seconds) != edit.at:
        raise OptionError("The result has changed since then. Make the change again.")


def place_html(index: int, segment: Segment) -> str:
    """Return the attributes of the element that a segment's fields are in."""
    return f'data-index="{index}" data-at="{to_seek(segment.start_seconds)}"'


def field_html(what: str, label: str, text: str, *, classes: str = "vt-text", if_empty: str = "") -> str:
    """Return a text that can be changed where it is; `if_empty` is the kind of change that emptying it is, if any."""
    empty = f' data-if-empty="{if_empty}"' if if_empty else ""
    return (
        f'<p class="{classes}" contenteditable="plaintext-only" role="textbox" aria-label="{escape(label)}" '
        f'data-edit="{what}"{empty} spellcheck="true">{escape(text)}</p>'
    )


def undo_html() -> str:
    """Return the button that takes back the last change."""
    return '<button type="button" class="vt-small" data-undo-edit>Undo</button>'
