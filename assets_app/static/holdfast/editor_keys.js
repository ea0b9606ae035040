// The editor's keys. They do nothing while somebody types in a field.

import { BATCH } from "./rows.js";

export class Keys {
  constructor({ rows, choose, actions }) {
    Object.assign(this, { rows, choose, actions });
    this.current = 0;
    rows.body.addEventListener("focusin", (event) => this.#mark(Number(event.target.closest("tr").dataset.index)));
    document.addEventListener("keydown", (event) => this.#pressed(event));
  }

  // Go to a device, also one of another batch.
  go(index) {
    const last = this.rows.source.baseline.devices.length - 1;
    const wanted = Math.min(Math.max(0, index), last);
    const batch = Math.floor(wanted / BATCH) + 1;
    if (batch !== this.rows.batch) this.actions.batch(batch);
    this.#mark(wanted);
    const row = this.rows.rowAt(wanted);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  // After another batch was shown.
  first() {
    this.#mark((this.rows.batch - 1) * BATCH);
  }

  #mark(index) {
    this.rows.rowAt(this.current)?.setAttribute("tabindex", "-1");
    this.current = index;
    this.rows.rowAt(index)?.setAttribute("tabindex", "0");
  }

  #pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape") this.go(this.current);
      return;
    }
    if (this.#act(event)) event.preventDefault();
  }

  #act(event) {
    const isOnRow = event.target.closest("tr.device") === event.target;
    const judged = { a: "approved", r: "rejected", k: "skipped" }[event.key];
    const batches = { n: 1, ArrowRight: 1, p: -1, ArrowLeft: -1 }[event.key];
    if (judged) this.choose(this.current, judged);
    else if (batches) this.#turn(batches);
    else if (event.key === "ArrowDown") this.go(isOnRow ? this.current + 1 : this.current);
    else if (event.key === "ArrowUp") this.go(isOnRow ? this.current - 1 : this.current);
    else if (event.key === "Enter" && isOnRow) this.rows.rowAt(this.current).querySelector("textarea").focus();
    else if (event.key === "s") this.actions.save();
    else if (event.key === "e") this.actions.exportCsv();
    else if (event.key === "?") this.actions.help();
    else return false;
    return true;
  }

  #turn(step) {
    const batch = this.rows.batch + step;
    if (batch >= 1 && batch <= this.rows.last) this.go((batch - 1) * BATCH);
  }
}
