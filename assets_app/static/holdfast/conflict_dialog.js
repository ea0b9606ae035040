// Settling a conflict with the person at the page. Nothing is lost whatever they do: "later" leaves it open on the hub.

import { ask, isPassing } from "./asking.js";
import { draw, namesOf, summaryOf } from "./conflict_view.js";
import { whoOf } from "./conflict_words.js";
import { newKey } from "./drafts.js";

const HINT =
  "“Keep mine” takes your side whole: what only the others changed goes back to what it was, and stays among the versions. " +
  "“Later” leaves the conflict open; nothing is lost.";

export class ConflictDialog {
  // `places`: the addresses of conflicts and of the session's versions; `me`: the name of who sits here.
  constructor(dialog, { places, me }) {
    Object.assign(this, { dialog, places, me });
    this.choices = new Map();
    this.finish = () => {};
    for (const button of dialog.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => this.#do(button.dataset.do));
    }
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#do("later");
    });
  }

  // Resolves to "resolved", "settled" (by somebody else) or "later".
  async settle(id) {
    this.id = id;
    const outcome = await this.#settled();
    this.id = null;
    return outcome;
  }

  async #settled() {
    this.choices.clear();
    this.attempt = null;
    const settled = await this.#read();
    if (settled) return settled;
    const outcome = new Promise((resolve) => {
      this.finish = resolve;
    });
    if (!this.dialog.open) this.dialog.showModal();
    this.#part("title").focus();
    const result = await outcome;
    this.dialog.close();
    return result;
  }

  // Reads both sides and draws them. Choices that still mean the same are kept. Gives the outcome if there is nothing to do.
  async #read() {
    const before = this.conflict?.id === this.id ? this.conflict : null;
    const [answer, versions] = await Promise.all([ask(this.#url()), ask(`${this.places.versions}?limit=50`)]);
    if (!answer.ok) return "later";
    this.conflict = answer.body.conflict;
    if (this.conflict.state !== "open") return "settled";
    this.isTrashed = versions.body.versions?.[0]?.cause === "deleted";
    this.who = whoOf(versions.body.versions ?? [], this.conflict, this.me);
    this.names = namesOf(this.conflict, this.who, this.me);
    const dropped = this.#keepChoices(before);
    this.#draw();
    if (dropped) this.#tell(`${dropped} of your choices did not fit any more: choose there again.`);
    return null;
  }

  #keepChoices(before) {
    let dropped = 0;
    const text = (conflict, path) => {
      const found = conflict?.differences.find((one) => one.path === path && one.side === "both");
      return found && JSON.stringify([found.theirs, found.yours]);
    };
    for (const path of [...this.choices.keys()]) {
      const now = text(this.conflict, path);
      if (now === undefined || now !== text(before, path)) {
        this.choices.delete(path);
        dropped += now !== undefined;
      }
    }
    return dropped;
  }

  get #isSoft() {
    return !this.conflict.differences.some((one) => one.side === "both");
  }

  #url(action = "") {
    return `${this.places.conflicts}/${this.id}${action}`;
  }

  #part(name) {
    return name === "title" ? this.dialog.querySelector("h2") : this.dialog.querySelector(`[data-part="${name}"]`);
  }

  #button(name) {
    return this.dialog.querySelector(`[data-do="${name}"]`);
  }

  #draw() {
    this.#part("title").textContent = `${this.who} ${this.isTrashed ? "moved the list to the trash" : "saved first"}`;
    this.#part("summary").textContent = summaryOf(this.conflict, this.names);
    this.#part("differences").replaceChildren(
      ...draw(this.conflict, { names: this.names, choices: this.choices, chosen: () => this.#drawButtons() }),
    );
    const order = this.#isSoft ? ["merge", "yours", "theirs", "later"] : ["yours", "theirs", "merge", "later"];
    this.dialog.querySelector("footer").prepend(...order.map((name) => this.#button(name)));
    this.#button("merge").textContent = this.#isSoft ? "Merge both" : "Merge";
    this.#tell(this.isTrashed ? "Take it out of the trash to go on with it. Until then, what you sent is kept: choose “Later”." : "");
    this.#drawButtons();
  }

  #drawButtons(isBusy = false) {
    const open = this.conflict.differences.filter((one) => one.side === "both" && !this.choices.has(one.path)).length;
    for (const button of this.dialog.querySelectorAll("[data-do]")) button.disabled = isBusy;
    this.#button("merge").disabled = isBusy || open > 0;
    const left = open ? `To merge, choose in ${open} more ${open === 1 ? "field" : "fields"}. ` : "";
    this.#part("hint").textContent = left + HINT;
  }

  #tell(text) {
    this.#part("told").textContent = text;
    this.#part("told").hidden = !text;
  }

  async #do(what) {
    if (what === "later") return this.finish("later");
    const choices = what === "merge" ? { choices: Object.fromEntries(this.choices) } : { take: what };
    const body = JSON.stringify({ _version: this.conflict.sessionVersion, ...choices });
    // The same request keeps its key until an answer comes.
    if (this.attempt?.body !== body) this.attempt = { key: newKey(), body };
    this.#drawButtons(true);
    const answer = await ask(this.#url("/resolve"), { method: "POST", body, headers: { "Idempotency-Key": this.attempt.key } });
    if (!isPassing(answer)) this.attempt = null;
    if (answer.ok) return this.finish("resolved");
    return this.#refused(answer);
  }

  async #refused(answer) {
    this.#drawButtons();
    if (isPassing(answer)) {
      this.#tell("The hub could not be reached. Nothing was changed: try again, or leave it for later.");
    } else if (answer.body.error === "ALREADY_SETTLED") {
      this.finish("settled");
    } else if (answer.status === 412 || answer.body.undecided) {
      const settled = await this.#read();
      if (settled) this.finish(settled);
      else if (this.#part("told").hidden) this.#tell("There was another save meanwhile. This is how it stands now: look again.");
    } else {
      this.#tell(answer.body.message ?? `The hub answered ${answer.status}.`);
    }
  }
}
