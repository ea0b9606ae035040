// The page of one asset: copy buttons, and a look at whether its facts and pictures are there by now.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 5000;
const MOST_LOOKS = 60;

document.documentElement.classList.add("script");

function select(target) {
  const range = document.createRange();
  range.selectNodeContents(target);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const target = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(target.textContent);
      button.textContent = "Copied";
    } catch {
      // Without TLS, or if it was forbidden: marked, so that one key copies it.
      select(target);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = "Copy"), 3000);
  });
}

// What a form has just changed is shown, and not folded away.
const target = document.getElementById(location.hash.slice(1));
if (target?.tagName === "DETAILS") target.open = true;

// The page is loaded anew when there is more to see, unless somebody has begun to type or listens.
function isBusy() {
  const typed = [...document.querySelectorAll(".owner input, .owner textarea")].some((field) => field.value !== field.defaultValue);
  const plays = [...document.querySelectorAll("video, audio")].some((player) => !player.paused);
  return typed || plays || document.getElementById("made");
}

async function look(note, wait, looks) {
  let isThere = false;
  try {
    const response = await fetch(note.dataset.asset, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (!response.ok && response.status < 500) return;
    const asset = response.ok ? await response.json() : null;
    isThere = asset !== null && (note.dataset.waitsFor === "facts" ? asset.factsState !== "waiting" : asset.thumbnailUrl);
  } catch {
    // no connection just now: asked again below
  }
  if (isThere && !isBusy()) location.reload();
  else if (looks < MOST_LOOKS) setTimeout(look, wait, note, Math.min(wait * 1.4, LONGEST_WAIT), looks + 1);
}

const note = document.getElementById("reading");
if (note) setTimeout(look, FIRST_WAIT, note, FIRST_WAIT, 0);
