"""What a history costs: `python -m benchmarks.storage --help`.

A session of 100 devices is saved a thousand times, with one device changed each time. How much larger is the database then, and
how long does it take to read any of the versions?
"""

import argparse
import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.contenders import Holdfast, expect
from benchmarks.documents import SEED, Draft
from benchmarks.load import Connection
from benchmarks.report import markdown, plain_text
from benchmarks.servers import Databases, databases, holdfast

SIZE = 100_000
SIZE_GOAL_MB, READ_GOAL_MS = 8.0, 20.0
HEAD = ["figure", "value", "goal", ""]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage", description=__doc__)
    parser.add_argument("--saves", type=int, default=1000)
    parser.add_argument("--reads", type=int, default=200, help="of versions picked at random")
    parser.add_argument("--database", choices=["postgresql", "sqlite", "both"], default="both")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables to this file")
    options = parser.parse_args()
    written: list[str] = []
    for kind in ("postgresql", "sqlite") if options.database == "both" else (options.database,):
        with databases(kind) as made:
            lines = _measure(made, options.saves, options.reads)
        title = f"{'PostgreSQL' if kind == 'postgresql' else 'SQLite'}, {options.saves:,} saves"
        print(f"\n=== {title} ===\n{plain_text(HEAD, lines)}")
        written += [f"### {title}", markdown(HEAD, lines)]
    if options.markdown:
        options.markdown.write_text("\n\n".join(written) + "\n")
    return 0


def _measure(made: Databases, saves: int, reads: int) -> list[list[str]]:
    with made.fresh() as url, holdfast(url) as hub, closing(Holdfast(hub).connect("saver")) as connection:
        contender, draft = Holdfast(hub), Draft("history", SIZE)
        expect(contender.save(connection, draft, 0), 200)
        before = _sizes(url)
        started = time.perf_counter()
        for version in range(1, saves):
            draft.change(version)
            expect(contender.save(connection, draft, version), 200)
        took = time.perf_counter() - started
        after = _sizes(url)
        lines = [
            ["document, kB", f"{len(draft.text()) / 1000:.1f}", "", ""],
            ["saves a second, one after another", f"{(saves - 1) / took:.0f}", "", ""],
        ]
        for name in after:
            grown = (after[name] - before[name]) / 1e6
            # The pages of rows that were replaced are used again: how many there are is a matter of timing, not of the design.
            is_goal = name != GROWN
            verdict = ("met" if grown < SIZE_GOAL_MB else "MISSED") if is_goal else ""
            lines.append([name, f"{grown:.2f}", f"< {SIZE_GOAL_MB:g}" if is_goal else "", verdict])
        return lines + _read_lines(contender, connection, draft.session_id, saves, reads)


GROWN, STORED = "growth as it stands, MB", "sum of the stored columns, MB"
GROWN_VACUUMED, GROWN_FILE = "growth after VACUUM FULL, MB", "growth of the file, MB"


def _sizes(url: str) -> dict[str, int]:
    """Bytes of all our tables."""
    if not url.startswith("sqlite:///"):
        with psycopg.connect(url, autocommit=True) as connection:
            return _postgresql_sizes(connection)
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, timeout=20)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {GROWN_FILE: Path(path).stat().st_size}


def _postgresql_sizes(connection: "psycopg.Connection[tuple[Any, ...]]") -> dict[str, int]:
    columns = connection.execute(
        "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns "
        "WHERE table_schema = 'public' GROUP BY table_name"
    ).fetchall()
    stored = sum(_stored_bytes(connection, *line) for line in columns)
    grown = _relation_bytes(connection)
    connection.execute("VACUUM FULL")
    return {GROWN: grown, GROWN_VACUUMED: _relation_bytes(connection), STORED: stored}


def _stored_bytes(connection: "psycopg.Connection[tuple[Any, ...]]", table: str, columns: list[str]) -> int:
    """Of the values as they are kept, compressed."""
    sizes = [sql.SQL("coalesce(sum(pg_column_size({})), 0)").format(sql.Identifier(column)) for column in columns]
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(" + ").join(sizes), sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _relation_bytes(connection: "psycopg.Connection[tuple[Any, ...]]") -> int:
    """Tables, what they keep beside them, and indexes."""
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _read_lines(contender: Holdfast, connection: Connection, session_id: str, saves: int, reads: int) -> list[list[str]]:
    """How long it takes to read versions at random, over HTTP."""
    rng = Random(SEED)
    times = []
    for _ in range(reads):
        version = rng.randint(1, saves)
        started = time.perf_counter()
        answer = contender.read_version(connection, session_id, version)
        times.append((time.perf_counter() - started) * 1000)
        if json.loads(expect(answer, 200).body)["session"]["_version"] != version:
            return [["reading any version, ms", "not served: the answer held another version", f"< {READ_GOAL_MS:g}", "MISSED"]]
    found = {"reading any version, median, ms": median(times), "reading any version, longest, ms": max(times)}
    return [
        [name, f"{took:.1f}", f"< {READ_GOAL_MS:g}", "met" if took < READ_GOAL_MS else "MISSED"] for name, took in found.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
