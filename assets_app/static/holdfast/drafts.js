// Edits that were not acknowledged yet, kept in this browser: they survive a reload, a crash, and hours without a connection.
// Every window has a record of its own. A window takes over the records of windows that are gone.

const STORE = "drafts";
const ANSWER_TIME = 250;

export function newKey() {
  // randomUUID only exists on secure origins; a hub in the field may have none.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function asked(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
    request.addEventListener("blocked", () => reject(new Error("blocked")));
  });
}

function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.addEventListener("complete", resolve);
    transaction.addEventListener("abort", () => reject(transaction.error));
  });
}

async function openDatabase() {
  const request = indexedDB.open("holdfast", 1);
  request.addEventListener("upgradeneeded", () => {
    request.result.createObjectStore(STORE, { keyPath: ["place", "window"] }).createIndex("place", "place");
  });
  const database = await asked(request);
  database.addEventListener("versionchange", () => database.close());
  return database;
}

export class Drafts {
  // `place`: whose edits of what.
  constructor(place) {
    this.place = place;
    this.window = newKey();
    this.works = true;
    this.writing = null;
    this.waiting = null;
    this.database = null;
    this.channel = null;
  }

  // Opens the store, and gives what windows that are gone left behind.
  async open() {
    try {
      this.database = await openDatabase();
      const alive = await this.#windowsAlive();
      return await this.#takeOver(alive);
    } catch {
      this.works = false;
      return [];
    }
  }

  // Keep these groups of edits, instead of what was kept before. Of several calls in a row the last one counts.
  keep(groups) {
    this.waiting = { place: this.place, window: this.window, groups: structuredClone(groups) };
    this.writing ??= this.#write();
    return this.writing;
  }

  async #write() {
    while (this.waiting) {
      const record = this.waiting;
      this.waiting = null;
      try {
        const transaction = this.database.transaction(STORE, "readwrite", { durability: "strict" });
        const store = transaction.objectStore(STORE);
        if (record.groups.length) store.put(record);
        else store.delete([this.place, this.window]);
        await done(transaction);
        this.works = true;
      } catch {
        this.works = false;
      }
    }
    this.writing = null;
  }

  async #takeOver(alive) {
    const transaction = this.database.transaction(STORE, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(STORE);
    const found = await asked(store.index("place").getAll(this.place));
    const left = found.filter((record) => !alive.has(record.window));
    const groups = left.flatMap((record) => record.groups).sort((one, other) => one.base - other.base || one.at - other.at);
    for (const record of left) store.delete([record.place, record.window]);
    if (groups.length) store.put({ place: this.place, window: this.window, groups });
    await done(transaction);
    return groups;
  }

  // Two windows of one person must not send each other's edits.
  async #windowsAlive() {
    const alive = new Set([this.window]);
    if (!("BroadcastChannel" in window)) return alive;
    this.channel = new BroadcastChannel("holdfast-drafts");
    this.channel.addEventListener("message", ({ data }) => {
      if (data.place !== this.place) return;
      if (data.asks) this.channel.postMessage({ place: this.place, alive: this.window });
      else alive.add(data.alive);
    });
    this.channel.postMessage({ place: this.place, asks: true });
    await new Promise((resolve) => setTimeout(resolve, ANSWER_TIME));
    return alive;
  }
}
