// Asking the hub. What comes back is always an answer: without a connection its status is 0.

const PATIENCE = 30_000;
const LARGEST_KEPT_ALIVE = 60_000;

export function csrfToken() {
  // From the cookie, not from the form: signing in again in another window changes it.
  const found = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return found ? decodeURIComponent(found[1]) : document.querySelector("[name=csrfmiddlewaretoken]").value;
}

export async function ask(url, { method = "GET", body = null, type = "application/json", headers = {}, keepalive = false } = {}) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE);
  try {
    const response = await fetch(url, {
      method,
      body,
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { "X-CSRFToken": csrfToken() }),
        ...(body === null ? {} : { "Content-Type": type }),
        ...headers,
      },
      // So that it arrives even if the page is left. Browsers take only small bodies for that.
      keepalive: (keepalive || method !== "GET") && (body?.length ?? 0) * 3 < LARGEST_KEPT_ALIVE,
      signal: controller.signal,
      cache: "no-store",
    });
    const answer = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, body: answer, wait: Number(response.headers.get("Retry-After")) || 0 };
  } catch {
    return { ok: false, status: 0, body: {}, wait: 0 };
  } finally {
    clearTimeout(timer);
  }
}

// Worth trying again as it is: nothing was said about the request itself.
export function isPassing(answer) {
  return answer.status === 0 || answer.status >= 500 || answer.status === 429 || answer.status === 408;
}

export function isSignedOut(answer) {
  return answer.status === 401 || answer.status === 403;
}
