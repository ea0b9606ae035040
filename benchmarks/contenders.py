"""Holdfast and the plain hub as the load sees them: how each is asked for the same things."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import cycle
from typing import Protocol
from urllib.parse import quote

import psutil

from benchmarks.documents import Draft
from benchmarks.load import CONNECTIONS, Answer, Connection, Threads, spread_connections
from benchmarks.servers import PROCESSES, PlainHub
from tests.hub import Hub

PAGE = 100
STRIDE = 1000  # sessions a step on the way to a deep page


class Refused(Exception):
    """An answer that no run should get."""


def expect(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise Refused(f"{answer.status} {answer.body[:300].decode(errors='replace')}")
    return answer


class Contender(Protocol):
    """A server, and how it is asked."""

    name: str
    table: str

    def processes(self) -> list[psutil.Process]: ...

    def connect(self, user: str) -> Connection: ...

    def save(self, connection: Connection, draft: Draft, version: int) -> Answer:
        """Save the draft over `version`; 0 creates it."""

    def read(self, connection: Connection, session_id: str) -> Answer: ...

    def first_page(self, connection: Connection, limit: int = PAGE) -> Answer: ...


class Holdfast:
    name, table = "Holdfast", "sessions"

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._tokens: dict[str, str] = {}

    def processes(self) -> list[psutil.Process]:
        return self._hub.processes()[:1]

    def connect(self, user: str) -> Connection:
        if user not in self._tokens:
            self._tokens[user] = self._hub.manage("create_token", user).strip()
        return Connection(self._hub.port, f"Bearer {self._tokens[user]}")

    def save(self, connection: Connection, draft: Draft, version: int) -> Answer:
        known = b"" if not version else b',"_version":%d' % version
        body = b"{" + draft.fields() + known + b',"devices":' + draft.devices() + b"}"
        return connection.ask("POST", "/api/sessions", body)

    def read(self, connection: Connection, session_id: str) -> Answer:
        return connection.ask("GET", f"/api/sessions/{quote(session_id)}")

    def first_page(self, connection: Connection, limit: int = PAGE) -> Answer:
        return connection.ask("GET", f"/api/sessions?limit={limit}")

    def read_version(self, connection: Connection, session_id: str, version: int) -> Answer:
        return connection.ask("GET", f"/api/sessions/{quote(session_id)}?version={version}")

    def deep_pages(self, connection: Connection, depth: int) -> list[str]:
        """Paths of ten pages behind the first `depth` sessions, found as a client does: by following `next`."""
        answer = self.first_page(connection, STRIDE)
        for _ in range(depth // STRIDE - 1):
            answer = connection.ask("GET", _path_of_next(answer))
        paths = [_path_of_next(answer).replace(f"limit={STRIDE}", f"limit={PAGE}")]
        while len(paths) < 10:
            paths.append(_path_of_next(connection.ask("GET", paths[-1])))
        return paths


def _path_of_next(answer: Answer) -> str:
    url: str = json.loads(expect(answer, 200).body)["next"]
    return "/" + url.split("/", 3)[3]


class Plain:
    name, table = "plain hub", "plain_sessions"

    def __init__(self, hub: PlainHub) -> None:
        self._hub = hub
        self._tokens: dict[str, str] = {}

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self._hub.process.pid)]

    def connect(self, user: str) -> Connection:
        if user not in self._tokens:
            self._tokens[user] = self._hub.manage("drf_create_token", user).split()[2]
        return Connection(self._hub.port, f"Token {self._tokens[user]}")

    def save(self, connection: Connection, draft: Draft, version: int) -> Answer:
        fields = draft.fields() + b',"document":' + draft.text()
        if not version:
            return connection.ask("POST", "/sessions/", b"{" + fields + b"}")
        return connection.ask("PUT", f"/sessions/{quote(draft.session_id)}/", b'{"version":%d,' % version + fields + b"}")

    def read(self, connection: Connection, session_id: str) -> Answer:
        return connection.ask("GET", f"/sessions/{quote(session_id)}/")

    def first_page(self, connection: Connection, limit: int = PAGE) -> Answer:
        return connection.ask("GET", f"/sessions/?limit={limit}")


class Editors:
    """People, each with a session of a size of their own. They go on where they stopped."""

    def __init__(self, contender: Contender, size: int, *, name: str = "edited", people: int = CONNECTIONS) -> None:
        self._contender = contender
        self._drafts = [Draft(f"{name}-{size}-{index}", size) for index in range(people)]
        self._versions = [0] * people
        self._refusals = [0] * people
        self._all_once(self._create)

    def saving(self) -> Threads:
        return self._all(self._save)

    def refused(self) -> Threads:
        """Everybody saves over version 1 again, differently each time, though the newest is version 2."""
        if max(self._versions) == 1:
            self._all_once(self._save)
        return self._all(self._save_stale)

    def reading(self) -> Threads:
        return self._all(self._read)

    def _all(self, do: Callable[[Connection, int], None]) -> Threads:
        connections = connect_all(self._contender, "saver", len(self._drafts))
        return Threads([partial(do, connection, index) for index, connection in enumerate(connections)], connections)

    def _all_once(self, do: Callable[[Connection, int], None]) -> None:
        with closing(self._contender.connect("saver")) as connection:
            for index in range(len(self._drafts)):
                do(connection, index)

    def _create(self, connection: Connection, index: int) -> None:
        expect(self._contender.save(connection, self._drafts[index], 0), 200, 201)
        self._versions[index] = 1

    def _save(self, connection: Connection, index: int) -> None:
        draft = self._drafts[index]
        draft.change(self._versions[index])
        answer = expect(self._contender.save(connection, draft, self._versions[index]), 200)
        self._versions[index] = json.loads(answer.body)["version"]

    def _save_stale(self, connection: Connection, index: int) -> None:
        self._refusals[index] += 1
        self._drafts[index].session_name = f"Stale {self._refusals[index]}"
        expect(self._contender.save(connection, self._drafts[index], 1), 409)

    def _read(self, connection: Connection, index: int) -> None:
        expect(self._contender.read(connection, self._drafts[index].session_id), 200)


def connect_all(contender: Contender, user: str, count: int = CONNECTIONS) -> list[Connection]:
    return spread_connections(partial(contender.connect, user), count, PROCESSES, contender.processes()[0])


def paging(contender: Contender) -> Threads:
    """Everybody asks for their first page, over and over."""
    connections = connect_all(contender, "lister")
    return Threads([partial(_ask, partial(contender.first_page, connection)) for connection in connections], connections)


def paging_deep(contender: Contender, paths: list[str]) -> Threads:
    """Everybody asks for pages far behind, each starting with another one."""
    connections = connect_all(contender, "lister")
    turns = [cycle(paths[index:] + paths[:index]) for index in range(CONNECTIONS)]
    return Threads([partial(_ask_next, *pair) for pair in zip(connections, turns, strict=True)], connections)


def _ask_next(connection: Connection, paths: Iterator[str]) -> None:
    _ask(partial(connection.ask, "GET", next(paths)))


def _ask(question: Callable[[], Answer]) -> None:
    expect(question(), 200)
