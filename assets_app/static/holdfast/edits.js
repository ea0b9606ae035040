// Documents and edits, without a page: which device is meant, what a field holds, what to send.

export const EDITED = ["status", "selected_image_url", "custom_image_url", "checker_notes"];
export const STATUSES = {
  pending: "Pending",
  approved: "Approved",
  custom_selected: "Own image",
  skipped: "Skipped",
  rejected: "Rejected",
};
export const LABELS = {
  status: "Status",
  selected_image_url: "Chosen image",
  custom_image_url: "Own image",
  checker_notes: "Notes",
  product_name: "Product",
  manufacturer: "Manufacturer",
  device_id: "Device id",
  current_batch: "Current batch",
  completed_batches: "Batches done",
  session_name: "Name",
};

// A value as a form field holds it. A device without a status is pending.
export function textOf(value, field = "") {
  if (value === undefined || value === null) return field === "status" ? "pending" : "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

// A document as the hub holds it at a version. Never changed: a save leads to another one.
export class Baseline {
  constructor(version, document, keys) {
    this.version = version;
    this.document = document;
    this.keys = keys;
    this.devices = document.devices ?? [];
    this.key = keys.find((key) => tellsApart(this.devices, key));
    this.places = new Map(this.devices.map((_, index) => [this.nameAt(index), index]));
  }

  // What a device is known by, whatever its place: as in the hub's own paths.
  nameAt(index) {
    return this.key ? `${this.key}=${this.devices[index][this.key]}` : `#${index}`;
  }

  deviceOf(name) {
    return this.devices[this.places.get(name)];
  }

  text(name, field) {
    return textOf(this.deviceOf(name)?.[field], field);
  }

  edit(name, field, value) {
    const index = this.places.get(name);
    return { device: name, index, key: this.key, id: this.key && this.devices[index][this.key], field, value, at: Date.now() };
  }

  // The document that the hub holds once it has taken these edits.
  after(edits, version) {
    const devices = [...this.devices];
    for (const edit of edits) devices[edit.index] = { ...devices[edit.index], [edit.field]: edit.value };
    return new Baseline(version, { ...this.document, devices }, this.keys);
  }
}

function tellsApart(devices, key) {
  const names = devices.map((device) => device[key]);
  const fit = names.every((name) => typeof name === "string" || Number.isInteger(name));
  return fit && new Set(names.map(String)).size === names.length;
}

// A JSON patch to the version that the edits were made from. Every other value stays what it is, to the last digit: were the
// whole document sent, the browser's numbers would not be those of the hub.
export function patchOf(edits) {
  const operations = [];
  const tested = new Set();
  for (const edit of edits) {
    if (edit.key && !tested.has(edit.index)) {
      tested.add(edit.index);
      operations.push({ op: "test", path: `/devices/${edit.index}/${escaped(edit.key)}`, value: edit.id });
    }
    operations.push({ op: "add", path: `/devices/${edit.index}/${escaped(edit.field)}`, value: edit.value });
  }
  return operations;
}

function escaped(name) {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

// Whether edits made on one version can be put on another as they are: nobody else touched what they touch.
// `known`: edits that are in the newer version because they were sent.
export function fits(edits, before, after, known = []) {
  return edits.every(
    (edit) =>
      after.deviceOf(edit.device) &&
      [before.text(edit.device, edit.field), ...known.filter((one) => isSamePlace(one, edit)).map((one) => one.value)].includes(
        after.text(edit.device, edit.field),
      ),
  );
}

export function isSamePlace(one, other) {
  return one.device === other.device && one.field === other.field;
}

export function candidates(device, chosen) {
  const listed = Array.isArray(device.image_urls) ? device.image_urls : [device.image_urls];
  return [...new Set([device.image_url, ...listed, chosen].filter((url) => typeof url === "string" && url))];
}

const SHORT = 44;

// Where an image is, in a few characters: the host, and the end of the path.
export function short(url) {
  const text = url.replace(/^https?:\/\//i, "");
  if (text.length <= SHORT) return text;
  const host = text.split("/", 1)[0].slice(0, SHORT / 2);
  return `${host}/…${text.slice(-(SHORT - host.length - 2))}`;
}

export function count(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

export function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
