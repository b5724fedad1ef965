// A file may be dropped anywhere on the page: on the Batch tab's field it goes there, everywhere else into the player.
(() => {
  const shown = (element) => Boolean(element?.getClientRects().length);
  const holdsFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));
  // Gradio's own fields take what is dropped on them.
  const overField = (event) => event.target.closest?.("#vt-right .block:has(input[type=file]), .upload-container");
  const inputOfBatch = () => {
    const input = document.querySelector("#vt-batch-files input[type=file]");
    return shown(input?.closest(".block")) ? input : null;
  };

  function announce(text) {
    const row = document.querySelector("#vt-bring");
    row.querySelector(".vt-dropped")?.remove();
    if (!text) return;
    const note = document.createElement("p");
    note.className = "vt-note vt-dropped";
    note.setAttribute("role", "status");
    note.textContent = text;
    row.append(note);
  }

  function give(input, files) {
    const chosen = new DataTransfer();
    files.forEach((file) => chosen.items.add(file));
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const leave = () => delete document.body.dataset.drop;

  document.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    document.body.dataset.drop = inputOfBatch() ? "Drop videos for the batch" : "Drop a video to load it";
    if (overField(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });

  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) leave(); // out of the window
  });
  document.addEventListener("dragend", leave);

  document.addEventListener(
    "drop",
    (event) => {
      leave();
      if (!holdsFiles(event) || overField(event)) return;
      event.preventDefault();
      const files = [...event.dataTransfer.files];
      const video = files.find((file) => file.type.startsWith("video/")) ?? files[0];
      const batch = inputOfBatch();
      if (!video) return;
      if (batch && !event.target.closest?.("#vt-left")) return give(batch, files);
      const input = document.querySelector("#vt-bring input[type=file]");
      if (!input) return;
      const others = files.length - 1;
      announce(others ? `Only ${video.name} is loaded, of ${files.length} files. The Batch tab takes several.` : "");
      give(input, [video]);
    },
    true,
  );

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#vt-left")) announce("");
  });
})();
