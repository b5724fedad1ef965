// What has to happen at once, without asking the server: seeking, subtitles, copying, and keeping the focus.
(() => {
  // A visit goes by a token that only this tab has, so that the same tab finds everything when it is loaded again. A tab
  // that was duplicated has got a copy of it: it finds the id beside the token locked by the other one, which lives on.
  // Where there are no locks, as without HTTPS, what a tab leaves behind when it is loaded again has a mark.
  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");

  function remembered() {
    try {
      return JSON.parse(sessionStorage.getItem("vidtext-visit"));
    } catch {
      return null; // no storage is allowed here
    }
  }

  function remember(visit) {
    try {
      sessionStorage.setItem("vidtext-visit", JSON.stringify(visit));
    } catch {} // then a page that is loaded again begins anew
    return visit;
  }

  function lock({ id }) {
    return new Promise((resolve) => {
      navigator.locks.request(`vidtext ${id}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise((release) => window.addEventListener("pagehide", release));
      });
    });
  }

  async function begin() {
    const before = remembered();
    if (before && (await (navigator.locks ? lock(before) : before.left))) return remember({ ...before, left: false });
    const visit = remember({ id: random(), token: random(), left: false });
    if (navigator.locks) await lock(visit);
    return visit;
  }
  const visiting = begin();

  // Gradio loads 32 MB of FFmpeg for a tool that trims videos. It is not on this page, so the answer never comes.
  // And each request tells its place among all: Stop also ends what was asked for before it and arrives after it.
  const fetched = window.fetch.bind(window);
  let requests = 0;
  window.fetch = async (what, how = {}) => {
    if (String(what).includes("/static/ffmpeg/")) return new Promise(() => {});
    if (!String(what).includes("/gradio_api/")) return fetched(what, how);
    const headers = new Headers(how.headers);
    headers.set("X-Vidtext-Place", String(++requests));
    headers.set("X-Vidtext-Visit", (await visiting).token);
    const answer = fetched(what, { ...how, headers });
    return String(what).includes("/gradio_api/upload?") ? followUpload(answer) : answer;
  };

  window.addEventListener("pagehide", () => {
    const visit = remembered();
    if (!visit) return;
    remember({ ...visit, left: true });
    fetched("gradio_api/run/goodbye", {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "application/json", "X-Vidtext-Visit": visit.token },
      body: JSON.stringify({ data: [], session_hash: window.__gradio_session_hash__ }),
    }).catch(() => {}); // the server notices a broken connection too
  });
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());

  // Leaving in the middle of work asks. Gradio ends its connection before it is known whether the person stays; of a page
  // that goes, the browser ends it.
  const atWork = () => Boolean(document.querySelector('[id^="vt-"][id$="-stop"]:not(.hidden)'));
  window.addEventListener("beforeunload", (event) => {
    if (atWork() || isPreparing()) event.preventDefault();
  });
  const abort = AbortController.prototype.abort;
  AbortController.prototype.abort = function (...reason) {
    if (window.event?.type !== "beforeunload") abort.apply(this, reason);
  };

  // The tab that is open stands in the address, so that it is open again, and Back leads to the tab before.
  const tabButtons = () => [...document.querySelectorAll('#vt-right button[role="tab"]')];
  const nameOf = (tab) => `#${tab.textContent.trim().toLowerCase()}`;
  let openedFromAddress = false;

  function openFromAddress() {
    const tab = tabButtons().find((each) => nameOf(each) === location.hash) ?? tabButtons()[0];
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
  }
  document.addEventListener("click", (event) => {
    const tab = event.isTrusted && event.target.closest?.('#vt-right button[role="tab"]');
    if (tab && nameOf(tab) !== (location.hash || nameOf(tabButtons()[0]))) history.pushState(history.state, "", nameOf(tab));
  });
  window.addEventListener("popstate", openFromAddress);

  // While another video is on its way, nothing can be begun about the one before; and what is about a video is only
  // shown while that is in the player, whatever the server still says of it.
  let uploading = false;
  let chosen = false;
  let shownKey = "";
  let shownAddress = "";
  const isPreparing = () => uploading || Boolean(document.querySelector("#vt-video-facts [data-preparing]"));
  const ABOUT_THE_VIDEO =
    '[id^="vt-"][id$="-go"]:not(#vt-batch-go), [data-ask], [data-again], [data-ask-again], [data-edit], [data-undo]';

  async function followUpload(answer) {
    if (!chosen) return answer;
    chosen = false;
    uploading = true;
    followVideo();
    answer.then(
      ({ ok }) => setTimeout(endUpload, ok ? 2000 : 0), // by then the server has said that it prepares the video
      endUpload,
    );
    return answer;
  }

  function endUpload() {
    uploading = false;
    followVideo();
  }

  function followVideo() {
    const facts = document.querySelector("#vt-video-facts [data-key]");
    const preparing = isPreparing();
    if (document.querySelector("#vt-video-facts [data-preparing]")) uploading = false;
    const address = player()?.src ?? "";
    if (facts && !preparing) {
      shownKey = facts.dataset.key;
      shownAddress = address;
    }
    const another = preparing && address !== shownAddress; // Gradio's player shows at once what is dropped on it
    document.querySelectorAll("[data-video]").forEach((element) => {
      element.hidden = another || element.dataset.video !== shownKey;
    });
    document.documentElement.toggleAttribute("data-preparing", preparing);
    document.querySelector("#vt-bring")?.classList.toggle("vt-uploading", uploading);
    document.querySelectorAll(ABOUT_THE_VIDEO).forEach((button) => {
      if (button.disabled !== preparing) button.disabled = preparing;
    });
  }
  document.addEventListener(
    "keydown",
    (event) => {
      const asks = event.key === "Enter" && !event.shiftKey && event.target.closest?.("#vt-question, .vt-edit");
      if (asks && isPreparing()) event.preventDefault();
      if (asks && isPreparing()) event.stopImmediatePropagation();
    },
    true,
  );
  const choose = (event) => {
    if (event.target.closest?.("#vt-left") && (event.target.files?.length || event.dataTransfer?.files.length)) chosen = true;
  };
  document.addEventListener("change", choose, true);
  document.addEventListener("drop", choose, true);

  const player = () => document.querySelector("#vt-player video");

  // Subtitles are cues made of the texts on the page, so that they grow with a running captioning and no file is needed.
  let subtitlesOn = true;
  let track = null;
  let trackOwner = null;
  let trackTexts = [];

  function textsWithTimes() {
    return [...document.querySelectorAll("[data-cue-start]")]
      .filter((element) => !element.closest("[data-video][hidden]"))
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
      followVideo();
      if (!openedFromAddress && tabButtons().length) {
        openedFromAddress = true;
        openFromAddress();
      }
      showSubtitles();
      markWhatPlays();
      keepFocus();
      followTalk();
      downloadNow();
    });
  }).observe(document.documentElement, { childList: true, characterData: true, subtree: true });
})();
