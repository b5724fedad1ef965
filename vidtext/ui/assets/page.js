// What has to happen at once, without asking the server: seeking, subtitles, copying, and keeping the focus.
(() => {
  const player = () => document.querySelector("#vt-player video");

  // Subtitles are cues made of the texts on the page, so that they grow with a running captioning and no file is needed.
  let subtitlesOn = true;
  let track = null;
  let trackOwner = null;
  let shownCues = "";

  function showSubtitles() {
    const video = player();
    if (!video) return;
    const texts = [...document.querySelectorAll("[data-cue-start]")].map((element) => ({
      start: Number(element.dataset.cueStart),
      stop: Number(element.dataset.cueStop),
      text: element.querySelector(".vt-text")?.textContent ?? "",
    }));
    const wanted = JSON.stringify(texts);
    if (video !== trackOwner) {
      track = video.addTextTrack("captions", "Captions", "en");
      trackOwner = video;
      shownCues = "";
    }
    if (wanted !== shownCues) {
      track.mode = "showing";
      [...(track.cues ?? [])].forEach((cue) => track.removeCue(cue));
      texts
        .filter(({ start, stop, text }) => stop > start && text)
        .forEach(({ start, stop, text }) => {
          track.addCue(new VTTCue(start, stop, text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")));
        });
      shownCues = wanted;
    }
    track.mode = subtitlesOn ? "showing" : "hidden";
    document.querySelectorAll("[data-subtitles]").forEach((button) => {
      button.setAttribute("aria-pressed", String(subtitlesOn));
      button.textContent = subtitlesOn ? "Subtitles on" : "Subtitles off";
    });
  }

  function markWhatPlays() {
    const now = player()?.currentTime ?? 0;
    document.querySelectorAll("li[data-cue-start]").forEach((row) => {
      const plays = Number(row.dataset.cueStart) <= now && now < Number(row.dataset.cueStop);
      row.classList.toggle("vt-plays", plays);
    });
  }

  function seek(seconds) {
    const video = player();
    if (!video) return;
    video.currentTime = seconds;
    markWhatPlays();
  }

  async function copyTexts(button) {
    const texts = [...document.querySelectorAll("[data-cue-start] .vt-text")].map((element) => element.textContent);
    await navigator.clipboard.writeText(texts.join("\n"));
    button.textContent = "Copied";
    button.addEventListener("blur", () => (button.textContent = "Copy"), { once: true });
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const timed = target?.closest("[data-seek-seconds]");
    if (timed) seek(Number(timed.dataset.seekSeconds));
    const copy = target?.closest("[data-copy]");
    if (copy) copyTexts(copy);
    if (target?.closest("[data-subtitles]")) {
      subtitlesOn = !subtitlesOn;
      showSubtitles();
    }
  });

  // The button of a tab and its Stop take each other's place: the focus goes along.
  let focusedAction = false;
  document.addEventListener("focusin", (event) => {
    focusedAction = Boolean(event.target.closest?.(".vt-action"));
  });

  function keepFocus() {
    if (!focusedAction || document.activeElement !== document.body) return;
    document.querySelector(".vt-action button:not(.hidden)")?.focus({ preventScroll: true });
  }

  // The browser's own controls can be reached by keyboard and finger, show the subtitles' switch, and go full screen
  // with the subtitles on.
  function dress() {
    document.querySelectorAll("#vt-player .video-container > .wrap video:not([data-vt])").forEach((video) => {
      video.dataset.vt = "";
      video.controls = true;
      video.setAttribute("aria-label", "Video");
      video.setAttribute("playsinline", "");
      video.querySelectorAll("track:not([src])").forEach((empty) => empty.remove());
      video.addEventListener("timeupdate", markWhatPlays);
      // Gradio plays and pauses at a click as well, which would undo what the controls do.
      video.addEventListener("click", (event) => event.stopImmediatePropagation(), true);
    });
    document.querySelectorAll('#vt-left input[type="file"]:not([aria-label])').forEach((input) => {
      input.setAttribute("aria-label", "Video file");
    });
    document.querySelectorAll("#vt-right .label-wrap").forEach((button) => {
      button.setAttribute("aria-expanded", String(button.classList.contains("open")));
    });
  }

  // "Record" is the camera of Gradio's player, which hides it while a video is loaded.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#vt-record")) return;
    document.querySelector('#vt-player [aria-label="Capture from camera"]')?.click();
  });

  // A file may be dropped anywhere on the left side, also while a video is loaded.
  function droppedFile(event) {
    const overLeft = event.target.closest?.("#vt-left");
    const overUpload = event.target.closest?.(".upload-container"); // Gradio's own
    return overLeft && !overUpload && event.dataTransfer?.types.includes("Files") ? event.dataTransfer : null;
  }
  document.addEventListener("dragover", (event) => {
    if (!droppedFile(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("drop", (event) => {
    const transfer = droppedFile(event);
    const input = document.querySelector("#vt-bring input[type=file]");
    if (!transfer || !input) return;
    event.preventDefault();
    const files = new DataTransfer();
    files.items.add(transfer.files[0]);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  let scheduled = false;
  new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      dress();
      showSubtitles();
      keepFocus();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
