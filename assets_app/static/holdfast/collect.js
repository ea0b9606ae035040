// The collect page with a script: files are sent one by one, each with its own progress and its own outcome.
// Without it, the same form sends them all at once.

import { whenChosen } from "./choosing.js";

const form = document.getElementById("collect");
const drop = document.getElementById("drop");
const input = document.getElementById("files");
const list = document.getElementById("uploads");
const summary = document.getElementById("summary");
const maxBytes = Number(form.dataset.maxMb) * 1024 * 1024;
const counts = { kept: 0, refused: 0, sending: 0 };
const waiting = [];
let busy = false;

document.documentElement.classList.add("script");

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function addRow(file) {
  const row = element("li", "sending");
  const bar = element("progress", "");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${file.name}`);
  row.append(element("span", "name", file.name), bar, element("span", "told", "Waiting"));
  list.prepend(row);
  return row;
}

function settle(row, outcome, told) {
  row.className = outcome;
  row.querySelector("progress").remove();
  row.querySelector(".told").replaceChildren(...told);
  counts[outcome] += 1;
}

function tellCounts() {
  const parts = [];
  if (counts.sending) parts.push(`${counts.sending} to send`);
  if (counts.kept) parts.push(`${counts.kept} kept`);
  if (counts.refused) parts.push(`${counts.refused} not accepted`);
  summary.textContent = parts.join(", ");
}

function keptWords(answer) {
  const link = element("a", "", answer.session);
  link.href = answer.url;
  return [`${answer.what}${answer.repeat ? ", which was here already" : ""}: `, link];
}

function retryButton(file, row) {
  const button = element("button", "outline", "Send again");
  button.addEventListener("click", () => {
    row.remove();
    counts.refused -= 1;
    enqueue([file]);
  });
  return button;
}

function send(file, row) {
  return new Promise((resolve) => {
    const bar = row.querySelector("progress");
    const told = row.querySelector(".told");
    const request = new XMLHttpRequest();
    const body = new FormData(form);
    body.delete("files");
    body.append("files", file, file.name);
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      bar.value = (100 * event.loaded) / event.total;
      told.textContent = event.loaded < event.total ? `${Math.round(bar.value)} % sent` : "Being read";
      if (event.loaded === event.total) bar.removeAttribute("value");
    });
    request.addEventListener("loadend", () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // not an answer of the form's own: told below
      }
      if (request.status >= 200 && request.status < 300 && answer) {
        settle(row, "kept", keptWords(answer));
      } else if (answer?.message) {
        settle(row, "refused", [answer.message]);
      } else if (request.status >= 500) {
        settle(row, "refused", ["The hub does not answer rightly just now; nothing of it was kept. ", retryButton(file, row)]);
      } else if (request.status) {
        settle(row, "refused", ["You have been signed out. Reload the page, sign in, and send it again."]);
      } else {
        settle(row, "refused", ["The connection broke off; nothing of it was kept. ", retryButton(file, row)]);
      }
      resolve(answer);
    });
    request.send(body);
  });
}

async function work() {
  if (busy) return;
  busy = true;
  const batch = [];
  while (waiting.length) {
    const { file, row } = waiting.shift();
    if (file.size > maxBytes) {
      settle(row, "refused", [`The file has ${(file.size / 1024 / 1024).toFixed(1)} MB; at most ${form.dataset.maxMb} MB are accepted.`]);
    } else {
      batch.push(await send(file, row));
    }
    counts.sending -= 1;
    tellCounts();
  }
  busy = false;
  // One file, kept: there is nothing left to do here but to look at it.
  if (batch.length === 1 && counts.kept === 1 && !counts.refused && batch[0]?.url) location.assign(batch[0].url);
}

function enqueue(files) {
  // A label file can only be taken in once its recording is there.
  const sorted = [...files].sort((a, b) => a.name.endsWith(".meta.json") - b.name.endsWith(".meta.json"));
  for (const file of sorted) waiting.push({ file, row: addRow(file) });
  counts.sending += sorted.length;
  tellCounts();
  work();
}

whenChosen({ form, input, drop, take: enqueue, isBusy: () => counts.sending > 1 });
