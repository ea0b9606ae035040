// What the editor tells of itself: how it stands with saving, and what happened.

import { clock, count } from "./edits.js";

const LATER = "They are kept on this device, and sent as soon as there is one.";

export function stateOf(saving, isNavigatorOnline) {
  const { problem, pending } = saving;
  const edits = count(pending, "edit");
  const lost = saving.drafts.works ? "" : " This browser keeps nothing: do not leave before it is saved.";
  if (pending && (problem?.kind === "offline" || !isNavigatorOnline)) {
    return { kind: "waiting", text: `No connection. ${edits} ${pending === 1 ? "is" : "are"} not sent yet. ${LATER}${lost}` };
  }
  if (!isNavigatorOnline) return { kind: "waiting", text: "No connection. You can go on: edits are kept on this device." };
  if (problem?.kind === "busy") {
    const seconds = Math.max(1, Math.round((problem.until - Date.now()) / 1000));
    return { kind: "waiting", text: `The hub does not answer rightly just now. ${edits} kept; trying again in ${seconds} s.${lost}` };
  }
  if (problem?.kind === "signed out") return { kind: "problem", text: `You have been signed out, or may not save this any more. ${edits} kept here.${lost}` };
  if (problem?.kind === "refused") return { kind: "problem", text: `Not saved: ${problem.message}` };
  if (saving.isBusy && pending) return { kind: "busy", text: `Saving ${edits}…` };
  if (pending) {
    const newer = saving.newest > saving.baseline.version ? ` Version ${saving.newest} was saved by somebody meanwhile: saving compares the two.` : "";
    return { kind: "unsaved", text: `${edits} not saved yet.${newer}${lost}` };
  }
  if (saving.parked.length) return { kind: "saved", text: "Saved, but for what waits in a conflict." };
  return { kind: "saved", text: saving.savedAt ? `Saved ${clock(saving.savedAt)}` : "Nothing to save" };
}

// A line above the table. Said again with the same name, it takes the earlier one's place; without a text, it goes.
export function notice(place, name, text, { kind = "", links = [] } = {}) {
  const known = place.querySelector(`[data-notice="${CSS.escape(name)}"]`);
  if (!text) {
    known?.remove();
    return;
  }
  const line = document.createElement("p");
  line.className = `told ${kind}`;
  line.dataset.notice = name;
  line.append(text);
  for (const [words, href] of links) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = words;
    line.append(" ", link);
  }
  if (known?.textContent === line.textContent) return;
  if (known) known.replaceWith(line);
  else place.append(line);
}

export function leftWords(groups) {
  const edits = groups.flatMap((group) => group.edits);
  const first = Math.min(...edits.map((edit) => edit.at));
  const day = new Date(first).toDateString() === new Date().toDateString() ? "" : `${new Date(first).toLocaleDateString()} `;
  return `${count(edits.length, "edit")} from ${day}${clock(first)} ${edits.length === 1 ? "was" : "were"} not sent yet.`;
}
