// A conflict in words: which device, which field, what each side holds.

import { LABELS, short, STATUSES } from "./edits.js";

const ROW = /^\/devices\/([^/=]+)=([^/]*)(?:\/(.*))?$/s;

function plain(text) {
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}

function deviceNamed(conflict, key, identity) {
  for (const side of [conflict.theirs, conflict.yours, conflict.base]) {
    const found = (Array.isArray(side.devices) ? side.devices : []).find((device) => String(device?.[key]) === identity);
    if (found) return found;
  }
  return null;
}

export function titleOf(conflict, path) {
  const row = ROW.exec(path);
  if (!row) return "The list itself";
  const [key, identity] = [plain(row[1]), plain(row[2])];
  const device = deviceNamed(conflict, key, identity);
  const id = device?.device_id ?? identity;
  return device?.product_name ? `${device.product_name} (${id})` : `${LABELS[key] ?? key} ${identity}`;
}

export function labelOf(path) {
  const row = ROW.exec(path);
  if (row && row[3] === undefined) return "The whole device";
  if (path.endsWith("/~order")) return "Order of the devices";
  const name = plain(row ? row[3] : path.slice(1));
  return LABELS[name] ?? (name.replaceAll("_", " ") || "Everything");
}

export function inWords(difference, side) {
  const value = difference[side];
  const row = ROW.exec(difference.path);
  if (row && row[3] === undefined) return value === undefined ? "not in the list" : (value.product_name ?? "in the list");
  if (value === undefined || value === null || value === "") return "nothing";
  if (difference.path.endsWith("/status")) return STATUSES[value] ?? String(value);
  if (difference.path.endsWith("_url") && typeof value === "string") return short(value);
  if (difference.path.endsWith("/~order")) return value.slice(0, 5).join(", ") + (value.length > 5 ? "…" : "");
  return typeof value === "string" ? value : JSON.stringify(value);
}

// The differences of each device, in the document's order.
export function byDevice(conflict, differences) {
  const groups = new Map();
  for (const difference of differences) {
    const title = titleOf(conflict, difference.path);
    groups.set(title, [...(groups.get(title) ?? []), difference]);
  }
  return groups;
}

// Who made the versions since the conflict's base: "bob", "bob and carol", or words to begin a sentence with.
export function whoOf(versions, conflict, me) {
  const names = [...new Set(versions.filter((one) => one.version > conflict.baseVersion).map((one) => one.savedBy))];
  const others = names.filter((name) => name !== me);
  if (others.length) return others.join(" and ");
  return names.length ? "You, in another window," : "Somebody else";
}
