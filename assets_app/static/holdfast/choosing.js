// Files that people choose or drop are handed on as they come.

export function whenChosen({ form, input, drop, take, isBusy }) {
  function takeChosen() {
    take(input.files);
    input.value = "";
  }

  input.addEventListener("change", takeChosen);
  // On a slow line somebody may have chosen files before this script arrived.
  if (input.files.length) takeChosen();
  // They may be dropped anywhere: beside the box a file would replace the page.
  for (const name of ["dragenter", "dragover"]) {
    window.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
