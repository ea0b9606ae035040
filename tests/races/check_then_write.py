"""Two ways to save, on a scratch table: the one that loses saves, and the one that does not.

The wrong one is what nearly everybody writes first. The races lane has to catch it, or its green means nothing.
"""

import time
from dataclasses import dataclass

import psycopg

from tests.races.checker import Kind, Operation, Outcome, Stored
from tests.races.crew import wait_for_all

TABLES = """
    CREATE TABLE head (register text PRIMARY KEY, version integer NOT NULL, payload text NOT NULL);
    CREATE TABLE made (id bigserial, register text NOT NULL, version integer NOT NULL, payload text NOT NULL);
"""


@dataclass(frozen=True)
class Saver:
    """One process's part: `saves` attempts on one register."""

    database_url: str
    register: str
    name: str
    saves: int
    is_broken: bool


def make_register(database_url: str, register: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO head VALUES (%s, 1, 'first')", [register])
        connection.execute("INSERT INTO made (register, version, payload) VALUES (%s, 1, 'first')", [register])


def stored_versions(database_url: str, register: str) -> list[Stored]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT version, payload FROM made WHERE register = %s", [register]).fetchall()
    return [Stored(register, version, payload) for version, payload in rows]


def save_and_save(saver: Saver) -> list[Operation]:
    """Read, change, save, again and again, as fast as it goes."""
    history: list[Operation] = []
    save = _check_then_write if saver.is_broken else _compare_in_the_update
    with psycopg.connect(saver.database_url, autocommit=True) as connection:
        wait_for_all()
        for number in range(saver.saves):
            began = time.monotonic_ns()
            version, payload = _head(connection, saver.register)
            read_at = time.monotonic_ns()
            history.append(
                Operation(saver.register, Kind.READ, Outcome.OK, began, read_at, None, payload, version, who=saver.name)
            )
            attempt = f"{saver.name}-{number}"
            outcome, seen = save(connection, saver.register, version, attempt)
            ended = time.monotonic_ns()
            history.append(Operation(saver.register, Kind.WRITE, outcome, read_at, ended, version, attempt, seen, who=saver.name))
    return history


def _head(connection: psycopg.Connection, register: str) -> tuple[int, str]:
    row = connection.execute("SELECT version, payload FROM head WHERE register = %s", [register]).fetchone()
    assert row is not None
    version, payload = row
    return version, payload


def _check_then_write(connection: psycopg.Connection, register: str, expected: int, payload: str) -> tuple[Outcome, int]:
    """The mistake: between the comparison and the UPDATE somebody else may save, and is overwritten."""
    with connection.transaction():
        version, _payload = _head(connection, register)
        if version != expected:
            return Outcome.CONFLICT, version
        connection.execute("UPDATE head SET version = %s, payload = %s WHERE register = %s", [version + 1, payload, register])
        _note(connection, register, version + 1, payload)
    return Outcome.OK, version + 1


def _compare_in_the_update(connection: psycopg.Connection, register: str, expected: int, payload: str) -> tuple[Outcome, int]:
    with connection.transaction():
        won = connection.execute(
            "UPDATE head SET version = %s, payload = %s WHERE register = %s AND version = %s",
            [expected + 1, payload, register, expected],
        ).rowcount
        if not won:
            return Outcome.CONFLICT, _head(connection, register)[0]
        _note(connection, register, expected + 1, payload)
    return Outcome.OK, expected + 1


def _note(connection: psycopg.Connection, register: str, version: int, payload: str) -> None:
    connection.execute("INSERT INTO made (register, version, payload) VALUES (%s, %s, %s)", [register, version, payload])
