// Errors at their fields: a message that names its field leaves Gradio's toast and stays at the field until it is mended.
(() => {
  const PROBLEM = ".vt-problem";
  const waiting = new Map(); // messages whose field is not drawn yet, by its id

  const controlOf = (field) =>
    field.matches("button")
      ? field
      : field.querySelector("textarea, input:not([type=file], [type=range])") ?? field.querySelector("button, input");

  function clear(field) {
    const problem = document.getElementById(`${field.id}-problem`);
    if (!problem) return;
    problem.remove();
    const control = controlOf(field);
    control?.removeAttribute("aria-invalid");
    control?.removeAttribute("aria-describedby");
  }

  function clearWithin(part) {
    part?.querySelectorAll(PROBLEM).forEach((problem) => {
      const field = document.getElementById(problem.dataset.of);
      if (field) clear(field);
      else problem.remove();
    });
  }

  function show(field, text) {
    clear(field);
    const problem = document.createElement("p");
    problem.className = "vt-problem";
    problem.id = `${field.id}-problem`;
    problem.dataset.of = field.id;
    problem.setAttribute("role", "alert");
    problem.textContent = text;
    (field.matches("button") ? field.parentElement : field).append(problem);
    const control = controlOf(field);
    if (!control) return;
    if (!control.matches("button")) control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", problem.id);
    const writing = document.activeElement?.matches("textarea, input:not([type=radio], [type=checkbox])");
    if (!writing && !field.closest("#vt-left")) control.focus();
    field.scrollIntoView({ block: "nearest" });
  }

  // Options that are closed are not in the document: they are opened first.
  function openOptions() {
    [...document.querySelectorAll(".vt-more .label-wrap:not(.open)")].find((button) => button.offsetParent)?.click();
  }

  function place() {
    for (const [id, text] of waiting) {
      const field = document.getElementById(id);
      if (!field?.getClientRects().length) continue;
      waiting.delete(id);
      show(field, text);
    }
  }

  // A result that was there before is not that of the work that was refused.
  const wordsOf = (result) => result?.querySelector(".html-container")?.textContent.trim() ?? "";

  function marked(tab) {
    const result = document.getElementById(`vt-${tab}-result`);
    const same = wordsOf(result) && wordsOf(result) === result.dataset.before;
    if (same && !result.querySelector(".vt-empty")) result.dataset.of = "before";
  }

  const close = (toast) => toast.querySelector("[data-testid=toast-close]")?.click();

  function sort(toast) {
    const seen = new Set();
    const items = [...toast.querySelectorAll(".toast-message-item")];
    if (items.every((item) => "vt" in item.dataset)) return;
    items.forEach((item) => {
      const marks = [...(item.querySelector(".vt-refused")?.classList ?? [])];
      const [field, tab] = ["field:", "tab:"].map((kind) => marks.find((mark) => mark.startsWith(kind))?.slice(kind.length));
      const isNew = !item.dataset.vt;
      item.dataset.vt = "";
      if (isNew && tab) marked(tab);
      if (isNew && field) {
        waiting.set(field, item.textContent.trim());
        place();
        if (waiting.has(field)) openOptions();
      }
      item.hidden = Boolean(field) || seen.has(item.textContent.trim());
      if (!item.hidden) seen.add(item.textContent.trim());
    });
    // Gradio makes a button of what holds the button that closes.
    const head = toast.querySelector(".toast-header[role=button]");
    head?.removeAttribute("role");
    head?.removeAttribute("tabindex");
    if (!seen.size) close(toast);
  }

  document.addEventListener("input", ({ target }) => {
    for (let part = target; part instanceof Element; part = part.parentElement) if (part.id) clear(part);
  });

  document.addEventListener(
    "click",
    ({ target }) => {
      if (!(target instanceof Element)) return;
      if (target.closest("#vt-left")) clearWithin(document.querySelector("#vt-left"));
      if (!target.closest(".vt-action, .vt-files, #vt-left, #vt-suggestions")) return;
      document.querySelectorAll(".toast-body").forEach(close);
      const panel = target.closest("[role=tabpanel]");
      clearWithin(panel);
      const result = panel?.querySelector(".vt-result");
      if (!result || !target.closest(".vt-action")) return;
      result.dataset.before = wordsOf(result);
      delete result.dataset.of;
    },
    true,
  );

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll(".toast-body").forEach(close);
  });

  new MutationObserver(() => {
    if (waiting.size) place();
    document.querySelectorAll(".toast-body").forEach(sort);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
