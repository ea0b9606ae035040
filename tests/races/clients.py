"""Clients of a hub that note what they did: over kept connections, with broken lines, and in herds.

Only `http.client` and sockets: they share two processors with the hub that they race on.
"""

import hashlib
import http.client
import json
import selectors
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assets_app.strict_json import canonical
from tests.races.checker import NEVER, Kind, Operation, Outcome

PATIENCE = 60.0
# The server closes a connection that was silent for two seconds. A request sent at that moment has no answer.
FRESH_SECONDS = 1.0
BUSY = (409, 425, 429, 503)
REFUSED = (409, 410, 412, 428)
MERGE = "application/merge-patch+json"


@dataclass(frozen=True)
class Door:
    """Where the hub is, and as whom to come: as a program, or as a person who is signed in."""

    port: int
    token: str
    cookie: str


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    retry_after: str | None = None

    def json(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class LostAnswer(Exception):
    """The line was cut, or nothing came in time. What was asked may have been done, or may yet be."""


@dataclass(frozen=True)
class Question:
    """One request: what is sent over the line."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def as_bytes(self, door: Door) -> bytes:
        """For a connection that serves this request only."""
        head = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {door.token}"]
        head += [f"{name}: {value}" for name, value in self.headers]
        head += ["Content-Type: application/json"] if self.body and not _names(self, "Content-Type") else []
        head += [f"Content-Length: {len(self.body)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode() + self.body


def _names(question: Question, header: str) -> bool:
    return any(name == header for name, _value in question.headers)


class Line:
    """A connection that is kept."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
        self.used_at = 0.0

    def ask(self, question: Question) -> Answer:
        """The answer.

        Raises:
            LostAnswer: see there.
        """
        if time.monotonic() - self.used_at > FRESH_SECONDS:
            self.connection.close()
        headers = {"Authorization": f"Bearer {self.door.token}", "Content-Type": "application/json"} | dict(question.headers)
        try:
            self.connection.request(question.method, question.path, question.body or None, headers)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers.get("Retry-After"))
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise LostAnswer(repr(error)) from error
        self.used_at = time.monotonic()
        return answer

    def close(self) -> None:
        self.connection.close()


CUTS = ("half sent", "all sent", "reset", "half answered")


def ask_and_vanish(door: Door, question: Question, cut: str) -> None:
    """Ask, and be gone before the answer is read. `cut` says how far it came: one of `CUTS`."""
    data = question.as_bytes(door)
    with socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE) as line:
        if cut == "half sent":
            data = data[: len(data) - len(question.body) // 2]
        line.sendall(data)
        if cut == "half answered":
            line.recv(12)
        elif cut == "reset":  # a reset instead of a farewell, as from a phone in a lift
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ask_as_a_herd(door: Door, questions: Sequence[Question]) -> list[tuple[int, int, Answer | None]]:
    """All at once, each over a connection of its own: when each was sent, when its answer was whole, and the answer."""
    data = [question.as_bytes(door) for question in questions]
    sent: list[int] = []
    done: dict[int, tuple[int, bytes]] = {}
    with selectors.DefaultSelector() as waiting:
        parts: list[list[bytes]] = []
        for number, request in enumerate(data):
            line = socket.create_connection(("127.0.0.1", door.port), timeout=PATIENCE)
            sent.append(time.monotonic_ns())
            line.sendall(request)
            parts.append([])
            waiting.register(line, selectors.EVENT_READ, number)
        while waiting.get_map():
            ready = waiting.select(PATIENCE)
            for key, _events in ready:
                _receive(waiting, key, parts[key.data], done)
            if not ready:
                _give_up(waiting, done)
    return [(sent[number], done[number][0], _parsed(done[number][1])) for number in range(len(data))]


def _receive(waiting: selectors.BaseSelector, key: selectors.SelectorKey, part: list[bytes], done: dict[int, Any]) -> None:
    assert isinstance(key.fileobj, socket.socket)
    try:
        data = key.fileobj.recv(65536)
    except OSError:
        data = b""
        part.clear()
    part.append(data)
    if not data:
        done[key.data] = (time.monotonic_ns(), b"".join(part))
        waiting.unregister(key.fileobj)
        key.fileobj.close()


def _give_up(waiting: selectors.BaseSelector, done: dict[int, Any]) -> None:
    for key in list(waiting.get_map().values()):
        assert isinstance(key.fileobj, socket.socket)
        done[key.data] = (time.monotonic_ns(), b"")
        waiting.unregister(key.fileobj)
        key.fileobj.close()


def _parsed(data: bytes) -> Answer | None:
    """The answer in what came before the connection's end, if it is a whole one."""
    head, _blank, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines[1:])}
    if not lines[0].startswith("HTTP/1.1 ") or len(body) != int(headers.get("content-length", "-1")):
        return None
    return Answer(int(lines[0].split()[1]), body, headers.get("retry-after"))


def save_of(session_id: str, attempt: str, expected: int | None, *, key: str = "", **fields: Any) -> tuple[Question, str]:
    """The request that saves a document, and the digest of what should then be stored."""
    document = {"session_id": session_id, "session_name": "Race", "attempt": attempt, **fields}
    versioned = document if expected is None else document | {"_version": expected}
    headers = (("Idempotency-Key", key),) if key else ()
    digest = hashlib.sha256(canonical(document).encode()).hexdigest()
    return Question("POST", "/api/sessions", json.dumps(versioned).encode(), headers), digest


def patch_of(session_id: str, attempt: str, expected: int, **fields: Any) -> Question:
    headers = (("If-Match", f'"{expected}"'), ("Content-Type", MERGE))
    return Question("PATCH", f"/api/sessions/{session_id}", json.dumps({"attempt": attempt, **fields}).encode(), headers)


def delete_of(session_id: str, expected: int | None, *, by_header: bool = True) -> Question:
    if by_header:
        return Question("DELETE", f"/api/sessions/{session_id}", headers=(("If-Match", f'"{expected}"'),))
    return Question("DELETE", f"/api/sessions/{session_id}?version={expected}")


def restore_of(session_id: str, expected: int | None) -> Question:
    body = json.dumps({"action": "restore"}).encode()
    return Question("PATCH", f"/api/sessions/{session_id}", body, (("If-Match", f'"{expected}"'),))


def attach_of(session_id: str, text: str) -> Question:
    """A new file of a session."""
    parts = (("sessionId", "", session_id), ("file", f'; filename="{text}.txt"', text))
    sent = [f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n' for name, more, value in parts]
    body = "".join([*sent, "--x--\r\n"]).encode()
    return Question("POST", "/api/v2/upload-asset", body, (("Content-Type", "multipart/form-data; boundary=x"),))


def page_of(session_id: str, door: Door) -> Question:
    """The page that people look at."""
    return Question("GET", f"/sessions/{session_id}/", headers=(("Cookie", door.cookie),))


def judge(answer: Answer | None) -> tuple[Outcome, int | None]:
    """What an answer says of a change: how it ended, and the version it made or met."""
    if answer is None or answer.status >= 500:
        return Outcome.INFO, None
    told = answer.json()
    if answer.status == 200 and isinstance(told.get("version"), int):
        return Outcome.OK, told["version"]
    if answer.status in REFUSED and isinstance(told.get("currentVersion"), int):
        return Outcome.CONFLICT, told["currentVersion"]
    return Outcome.FAIL, None


@dataclass
class Seen:
    """A session as a client last read it."""

    version: int
    document: dict[str, Any]
    is_deleted: bool = False


@dataclass
class Client:
    """One client with one line, who notes all it does."""

    door: Door
    who: str
    history: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.line = Line(self.door)
        self.attempts = 0

    def next_attempt(self) -> str:
        self.attempts += 1
        return f"{self.who}-{self.attempts}"

    def read(self, session_id: str) -> Seen | None:
        """The session, or None if it could not be read. An absent one has version 0."""
        began = time.monotonic_ns()
        answer = self._ask(Question("GET", f"/api/sessions/{session_id}"))
        seen = _seen(answer)
        outcome = Outcome.INFO if answer is None or answer.status >= 500 else Outcome.OK if seen else Outcome.FAIL
        self.history.append(
            Operation(
                session_id, Kind.READ, outcome, began, time.monotonic_ns(),
                payload=str(seen.document.get("attempt", "")) if seen else "",
                version=seen.version if seen else None,
                deleted=bool(seen and seen.is_deleted),
                who=self.who,
                status=answer.status if answer else 0,
            )
        )  # fmt: skip
        return seen

    def save(self, session_id: str, expected: int | None, **fields: Any) -> Operation:
        attempt = self.next_attempt()
        question, digest = save_of(session_id, attempt, expected, **fields)
        return self.change(self.sent(session_id, Kind.WRITE, expected, payload=attempt, digest=digest), question)

    def patch(self, session_id: str, expected: int, **fields: Any) -> Operation:
        """A merge patch. What is then stored depends on what was there: its digest is not known here."""
        attempt = self.next_attempt()
        question = patch_of(session_id, attempt, expected, **fields)
        return self.change(self.sent(session_id, Kind.WRITE, expected, payload=attempt), question)

    def delete(self, session_id: str, expected: int, *, by_header: bool = True) -> Operation:
        question = delete_of(session_id, expected, by_header=by_header)
        return self.change(self.sent(session_id, Kind.DELETE, expected), question)

    def restore(self, session_id: str, expected: int) -> Operation:
        return self.change(self.sent(session_id, Kind.RESTORE, expected), restore_of(session_id, expected))

    def sent(self, session_id: str, kind: Kind, expected: int | None, *, payload: str = "", digest: str = "") -> Operation:
        """A change that is on its way from now on."""
        return Operation(
            session_id, kind, Outcome.INFO, time.monotonic_ns(), NEVER, expected, payload, digest=digest, who=self.who
        )

    def change(self, sent: Operation, question: Question) -> Operation:
        return self.note(sent, self._ask(question))

    def note(self, sent: Operation, answer: Answer | None, *, ended: int | None = None) -> Operation:
        """Into the history: what was sent has its answer, now if not `ended` before."""
        outcome, version = judge(answer)
        status = answer.status if answer else 0
        done = replace(sent, outcome=outcome, version=version, status=status, returned=ended or time.monotonic_ns())
        self.history.append(done)
        return done

    def status_of(self, question: Question) -> int:
        """Of what makes no version, and so is not for the history. 0: no answer."""
        answer = self._ask(question)
        return answer.status if answer else 0

    def _ask(self, question: Question) -> Answer | None:
        try:
            return self.line.ask(question)
        except LostAnswer:
            return None

    def close(self) -> None:
        self.line.close()


def _seen(answer: Answer | None) -> Seen | None:
    if answer is None or answer.status not in (200, 404, 410):
        return None
    told = answer.json()
    if answer.status == 200:
        return Seen(told["session"]["_version"], told["session"])
    return Seen(0, {}) if answer.status == 404 else Seen(told["currentVersion"], {}, is_deleted=True)
