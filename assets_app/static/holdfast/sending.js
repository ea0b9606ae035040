// Sending one file to the hub, so that it arrives once, whatever the line does meanwhile.

import { csrfToken } from "./asking.js";

const DIGESTED_UP_TO = 64 * 1024 * 1024;
const WAITS = [1000, 2000, 4000, 8000, 15000, 30000];
const PASSING = new Set([0, 408, 429, 500, 502, 503, 504]);

function hex(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Sending {
  // `told` is called with a sentence, and with the part that is sent, or null where that is not known.
  constructor(file, fields, told) {
    this.file = file;
    this.fields = fields;
    this.told = told;
    // The same for every try: the hub keeps the file once. Not randomUUID, which pages without TLS do not have.
    this.key = hex(crypto.getRandomValues(new Uint8Array(16)));
    this.cancelled = false;
  }

  cancel() {
    this.cancelled = true;
    this.request?.abort();
    this.wake?.();
  }

  // What the hub answered: `{status, body}`; status 0: it could not be reached.
  async send(door) {
    const body = await this.form();
    for (let tries = 0; ; tries += 1) {
      const answer = await this.once(door, body);
      if (this.cancelled || !PASSING.has(answer.status) || tries === WAITS.length) return answer;
      await this.pause(Math.max(WAITS[tries], answer.wait * 1000), answer.status);
      if (this.cancelled) return answer;
    }
  }

  // Throws when the file cannot be read: it is a folder, or has gone since.
  async form() {
    const body = new FormData();
    for (const [name, value] of Object.entries(this.fields)) if (value) body.append(name, value);
    await this.file.slice(0, 1).arrayBuffer();
    if (crypto.subtle && this.file.size <= DIGESTED_UP_TO) {
      this.told("Its digest is being made", null);
      body.append("sha256", hex(await crypto.subtle.digest("SHA-256", await this.file.arrayBuffer())));
    }
    body.append("file", this.file, this.file.name);
    return body;
  }

  once(door, body) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("POST", door);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Idempotency-Key", this.key);
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        if (loaded < total) this.told(`${Math.round((100 * loaded) / total)} % sent`, loaded / total);
        else this.told("Being read", null);
      });
      request.addEventListener("loadend", () => {
        let told = {};
        try {
          told = JSON.parse(request.responseText);
        } catch {
          // not an answer of the hub's own
        }
        resolve({ status: request.status, body: told, wait: Number(request.getResponseHeader("Retry-After")) || 0 });
      });
      request.send(body);
    });
  }

  pause(milliseconds, status) {
    const why = status ? "The hub does not answer rightly just now" : "The connection broke off";
    this.told(`${why}. It is tried again in ${Math.round(milliseconds / 1000)} s.`, null);
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, milliseconds);
      if (!status) window.addEventListener("online", resolve, { once: true });
    });
  }
}
