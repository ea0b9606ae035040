// Who else has the session open, and whether a newer version was saved meanwhile.

import { ask } from "./asking.js";
import { clock } from "./edits.js";

export class Presence {
  // `heard(version)`: the newest version, each time the hub says which it is. `gone(message)`: it is in the trash.
  constructor(place, { url, seconds, heard, gone }) {
    Object.assign(this, { place, url, heard, gone });
    this.others = [];
    setInterval(() => this.beat(), seconds * 1000);
  }

  async beat() {
    const answer = await ask(this.url, { method: "POST", body: "{}" });
    if (answer.status === 410) this.gone(answer.body.message);
    if (!answer.ok) return;
    this.others = answer.body.editors.filter((editor) => !editor.isYou);
    const names = this.others.map((editor) => `${editor.user} (since ${clock(editor.since)})`);
    const told = names.length ? `${names.join(", ")} ${names.length === 1 ? "is" : "are"} here, too` : "";
    if (this.place.textContent !== told) this.place.textContent = told;
    this.place.hidden = !told;
    this.heard(answer.body.version);
  }

  leave() {
    ask(this.url, { method: "DELETE", keepalive: true });
  }
}
