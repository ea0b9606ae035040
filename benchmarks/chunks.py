"""The floor of files: the rows of 1 MiB that the database store keeps, written and read by nothing but the driver.

A process and a connection each. No HTTP, no digest, no row but the bytes' own. PostgreSQL: binary parameters, prepared, stored as
they are. SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE.
"""

import secrets
import time
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import psycopg

from benchmarks.bodies import MEBIBYTE, Body
from benchmarks.floor import fork, sqlite
from benchmarks.transfers import Done, Step, repeat

TABLE = """CREATE TABLE IF NOT EXISTS floor_chunks (id {serial} PRIMARY KEY, "key" varchar(100) NOT NULL,
    "index" integer NOT NULL, data {bytes} NOT NULL, UNIQUE ("key", "index"))"""
INSERT = 'INSERT INTO floor_chunks ("key", "index", data) VALUES (%s, %s, %s)'
SELECT = 'SELECT data FROM floor_chunks WHERE "key" = %s AND "index" = %s'
SELECT_PART = 'SELECT substr(data, %s, %s) FROM floor_chunks WHERE "key" = %s AND "index" = %s'
ROWS_AT_ONCE = 4

Execute = Callable[..., Any]


class Used(NamedTuple):
    done: Done
    cpu_seconds: float  # of the processes that did it


class ChunkFloor:
    """Rows of chunks in the database at `url`."""

    def __init__(self, url: str) -> None:
        self._is_sqlite = url.startswith("sqlite:///")
        self._url = url.removeprefix("sqlite:///")
        words = ("integer", "blob") if self._is_sqlite else ("bigserial", "bytea")
        execute = self._connect()
        execute(TABLE.format(serial=words[0], bytes=words[1]))
        if not self._is_sqlite:
            execute("ALTER TABLE floor_chunks ALTER COLUMN data SET STORAGE EXTERNAL")

    def _connect(self) -> Execute:
        if self._is_sqlite:
            run = sqlite(self._url)
            return lambda query, *values: run(query.replace("%s", "?"), *values)
        connection = psycopg.connect(self._url, autocommit=True)
        return lambda query, *values: connection.execute(query, values or None, prepare=bool(values), binary=True)

    def store(self, body: Body) -> str:
        """A file to read; its key."""
        return self._write(self._connect(), memoryview(b"".join(body.parts())), at_once=True)

    def clear(self) -> None:
        """What was written goes at once, as if it had never been."""
        self._connect()("DELETE FROM floor_chunks" if self._is_sqlite else "TRUNCATE floor_chunks")

    def writing(self, body: Body, *, at_once: bool) -> Callable[[], Step]:
        """One step: one file. Either all of it in one transaction, or four rows in each as Holdfast does it: on PostgreSQL only
        the last of them waits for the disk."""

        def begin() -> Step:
            execute, file = self._connect(), memoryview(b"".join(body.parts()))
            return lambda: _nothing(self._write(execute, file, at_once=at_once))

        return begin

    def _write(self, execute: Execute, file: memoryview, *, at_once: bool) -> str:
        key = secrets.token_hex(16)
        starts = range(0, len(file), MEBIBYTE)
        group = len(starts) if at_once else ROWS_AT_ONCE
        for first in range(0, len(starts), group):
            execute("BEGIN IMMEDIATE" if self._is_sqlite else "BEGIN")
            if not self._is_sqlite and first + group < len(starts):
                execute("SET LOCAL synchronous_commit = off")
            for start in starts[first : first + group]:
                execute(INSERT, key, start // MEBIBYTE, file[start : start + MEBIBYTE])
            execute("COMMIT")
        return key

    def reading(self, key: str, size: int) -> Callable[[], Step]:
        """One step: the whole file, row by row."""

        def begin() -> Step:
            execute, rows = self._connect(), range(-(-size // MEBIBYTE))
            return lambda: _expect(size, sum(len(execute(SELECT, key, row).fetchone()[0]) for row in rows))

        return begin

    def reading_parts(self, key: str, size: int, length: int) -> Callable[[], Step]:
        """One step: a part somewhere within a row."""

        def begin() -> Step:
            execute, rng = self._connect(), Random()

            def read() -> None:
                row, offset = rng.randrange(size // MEBIBYTE), rng.randrange(MEBIBYTE - length)
                _expect(length, len(execute(SELECT_PART, offset + 1, length, key, row).fetchone()[0]))

            return read

        return begin


def _expect(size: int, found: int) -> None:
    if found != size:
        raise RuntimeError(f"{found} bytes were read instead of {size}")


def _nothing(_result: object) -> None:
    """A step tells nothing."""


def repeat_in_processes(begin: Callable[[], Step], seconds: float, count: int) -> Used:
    """Each begins and repeats the step in a process of its own; they start together."""
    found = fork.RawArray("d", 3 * count)
    ready = fork.Barrier(count)

    def work(index: int) -> None:
        step = begin()
        ready.wait(timeout=60)
        cpu = time.process_time()
        done = repeat(step, seconds)
        found[3 * index : 3 * index + 3] = [done.times, done.rate, time.process_time() - cpu]

    processes = [fork.Process(target=work, args=(index,), daemon=True) for index in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a process of raw rows failed")
    return Used(Done(int(sum(found[0::3])), sum(found[1::3])), sum(found[2::3]))
