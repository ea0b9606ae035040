// The queue of saves. Edits stand in groups, each made from one version. One group is on its way at a time; what is edited
// meanwhile goes into the next one, so that a page never meets its own save. A group leaves the queue, and this browser, only
// when the hub has acknowledged it: as a version, or as a conflict that was settled.

import { ask, isPassing, isSignedOut } from "./asking.js";
import { newKey } from "./drafts.js";
import { Baseline, fits, isSamePlace, patchOf } from "./edits.js";

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const MOST_EDITS = 400;

export class Saving {
  // `decide(group)` settles a conflict with the person: "resolved", "settled" or "later". `changed()` is told of everything.
  constructor({ api, drafts, baseline, decide, changed }) {
    Object.assign(this, { api, drafts, baseline, decide, changed });
    this.groups = [];
    this.problem = null;
    this.isBusy = false;
    this.newest = baseline.version;
    this.savedAt = null;
    this.progress = null;
    this.pause = FIRST_PAUSE;
    this.timer = 0;
  }

  get waiting() {
    return this.groups.filter((group) => !group.conflict);
  }

  get parked() {
    return this.groups.filter((group) => group.conflict);
  }

  get pending() {
    return this.waiting.reduce((sum, group) => sum + group.edits.length, 0);
  }

  // What a field shows: the newest edit of it, or what the hub holds.
  text(name, field) {
    return this.#below(this.groups.length, name, field);
  }

  stateOf(name) {
    if (this.waiting.some((group) => group.edits.some((edit) => edit.device === name))) return "unsaved";
    return this.parked.some((group) => group.edits.some((edit) => edit.device === name)) ? "conflict" : "";
  }

  edit(name, field, value) {
    const group = this.#open();
    const place = this.baseline.edit(name, field, value);
    group.edits = group.edits.filter((edit) => !isSamePlace(edit, place));
    if (this.#below(this.groups.indexOf(group), name, field) !== value) group.edits.push(place);
    if (!group.edits.length) this.groups.splice(this.groups.indexOf(group), 1);
    if (this.problem?.kind === "refused") this.problem = null;
    this.#keep();
  }

  takeOver(groups) {
    this.groups = [...groups, ...this.groups];
    this.#keep();
  }

  drop(group) {
    this.groups = this.groups.filter((one) => one !== group);
    this.#keep();
  }

  // Send what waits. What cannot be sent now is tried again by itself.
  async flush() {
    if (this.isBusy) return;
    clearTimeout(this.timer);
    this.isBusy = true;
    try {
      while (this.waiting.length && (await this.#send(this.waiting[0])));
    } finally {
      this.isBusy = false;
      this.changed();
    }
  }

  // Read what the hub holds now, if nothing waits to be sent.
  async refresh() {
    if (this.isBusy || this.waiting.length) return false;
    return this.#read([]);
  }

  #open() {
    const last = this.groups.at(-1);
    if (last && !last.sending && !last.conflict && last.base === this.baseline.version) return last;
    const group = { base: this.baseline.version, at: Date.now(), edits: [], sending: null, conflict: null };
    this.groups.push(group);
    return group;
  }

  #below(position, name, field) {
    for (const group of this.groups.slice(0, position).reverse()) {
      const edit = group.edits.find((one) => one.device === name && one.field === field);
      if (edit) return edit.value;
    }
    return this.baseline.text(name, field);
  }

  #keep() {
    this.drafts.keep(this.groups).then(this.changed);
    this.changed();
  }

  async #send(group) {
    if (group.edits.length > MOST_EDITS) this.#split(group);
    group.sending ??= { key: newKey(), body: JSON.stringify(patchOf(group.edits)) };
    const answering = ask(this.api, {
      method: "PATCH",
      type: "application/json-patch+json",
      body: group.sending.body,
      headers: { "Idempotency-Key": group.sending.key, "If-Match": `"${group.base}"` },
    });
    this.#keep();
    const answer = await answering;
    if (isPassing(answer)) return this.#tryLater(answer);
    this.pause = FIRST_PAUSE;
    this.problem = null;
    if (answer.ok) return this.#saved(group, answer.body);
    if (answer.status === 409 && answer.body.conflict) return this.#met(group, answer.body);
    this.problem = isSignedOut(answer)
      ? { kind: "signed out", message: answer.body.message }
      : { kind: "refused", message: answer.body.message ?? `The hub answered ${answer.status}.` };
    if (this.problem.kind === "refused") this.#reopen(group);
    this.#keep();
    return false;
  }

  #split(group) {
    const rest = { ...group, edits: group.edits.splice(MOST_EDITS) };
    this.groups.splice(this.groups.indexOf(group) + 1, 0, rest);
  }

  #tryLater(answer) {
    const pause = Math.max(this.pause, answer.wait * 1000);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    this.problem = { kind: answer.status ? "busy" : "offline", until: Date.now() + pause };
    this.timer = setTimeout(() => this.flush(), pause);
    return false;
  }

  // The hub will not take this as it is. What was edited since joins it, so that the person can put it right.
  #reopen(group) {
    group.sending = null;
    const later = this.waiting.filter((one) => one !== group && one.base === group.base);
    for (const edit of later.flatMap((one) => one.edits)) {
      group.edits = [...group.edits.filter((one) => !isSamePlace(one, edit)), edit];
    }
    this.groups = this.groups.filter((one) => !later.includes(one));
  }

  async #saved(group, body) {
    this.groups = this.groups.filter((one) => one !== group);
    this.savedAt = body.lastSaved;
    this.progress = body.progress ?? this.progress;
    this.newest = Math.max(this.newest, body.version);
    if (group.base !== this.baseline.version || body.merged) {
      this.#keep();
      await this.#read(group.edits);
      return true;
    }
    this.baseline = this.baseline.after(group.edits, body.version);
    for (const one of this.waiting) if (one.base === group.base && !one.sending) one.base = body.version;
    this.#keep();
    return true;
  }

  async #met(group, body) {
    group.sending = null;
    group.conflict = { id: body.conflict.id, severity: body.conflict.severity };
    this.newest = Math.max(this.newest, body.currentVersion);
    this.#keep();
    if ((await this.decide(group)) !== "later") this.groups = this.groups.filter((one) => one !== group);
    this.#keep();
    await this.#read(group.edits);
    return true;
  }

  // Go on from the newest version. Edits made on the one before move along if nobody else touched what they touch; the others
  // are sent as what they are, made from the older version, and the hub compares.
  async #read(sent) {
    const answer = await ask(this.api);
    if (!answer.ok) return false;
    const before = this.baseline;
    const { session, currentVersion } = answer.body;
    this.baseline = new Baseline(currentVersion, session, before.keys);
    this.newest = currentVersion;
    this.savedAt = session.updated_at;
    this.progress = null;
    for (const group of this.waiting) {
      if (group.base === before.version && !group.sending && fits(group.edits, before, this.baseline, sent)) {
        group.base = currentVersion;
        for (const edit of group.edits) edit.index = this.baseline.places.get(edit.device);
      }
    }
    this.#keep();
    return true;
  }
}
