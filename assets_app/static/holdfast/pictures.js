// Plots that are still being made appear as soon as they are ready.

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5000;

function show(figure, answer) {
  const link = document.createElement("a");
  const image = document.createElement("img");
  link.href = image.src = answer.image;
  image.alt = figure.querySelector("figcaption").textContent;
  image.width = 1280;
  image.height = 1080;
  link.append(image);
  figure.replaceChild(link, figure.firstElementChild);
  figure.dataset.state = "made";
}

function tellFailure(figure, answer) {
  const told = figure.firstElementChild;
  told.className = "refused";
  told.setAttribute("role", "alert");
  told.removeAttribute("aria-busy");
  told.textContent = `The plot could not be made: ${answer.reason}`;
  figure.dataset.state = "failed";
}

async function follow(figure, wait) {
  let answer = null;
  try {
    const response = await fetch(figure.dataset.picture, { headers: { Accept: "application/json" } });
    if (response.status === 401 || response.status === 404) return;
    if (response.ok) answer = await response.json();
  } catch {
    // no connection just now: asked again below
  }
  if (answer?.state === "made") show(figure, answer);
  else if (answer?.state === "failed") tellFailure(figure, answer);
  else setTimeout(follow, wait, figure, Math.min(wait * 1.4, LONGEST_WAIT));
}

for (const figure of document.querySelectorAll('figure[data-state="waiting"]')) follow(figure, FIRST_WAIT);
