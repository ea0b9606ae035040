// The editor of a checklist. Without it, the same page is a plain form; with it, edits are kept in this browser as they are
// made, and saved by themselves.

import { ask } from "./asking.js";
import { ConflictDialog } from "./conflict_dialog.js";
import { Drafts } from "./drafts.js";
import { Baseline, clock, count } from "./edits.js";
import { Keys } from "./editor_keys.js";
import { leftWords, notice, stateOf } from "./editor_words.js";
import { Presence } from "./presence.js";
import { Rows } from "./rows.js";
import { Saving } from "./saving.js";

const form = document.getElementById("editor");
const { dataset } = form;
const byId = (id) => document.getElementById(id);
const notices = byId("notices");
const dialog = new ConflictDialog(byId("conflict"), { places: dataset, me: dataset.name });
const drafts = new Drafts(`${dataset.user} ${dataset.session}`);
let saving;
let rows;
let keys;
let wasOffered = 0;

async function begin() {
  // The very version that the page was made from: its rows stand where the form says.
  const version = Number(form.elements.version.value);
  const [left, answer] = await Promise.all([drafts.open(), ask(`${dataset.api}?version=${version}`)]);
  if (!answer.ok) {
    notice(notices, "begin", "The list could not be read. The form below still works; or", { kind: "refused", links: [["reload the page", ""]] });
    return;
  }
  const baseline = new Baseline(version, answer.body.session, dataset.mergeKeys.split(","));
  saving = new Saving({ api: dataset.api, drafts, baseline, decide, changed: () => rows && tell() });
  saving.savedAt = answer.body.session.updated_at;
  rows = new Rows(byId("rows"), byId("device-row"), saving, edited);
  rows.batch = Number(form.elements.batch.value);
  keys = new Keys({ rows, choose: judge, actions: { batch: showBatch, save, exportCsv, help } });
  const early = rows.early();
  document.documentElement.classList.add("script");
  if (left.length) await takeOver(left);
  for (const [name, field, value] of early) saving.edit(name, field, value);
  keys.first();
  listen();
  showBatch(rows.batch);
  if (saving.pending) saving.flush();
}

async function takeOver(left) {
  saving.takeOver(left);
  const waiting = left.filter((group) => !group.conflict);
  if (waiting.length) {
    wasOffered = saving.pending;
    notice(notices, "left", `${leftWords(waiting)} They are in the list below, and being sent now.`);
  }
  for (const group of saving.parked) {
    const answer = await ask(`${dataset.conflicts}/${group.conflict.id}`);
    if (answer.ok && answer.body.conflict.state !== "open") tellSettled(group);
  }
}

function tellSettled(group) {
  saving.drop(group);
  notice(notices, group.conflict.id, `A conflict about ${count(group.edits.length, "edit")} of yours was settled meanwhile.`, {
    links: [["What became of it", `${dataset.conflictPages}${group.conflict.id}/`]],
  });
}

async function decide(group) {
  tell();
  const outcome = await dialog.settle(group.conflict.id);
  if (outcome === "resolved") notice(notices, group.conflict.id, "Both sides were brought together, and saved.", { kind: "kept" });
  if (outcome === "settled") tellSettled(group);
  return outcome;
}

function edited(name, field, value) {
  saving.edit(name, field, value);
  if (field === "custom_image_url" && value && saving.text(name, "status") !== "custom_selected") {
    saving.edit(name, "status", "custom_selected");
  }
}

function judge(index, status) {
  const name = saving.baseline.nameAt(index);
  const first = saving.baseline.deviceOf(name).image_url;
  if (status === "approved" && first && typeof first === "string" && !saving.text(name, "selected_image_url")) {
    saving.edit(name, "selected_image_url", first);
  }
  saving.edit(name, "status", status);
}

function showBatch(batch) {
  rows.show(batch);
  const address = new URL(location.href);
  address.searchParams.set("batch", rows.batch);
  history.replaceState(null, "", address);
  form.elements.batch.value = rows.batch;
  byId("batch-title").textContent = `Batch ${rows.batch} of ${rows.last}`;
  for (const [id, to] of [["previous", rows.batch - 1], ["next", rows.batch + 1]]) {
    const isThere = to >= 1 && to <= rows.last;
    byId(id).toggleAttribute("href", isThere);
    if (isThere) byId(id).href = `?batch=${to}`;
    byId(id).ariaDisabled = isThere ? null : "true";
  }
  tell();
}

function tell() {
  const state = stateOf(saving, navigator.onLine);
  const place = byId("state");
  if (place.textContent !== state.text) place.textContent = state.text;
  place.dataset.kind = state.kind;
  form.elements.version.value = saving.baseline.version;
  byId("version").textContent = saving.baseline.version;
  if (saving.savedAt) byId("saved-at").textContent = `${new Date(saving.savedAt).toLocaleDateString()} ${clock(saving.savedAt)}`;
  tellProgress();
  tellParked();
  if (wasOffered && !saving.pending) {
    notice(notices, "left", saving.parked.length ? "" : `${count(wasOffered, "edit")} from your last visit ${wasOffered === 1 ? "is" : "are"} saved now.`, { kind: "kept" });
    wasOffered = 0;
  }
  const isSignedOut = saving.problem?.kind === "signed out";
  notice(notices, "sign-in", isSignedOut ? "Sign in again in another window, then save here:" : "", { kind: "refused", links: [["sign in", dataset.signIn]] });
  rows.show();
}

// Counted by the hub: from its answer to a save, or from what it said of the list.
function tellProgress() {
  const { devices } = saving.baseline;
  const completed = saving.progress?.completed ?? Math.round(((saving.baseline.document.progress_percentage ?? 0) * devices.length) / 100);
  const total = saving.progress?.total ?? devices.length;
  byId("progress").max = total;
  byId("progress").value = completed;
  byId("checked").textContent = `${completed} of ${total} checked`;
}

function tellParked() {
  for (const group of saving.parked) {
    const isBeingSettled = dialog.id === group.conflict.id;
    const text = `${count(group.edits.length, "edit")} of yours met a newer version and ${group.edits.length === 1 ? "waits" : "wait"} in a conflict. Nothing is lost.`;
    document.querySelector(`[data-conflict="${group.conflict.id}"]`)?.remove();
    notice(notices, group.conflict.id, isBeingSettled ? "" : text, {
      kind: "refused",
      links: [["Settle it", `${dataset.conflictPages}${group.conflict.id}/`]],
    });
  }
}

async function save() {
  await saving.flush();
}

async function exportCsv() {
  await saving.flush();
  const text = saving.pending ? "Not exported: there are edits that could not be saved yet." : "";
  notice(notices, "export", text, { kind: "refused" });
  if (!text) location.assign(dataset.export);
}

function help() {
  byId("help").showModal();
}

async function heard(version) {
  saving.newest = Math.max(saving.newest, version);
  if (version > saving.baseline.version && (await saving.refresh())) {
    notice(notices, "refreshed", `Version ${version} was saved meanwhile; this is it.`);
  }
  tell();
}

function gone(message) {
  notice(notices, "gone", `${message} What you edit here is kept.`, { kind: "refused", links: [["Look at it", ""]] });
}

function listen() {
  const presence = new Presence(byId("presence"), { url: dataset.lease, seconds: Number(dataset.heartbeat), heard, gone });
  presence.beat();
  setInterval(() => saving.pending && saving.flush(), Number(dataset.autosave) * 1000);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  for (const id of ["previous", "next"]) {
    byId(id).addEventListener("click", (event) => {
      event.preventDefault();
      if (byId(id).hasAttribute("href")) showBatch(rows.batch + (id === "next" ? 1 : -1));
    });
  }
  byId("export").addEventListener("click", (event) => {
    event.preventDefault();
    exportCsv();
  });
  byId("show-help").addEventListener("click", help);
  addEventListener("online", () => {
    saving.flush();
    presence.beat();
  });
  addEventListener("offline", tell);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") saving.flush();
    else presence.beat();
  });
  addEventListener("pagehide", () => {
    saving.flush();
    presence.leave();
  });
  // A page that comes back out of the browser's memory has missed what happened meanwhile.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("beforeunload", (event) => {
    if (saving.pending && !drafts.works) event.preventDefault();
  });
}

begin();
