// The two sides of a conflict, drawn: by device, field by field, with a choice where both changed the same.

import { byDevice, inWords, labelOf } from "./conflict_words.js";
import { count } from "./edits.js";

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function namesOf(conflict, who, me) {
  return { theirs: who.replace(/,$/, ""), yours: conflict.savedBy === me ? "You" : conflict.savedBy };
}

export function summaryOf(conflict, names) {
  const number = (side) => conflict.differences.filter((one) => one.side === side).length;
  const [theirs, yours, both] = ["theirs", "yours", "both"].map(number);
  const parts = [];
  if (theirs) parts.push(`${names.theirs} changed ${count(theirs, "field")}`);
  if (yours) parts.push(`${names.yours === "You" && theirs ? "you" : names.yours} changed ${count(yours, "field")}`);
  if (!both) return `${parts.join(", ")}. Nothing stands against each other: both fit together.`;
  const first = parts.length ? `${parts.join(", ")}, and ` : "";
  return `${first}${first ? "both" : "Both"} changed ${count(both, "field")} in different ways: choose there.`;
}

// `choices` is a Map from path to side; `chosen()` is called whenever it changes.
export function draw(conflict, { names, choices, chosen }) {
  const parts = [];
  const disputed = conflict.differences.filter((one) => one.side === "both");
  const oneSided = conflict.differences.filter((one) => one.side === "theirs" || one.side === "yours");
  const same = conflict.differences.filter((one) => one.side === "same");
  for (const [title, differences] of byDevice(conflict, disputed)) {
    parts.push(deviceSection(title, differences.map((one) => disputedField(one, { names, choices, chosen }))));
  }
  if (oneSided.length) {
    const sections = [...byDevice(conflict, oneSided)].map(([title, differences]) =>
      deviceSection(title, differences.map((one) => oneSidedField(one, names))),
    );
    parts.push(folded(`${count(oneSided.length, "field")} changed by one side only`, sections, !disputed.length));
  }
  if (same.length) {
    const sections = [...byDevice(conflict, same)].map(([title, differences]) =>
      deviceSection(title, differences.map((one) => field(one, element("p", {}, inWords(one, "theirs"))))),
    );
    parts.push(folded(`${count(same.length, "field")} changed alike by both`, sections, false));
  }
  const touched = byDevice(conflict, conflict.differences).size;
  const rest = Math.max(0, (conflict.theirs.devices?.length ?? 0) - touched);
  if (rest) parts.push(element("p", { class: "rest" }, `${count(rest, "other device")}: the same on both sides.`));
  return parts;
}

function deviceSection(title, fields) {
  return element("section", { class: "dispute" }, element("h3", {}, title), ...fields);
}

function folded(title, sections, isOpen) {
  const made = element("details", {}, element("summary", {}, title), ...sections);
  made.open = isOpen;
  return made;
}

function field(difference, ...children) {
  return element("div", { class: "dispute-field" }, element("p", { class: "label" }, labelOf(difference.path)), ...children);
}

function disputedField(difference, { names, choices, chosen }) {
  const group = element("fieldset", { class: "dispute-field" }, element("legend", { class: "label" }, labelOf(difference.path)));
  const sides = element("div", { class: "sides" });
  for (const side of ["theirs", "yours"]) {
    const input = element("input", { type: "radio", name: difference.path, value: side });
    input.checked = choices.get(difference.path) === side;
    input.addEventListener("change", () => {
      choices.set(difference.path, side);
      chosen();
    });
    const words = element("span", { class: "value" }, inWords(difference, side));
    sides.append(element("label", { class: "side" }, input, element("span", { class: "who" }, names[side]), words));
  }
  group.append(sides, element("small", { class: "before" }, `before: ${inWords(difference, "base")}`));
  return group;
}

function oneSidedField(difference, names) {
  const sides = element("div", { class: "sides" });
  for (const side of ["theirs", "yours"]) {
    const isChange = difference.side === side;
    sides.append(
      element(
        "div",
        { class: isChange ? "side taken" : "side" },
        element("span", { class: "who" }, isChange ? `${names[side]} changed it` : `${names[side]} did not`),
        element("span", { class: "value" }, inWords(difference, side)),
      ),
    );
  }
  return field(difference, sides);
}
