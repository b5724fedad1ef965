// What has to happen at once, without asking the server: seeking, subtitles, copying, and keeping the focus.
(() => {
  // Gradio loads 32 MB of FFmpeg for a tool that trims videos. It is not on this page, so the answer never comes.
  // And each request tells its place among all: Stop also ends what was asked for before it and arrives after it.
  const fetched = window.fetch.bind(window);
  let requests = 0;
  window.fetch = (what, how = {}) => {
    if (String(what).includes("/static/ffmpeg/")) return new Promise(() => {});
    if (!String(what).includes("/gradio_api/")) return fetched(what, how);
    const headers = new Headers(how.headers);
    headers.set("X-Vidtext-Place", String(++requests));
    return fetched(what, { ...how, headers });
  };

  const player = () => document.querySelector("#vt-player video");

  // Subtitles are cues made of the texts on the page, so that they grow with a running captioning and no file is needed.
  let subtitlesOn = true;
  let track = null;
  let trackOwner = null;
  let trackTexts = [];

  function textsWithTimes() {
    return [...document.querySelectorAll("[data-cue-start]")]
      .map((element) => ({
        start: Number(element.dataset.cueStart),
        stop: Number(element.dataset.cueStop),
        text: element.querySelector(".vt-text")?.textContent ?? "",
      }))
      .filter(({ start, stop, text }) => stop > start && text);
  }

  function showSubtitles() {
    const video = player();
    if (!video) return;
    if (video !== trackOwner) {
      track = video.addTextTrack("captions", "Captions", "en");
      track.mode = "hidden"; // one that is "disabled" shows its cues to nobody, not even to this script
      trackOwner = video;
      trackTexts = [];
    }
    const texts = textsWithTimes().map((text) => JSON.stringify(text));
    // Cues that stay are left alone: Chromium goes on showing a cue that is taken away while it is on the screen.
    const same = texts.findIndex((text, index) => text !== trackTexts[index]);
    const kept = same === -1 ? Math.min(texts.length, trackTexts.length) : same;
    if (kept < trackTexts.length || kept < texts.length) {
      [...track.cues].slice(kept).forEach((cue) => track.removeCue(cue));
      texts.slice(kept).forEach((text) => {
        const cue = JSON.parse(text);
        // Chromium shows both cues at the very time at which one stops and the next starts, where a seek leads to.
        track.addCue(new VTTCue(cue.start, cue.stop - 0.001, cue.text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")));
      });
      trackTexts = texts;
    }
    const mode = subtitlesOn ? "showing" : "hidden";
    if (track.mode !== mode) track.mode = mode;
    document.querySelectorAll("[data-subtitles]").forEach((button) => {
      button.setAttribute("aria-pressed", String(subtitlesOn));
    });
  }

  function markWhatPlays() {
    const video = player();
    const now = video && (video.currentTime > 0 || !video.paused) ? video.currentTime : -1;
    document.querySelectorAll("li[data-cue-start], [data-from]").forEach((row) => {
      const { cueStart, cueStop, from = cueStart, to = cueStop } = row.dataset;
      row.classList.toggle("vt-plays", Number(from) <= now && now < Number(to));
    });
    const frames = [...document.querySelectorAll(".vt-frame")];
    const seen = frames.findLast((frame) => Number(frame.dataset.seekSeconds) <= now + 0.001);
    frames.forEach((frame) => frame.classList.toggle("vt-plays", frame === seen));
  }

  // Brings the first frame of a stretch of the video into the strip's view.
  function showFrame(seconds) {
    const frames = [...document.querySelectorAll(".vt-frame")];
    const first = frames.find((frame) => Number(frame.dataset.seekSeconds) >= seconds - 0.001);
    first?.parentElement.scrollTo({ left: first.offsetLeft - first.parentElement.offsetLeft, behavior: "smooth" });
  }

  function seek(seconds, plays) {
    const video = player();
    if (!video) return;
    video.currentTime = seconds;
    markWhatPlays();
    if (plays) video.play().catch(() => {}); // another click, or a video that comes, may end it before it has begun
  }

  async function copyTexts(button) {
    const texts = [...document.querySelectorAll("[data-cue-start] .vt-text")].map((element) => element.textContent);
    await navigator.clipboard.writeText(button.dataset.copy || texts.join("\n"));
    button.textContent = "Copied";
    button.addEventListener("blur", () => (button.textContent = "Copy"), { once: true });
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const timed = target?.closest("[data-seek-seconds]");
    if (timed) seek(Number(timed.dataset.seekSeconds), !timed.matches(".vt-frame"));
    if (timed?.matches(".vt-time")) showFrame(Number(timed.dataset.seekSeconds));
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
    const shown = [...document.querySelectorAll(".vt-action button:not(.hidden)")].find((button) => button.offsetParent);
    shown?.focus({ preventScroll: true });
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

  // Gradio's upload button does not say that it is at work.
  const bring = () => document.querySelector("#vt-bring");
  document.addEventListener("change", (event) => {
    if (event.target.matches("#vt-bring input[type=file]") && event.target.files.length) {
      bring().classList.add("vt-uploading");
    }
  });
  new PerformanceObserver((requests) => {
    if (requests.getEntries().some(({ name }) => name.includes("/upload"))) bring()?.classList.remove("vt-uploading");
  }).observe({ type: "resource" });

  // A file that was asked for is downloaded as soon as it is made.
  function downloadNow() {
    document.querySelectorAll("a[data-download-now]").forEach((link) => {
      link.removeAttribute("data-download-now");
      link.click();
    });
  }

  // A conversation stays at its end while it grows, unless the person has scrolled up to read.
  let followsTalk = true;
  let talkEnd = 0;
  document.addEventListener(
    "scroll",
    ({ target }) => {
      if (target.id !== "vt-chat-result") return;
      if (target.scrollHeight - target.scrollTop - target.clientHeight < 60) followsTalk = true;
      else if (Math.abs(target.scrollTop - talkEnd) > 1) followsTalk = false; // not by us: it may have grown since
    },
    true,
  );

  let shownTalk = "";
  function followTalk() {
    const pane = document.querySelector("#vt-chat-result");
    const text = pane?.textContent ?? "";
    if (text === shownTalk) return;
    const another = pane.querySelectorAll(".vt-turn").length !== Number(pane.dataset.turns ?? 0);
    pane.dataset.turns = pane.querySelectorAll(".vt-turn").length;
    shownTalk = text;
    if (!followsTalk && !another) return;
    pane.scrollTop = pane.scrollHeight;
    talkEnd = pane.scrollTop;
  }

  let scheduled = false;
  new MutationObserver(() => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      dress();
      showSubtitles();
      markWhatPlays();
      keepFocus();
      followTalk();
      downloadNow();
    });
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });
})();
