// Keys: tabs and radios are one stop each, whose arrows choose; a link skips to the action; limits on length are told.
(() => {
  // The tabs pattern of the ARIA Authoring Practices; Gradio makes a stop of each tab and knows no arrows.
  function dressTabs() {
    document.querySelectorAll("[role=tablist]").forEach((list) => {
      list.setAttribute("aria-label", "Tasks");
      list.querySelectorAll("[role=tab]").forEach((tab) => {
        const chosen = tab.getAttribute("aria-selected") === "true";
        tab.id ||= `vt-tab-${tab.dataset.tabId}`;
        tab.tabIndex = chosen ? 0 : -1;
        if (!chosen) return;
        const panel = [...document.querySelectorAll("[role=tabpanel]")].find((each) => each.getClientRects().length);
        if (!panel) return;
        panel.id ||= `vt-panel-${tab.dataset.tabId}`;
        panel.setAttribute("aria-labelledby", tab.id);
        tab.setAttribute("aria-controls", panel.id);
      });
    });
  }

  document.addEventListener("keydown", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (!tab || event.ctrlKey || event.metaKey || event.altKey) return;
    const tabs = [...tab.parentElement.querySelectorAll("[role=tab]")].filter((each) => each.getClientRects().length);
    const place = tabs.indexOf(tab);
    const step = document.dir === "rtl" ? -1 : 1;
    const next = { ArrowRight: place + step, ArrowLeft: place - step, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const chosen = tabs.at(next % tabs.length);
    chosen.click();
    chosen.focus();
  });

  // Radios of one group have one name: then the browser makes one stop of them. Gradio gives each its own, and another
  // one after each choice.
  let groups = 0;
  function dressRadios() {
    document.querySelectorAll("fieldset:has(input[type=radio])").forEach((group) => {
      group.dataset.radios ||= `vt-radios-${++groups}`;
      group.querySelectorAll("input[type=radio]").forEach((radio) => {
        if (radio.name !== group.dataset.radios) radio.name = group.dataset.radios;
      });
    });
    document.querySelectorAll("fieldset:not([aria-label])").forEach((group) => {
      const title = group.querySelector("[data-testid=block-info]")?.textContent.trim();
      if (title) group.setAttribute("aria-label", title);
    });
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.(".vt-skip")) return;
    event.preventDefault();
    const action = [...document.querySelectorAll(".vt-action button")].find((button) => button.getClientRects().length);
    action?.focus();
  });

  // Browsers cut what is typed beyond a limit without a word.
  document.addEventListener("input", ({ target }) => {
    const limit = target.maxLength ?? -1;
    const place = target.closest("label")?.parentElement ?? target.parentElement;
    const told = place?.querySelector(":scope > .vt-limit");
    if (limit <= 0 || target.value.length < limit) {
      told?.remove();
    } else if (!told) {
      const note = document.createElement("p");
      note.className = "vt-note vt-limit";
      note.setAttribute("role", "status");
      note.textContent = `${limit.toLocaleString("en")} characters are the most.`;
      place.append(note);
    }
  });
  document.addEventListener("focusout", () => document.querySelectorAll(".vt-limit").forEach((note) => note.remove()));

  let scheduled = false;
  new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      dressTabs();
      dressRadios();
    });
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-selected", "name"],
  });
})();
