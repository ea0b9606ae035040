// Adding files with a script: each is sent by itself, with its own progress and its own outcome.
// Without it, the same form sends them all at once.

import { whenChosen } from "./choosing.js";
import { Sending } from "./sending.js";

const form = document.getElementById("add");
const drop = document.getElementById("drop");
const input = document.getElementById("files");
const list = document.getElementById("uploads");
const summary = document.getElementById("summary");
const maxBytes = Number(form.dataset.maxMb) * 1024 * 1024;
const counts = { sending: 0, kept: 0, refused: 0, cancelled: 0 };
const waiting = [];
let busy = false;

document.documentElement.classList.add("script");

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function button(text, action) {
  const made = element("button", "secondary outline", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

function tellCounts() {
  const parts = [];
  if (counts.sending) parts.push(`${counts.sending} to send`);
  if (counts.kept) parts.push(`${counts.kept} kept`);
  if (counts.refused) parts.push(`${counts.refused} not accepted`);
  if (counts.cancelled) parts.push(`${counts.cancelled} cancelled`);
  summary.replaceChildren(parts.join(", "));
  if (counts.sending || !counts.kept) return;
  const link = element("a", "", "Show all assets");
  link.href = form.dataset.page;
  summary.append(". ", link);
}

function fields() {
  const tags = form.elements.tags.value.split("\n").map((tag) => tag.trim()).filter(Boolean);
  return { tags: tags.length ? JSON.stringify(tags) : "", sessionId: form.elements.session.value };
}

class Row {
  constructor(file) {
    this.row = element("li", "sending");
    this.bar = element("progress", "");
    this.bar.max = 1;
    this.bar.value = 0;
    this.bar.setAttribute("aria-label", `Sending ${file.name}`);
    this.told = element("span", "told", "Waiting");
    this.line = element("span", "line");
    this.sending = new Sending(file, fields(), (words, part) => this.tell(words, part));
    this.cancelButton = button("Cancel", () => this.cancel());
    this.cancelButton.setAttribute("aria-label", `Cancel ${file.name}`);
    this.line.append(this.told, this.cancelButton);
    this.row.append(element("span", "name", file.name), this.bar, this.line);
    list.prepend(this.row);
  }

  tell(words, part) {
    if (this.isSettled) return;
    this.told.textContent = words;
    if (part === null) this.bar.removeAttribute("value");
    else this.bar.value = part;
  }

  cancel() {
    this.sending.cancel();
    this.settle("cancelled", ["Cancelled."]);
  }

  settle(outcome, told) {
    if (this.isSettled) return;
    this.isSettled = true;
    counts.sending -= 1;
    counts[outcome] += 1;
    this.row.className = outcome;
    this.bar.remove();
    this.cancelButton.remove();
    this.told.replaceChildren(...told);
    tellCounts();
  }

  settleBy({ status, body }) {
    if (status >= 200 && status < 300 && body.id) {
      const link = element("a", "", body.name);
      link.href = `${form.dataset.page}${body.id}/`;
      this.settle("kept", ["Kept: ", link]);
    } else if (status === 401) {
      this.settle("refused", ["You have been signed out. Sign in again in another tab, then: ", this.again()]);
    } else if (status >= 500 || !status) {
      const why = body.message ?? (status ? "The hub does not answer rightly." : "There is no connection to the hub.");
      this.settle("refused", [`${why} `, this.again()]);
    } else {
      this.settle("refused", [body.message ?? "It was not accepted."]);
    }
  }

  // The same sending, with the same key: if it had arrived after all, it is not kept twice.
  again() {
    return button("Send again", () => {
      this.isSettled = false;
      counts.refused -= 1;
      this.row.className = "sending";
      this.row.insertBefore(this.bar, this.line);
      this.line.append(this.cancelButton);
      this.tell("Waiting", 0);
      queue(this);
    });
  }

  async send() {
    const { file } = this.sending;
    if (file.size > maxBytes) {
      const size = (file.size / 1024 / 1024).toFixed(1);
      this.settle("refused", [`The file has ${size} MB; at most ${form.dataset.maxMb} MB are accepted.`]);
      return;
    }
    try {
      this.settleBy(await this.sending.send(form.dataset.door));
    } catch {
      this.settle("refused", ["It cannot be read. Of a folder, choose the files in it; if it was moved, choose it again."]);
    }
  }
}

async function work() {
  if (busy) return;
  busy = true;
  while (waiting.length) {
    const row = waiting.shift();
    if (!row.isSettled) await row.send();
  }
  busy = false;
}

function queue(row) {
  counts.sending += 1;
  waiting.push(row);
  tellCounts();
  work();
}

function add(files) {
  for (const file of files) queue(new Row(file));
}

whenChosen({ form, input, drop, take: add, isBusy: () => counts.sending > 0 });
