// Where the tabs stand below the video, a result is scrolled into view when it begins and when it is whole, unless the
// person scrolls meanwhile.
(() => {
  const narrow = window.matchMedia("(max-width: 899px)");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let result = null; // of the work that was begun last; null once the person scrolls
  let before = "";
  let shown = false;

  const wordsOf = (pane) => pane.querySelector(".html-container")?.textContent.trim() ?? "";

  document.addEventListener(
    "click",
    (event) => {
      const begins = event.target.closest?.(".vt-action .primary, #vt-suggestions button");
      if (!begins || !narrow.matches) return;
      result = begins.closest("[role=tabpanel]")?.querySelector(".vt-result") ?? null;
      before = result && wordsOf(result);
      shown = false;
    },
    true,
  );

  const read = () => (result = null);
  ["wheel", "touchmove"].forEach((name) => document.addEventListener(name, read, { passive: true }));
  document.addEventListener("keydown", ({ key }) => {
    if (["PageUp", "PageDown", "ArrowUp", "ArrowDown", "Home", "End", "Tab"].includes(key)) read();
  });

  new MutationObserver(() => {
    if (!result || wordsOf(result) === before || result.querySelector(".vt-empty")) return;
    const stop = result.closest("[role=tabpanel]")?.querySelector(".vt-action .stop");
    const whole = !stop?.getClientRects().length && !result.closest("[role=tabpanel]").querySelector(".vt-doing");
    if (shown && !whole) return;
    const part = result.querySelector(".vt-turn:last-child") ?? result;
    shown = true;
    if (whole) result = null;
    part.scrollIntoView({ block: "start", behavior: calm.matches ? "instant" : "smooth" });
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });
})();
