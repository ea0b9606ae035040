"""The floor: the transaction of a save and nothing else. No HTTP, no framework, a process and a connection each.

PostgreSQL: `BEGIN; UPDATE … WHERE id AND version RETURNING; INSERT log; COMMIT` with the document as jsonb, by psycopg in C.
SQLite: the same with the document as text, WAL, synchronous=FULL, BEGIN IMMEDIATE.
"""

import multiprocessing
import sqlite3
from collections.abc import Callable
from typing import Any

import psutil
import psycopg

from benchmarks.documents import Draft
from benchmarks.load import CONNECTIONS

TABLES = (
    "CREATE TABLE IF NOT EXISTS floor_sessions (id text PRIMARY KEY, version integer NOT NULL, document {json} NOT NULL)",
    "CREATE TABLE IF NOT EXISTS floor_log (id {serial} PRIMARY KEY, session_id text NOT NULL, version integer, at {time})",
)
BEGIN_POSTGRESQL = "BEGIN"
BEGIN_SQLITE = "BEGIN IMMEDIATE"
CREATE = "INSERT INTO floor_sessions VALUES (?, 1, ?) ON CONFLICT (id) DO UPDATE SET version = 1"
UPDATE = "UPDATE floor_sessions SET document = ?, version = version + 1 WHERE id = ? AND version = ? RETURNING version"
LOG = "INSERT INTO floor_log (session_id, version, at) VALUES (?, ?, CURRENT_TIMESTAMP)"

Execute = Callable[..., Any]
fork = multiprocessing.get_context("fork")


def postgresql(url: str) -> Execute:
    connection = psycopg.connect(url, autocommit=True)
    return lambda sql, *values: connection.execute(sql.replace("?", "%s"), values or None)


def sqlite(path: str) -> Execute:
    connection = sqlite3.connect(path, isolation_level=None, timeout=20)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return lambda sql, *values: connection.execute(sql, values)


class Floor:
    """Raw transactions in the database at `url`."""

    name = "raw transaction"

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite:///")
        self._url = url.removeprefix("sqlite:///")
        words = {"json": "jsonb", "serial": "bigserial", "time": "timestamptz"}
        if self._is_sqlite:
            words = {"json": "text", "serial": "integer", "time": "text"}
        execute = self._connect()
        for table in TABLES:
            execute(table.format(**words))

    def _connect(self) -> Execute:
        return sqlite(self._url) if self._is_sqlite else postgresql(self._url)

    def saves(self, size: int) -> "Processes":
        return Processes(lambda index: self._saver(size, index))

    def _saver(self, size: int, index: int) -> Callable[[], None]:
        """One step: one save of a session of its own."""
        execute, draft, version = self._connect(), Draft(f"floor-{size}-{index}", size), 1
        begin = BEGIN_SQLITE if self._is_sqlite else BEGIN_POSTGRESQL
        execute(CREATE, draft.session_id, draft.text().decode())

        def save() -> None:
            nonlocal version
            draft.change(version)
            execute(begin)
            (version,) = execute(UPDATE, draft.text().decode(), draft.session_id, version).fetchone()
            execute(LOG, draft.session_id, version)
            execute("COMMIT")

        return save


class Processes:
    """A step is made and repeated in each of so many processes."""

    def __init__(self, make_step: Callable[[int], Callable[[], None]]) -> None:
        self._counts = fork.RawArray("q", CONNECTIONS)
        self._ended = fork.RawValue("b", 0)
        self._processes = [fork.Process(target=self._repeat, args=(make_step, n), daemon=True) for n in range(CONNECTIONS)]
        for process in self._processes:
            process.start()

    def _repeat(self, make_step: Callable[[int], Callable[[], None]], index: int) -> None:
        step = make_step(index)
        while not self._ended.value:
            step()
            self._counts[index] += 1

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(process.pid) for process in self._processes]

    def count(self) -> int:
        return sum(self._counts)

    def end(self) -> None:
        self._ended.value = 1
        for process in self._processes:
            process.join()
        if any(process.exitcode for process in self._processes):
            raise RuntimeError("a process of raw transactions failed")
