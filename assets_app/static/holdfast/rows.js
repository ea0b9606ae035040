// The table of one batch. Its rows are made from the page's own template: the same markup with a script and without.

import { candidates, EDITED, short, STATUSES, textOf } from "./edits.js";

export const BATCH = 10;
const MARKS = { unsaved: "not saved yet", conflict: "in a conflict" };

export class Rows {
  // `source.text(name, field)` and `source.stateOf(name)` say what to show; `edited(name, field, value)` is told of edits.
  constructor(body, template, source, edited) {
    Object.assign(this, { body, template, source, edited });
    this.batch = 1;
    body.addEventListener("input", (event) => {
      const field = event.target.dataset.field;
      event.target.shown = event.target.value;
      if (field) this.edited(this.nameOf(event.target.closest("tr")), field, event.target.value);
    });
  }

  get last() {
    return Math.max(1, Math.ceil(this.source.baseline.devices.length / BATCH));
  }

  nameOf(row) {
    return this.source.baseline.nameAt(Number(row.dataset.index));
  }

  rowAt(index) {
    return this.body.querySelector(`tr[data-index="${index}"]`);
  }

  // What was typed before this script arrived.
  early() {
    const found = [];
    for (const control of this.body.querySelectorAll("[data-field]")) {
      const isTouched =
        control.type === "radio"
          ? control.checked && !control.defaultChecked
          : control.tagName === "SELECT"
            ? ![...control.options].some((option) => option.selected && option.defaultSelected)
            : control.value !== control.defaultValue;
      if (isTouched) found.push([this.nameOf(control.closest("tr")), control.dataset.field, control.value]);
    }
    return found;
  }

  // Show a batch; called again, show what has changed in it. What has the focus keeps it.
  show(batch = this.batch) {
    this.batch = Math.min(Math.max(1, batch), this.last);
    const first = (this.batch - 1) * BATCH;
    const wanted = this.source.baseline.devices.slice(first, first + BATCH).map((_, index) => first + index);
    const there = [...this.body.children].map((row) => Number(row.dataset.index));
    if (String(wanted) !== String(there)) {
      this.body.replaceChildren(...wanted.map((index) => this.#made(index)));
    }
    for (const index of wanted) this.#fill(this.rowAt(index), index);
  }

  #made(index) {
    const row = this.template.content.firstElementChild.cloneNode(true);
    row.dataset.index = index;
    for (const control of row.querySelectorAll("[data-field]")) control.name = `d${index}-${control.dataset.field}`;
    return row;
  }

  #fill(row, index) {
    const device = this.source.baseline.devices[index];
    const name = this.source.baseline.nameAt(index);
    const values = Object.fromEntries(EDITED.map((field) => [field, this.source.text(name, field)]));
    setText(row, "product", textOf(device.product_name) || textOf(device.official_product_name));
    setText(row, "manufacturer", textOf(device.manufacturer));
    setText(row, "device_id", textOf(device.device_id));
    row.dataset.status = values.status;
    row.dataset.state = this.source.stateOf(name);
    row.querySelector("[data-mark]").textContent = MARKS[row.dataset.state] ?? "";
    this.#fillStatus(row.querySelector("select"), values.status);
    this.#fillImages(row.querySelector("[data-images]"), ["", ...candidates(device, values.selected_image_url)], values);
    for (const field of ["custom_image_url", "checker_notes"]) {
      const control = row.querySelector(`[data-field="${field}"]`);
      // Fields tidy up what they are given, such as line breaks: what was given is compared, so that the cursor stays in place.
      if (control.shown !== values[field]) {
        if (control.value !== values[field]) control.value = values[field];
        control.shown = values[field];
      }
    }
  }

  #fillStatus(select, status) {
    if (!(status in STATUSES) && ![...select.options].some((option) => option.value === status)) {
      select.append(new Option(status, status));
    }
    select.value = status;
  }

  #fillImages(list, urls, values) {
    const there = [...list.querySelectorAll("input")].map((input) => input.value);
    if (JSON.stringify(urls) !== JSON.stringify(there)) {
      const pattern = list.firstElementChild;
      list.replaceChildren(pattern, ...urls.slice(1).map((url) => imageItem(pattern, url)));
    }
    for (const input of list.querySelectorAll("input")) input.checked = input.value === values.selected_image_url;
  }
}

function setText(row, name, text) {
  const place = row.querySelector(`[data-text="${name}"]`);
  if (place.textContent !== text) place.textContent = text;
}

// Images are on other hosts, and are never loaded from there by this page: they are named, and can be opened.
function imageItem(pattern, url) {
  const item = pattern.cloneNode(true);
  item.querySelector("input").value = url;
  item.querySelector("span").textContent = short(url);
  if (/^https?:\/\//i.test(url)) {
    const link = document.createElement("a");
    Object.assign(link, { href: url, rel: "noreferrer noopener", target: "_blank", textContent: "open", title: url });
    link.setAttribute("aria-label", `Open ${short(url)} in a new window`);
    item.append(" ", link);
  }
  return item;
}
