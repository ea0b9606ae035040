"""Lists of many assets, and parts of a very large one."""

import json
import sqlite3
import time
from contextlib import ExitStack, closing
from statistics import median
from typing import NamedTuple

import psycopg

from benchmarks import keepers
from benchmarks.assets_report import Results
from benchmarks.assets_scale import Scale, say
from benchmarks.bodies import MEBIBYTE, Body, text
from benchmarks.keepers import connect
from benchmarks.servers import Databases, holdfast
from benchmarks.transfers import Line
from tests.hub import Hub

PART_BYTES = 64 * 1024
LISTS = ("/assets/", "/api/v2/assets?limit=100")
COPIES = {"name": "'copy-' || n || '.txt'", "tags": "'[]'"}
POSTGRESQL = COPIES | {"id": "gen_random_uuid()", "uploaded_at": "uploaded_at - n * interval '1 second'"}
SQLITE = COPIES | {
    "id": "lower(hex(randomblob(16)))",
    "uploaded_at": "strftime('%Y-%m-%d %H:%M:%S.000000', uploaded_at, '-' || n || ' seconds')",
}
# Run in the hub's own shell: who is signed in, and how many questions a page puts to the database.
QUESTIONS = f"""
import json
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
visitor = Client(SERVER_NAME="127.0.0.1")
visitor.force_login(User.objects.get(username="saver"))
told = {{"cookie": visitor.cookies["sessionid"].value}}
for path in {LISTS!r}:
    visitor.get(path)
    with CaptureQueriesContext(connection) as found:
        assert visitor.get(path).status_code == 200
    told[path] = len(found)
print("told", json.dumps(told))
"""


def measure_large_file(scale: Scale, made: Databases, results: Results) -> None:
    """How long the first byte of a part takes, at the start of a large file and at its end."""
    half = text(50 * MEBIBYTE)
    body = Body(half.name, half.content_type, half.start, times=scale.large_mib // 50)
    say(f"A file of {scale.large_mib} MiB")
    with made.fresh() as url, holdfast(url, HOLDFAST_MAX_ASSET_MB=str(scale.large_mib + 50)) as hub:
        ours = keepers.Holdfast(hub)
        with closing(connect(ours)) as line:
            started = time.perf_counter()
            path = ours.send(line, body)
            results.tell(f"{scale.large_mib} MiB: upload, s", time.perf_counter() - started)
            for _ in range(scale.rounds):
                start, end = _first_bytes(line, path, body.size)
                results.tell(f"{scale.large_mib} MiB: first byte of a part at the start, ms", start, digits=2)
                results.tell(f"{scale.large_mib} MiB: first byte of a part at the end, ms", end, digits=2)
                results.tell(f"{scale.large_mib} MiB: end ÷ start", end / start, most=2.0, digits=2)


def _first_bytes(line: Line, path: str, size: int) -> tuple[float, float]:
    """Milliseconds; in turns."""
    parts = ((0, PART_BYTES - 1), (size - PART_BYTES, size - 1))
    waited: tuple[list[float], list[float]] = ([], [])
    for _ in range(100):
        for part, found in zip(parts, waited, strict=True):
            answer = line.fetch(path, part)
            if answer.status != 206:
                raise RuntimeError(f"status {answer.status}")
            found.append(answer.waited * 1000)
    return median(waited[0]), median(waited[1])


def measure_gallery(scale: Scale, made: Databases, results: Results) -> None:
    """Two hubs that differ in nothing but how many assets there are."""
    with ExitStack() as stack:
        hubs = [_filled(stack, made, count) for count in (scale.few_assets, scale.many_assets)]
        for name in LISTS:
            questions = [each.told[name] for each in hubs]
            text_ = (
                f"{name}: questions to the database with {scale.many_assets:,} assets ({questions[1]}) − with {scale.few_assets}"
            )
            results.tell(text_, float(questions[1]) - float(questions[0]), most=0.0, digits=0)
        for number in range(scale.rounds):
            say(f"Lists of assets, {number + 1} of {scale.rounds}")
            for name in LISTS:
                with closing(hubs[0].connect()) as first, closing(hubs[1].connect()) as second:
                    few, many = _times(first, second, name)
                results.tell(f"{name} with {scale.few_assets} assets, ms", few)
                results.tell(f"{name} with {scale.many_assets:,} assets, ms", many)
                results.tell(f"{name}: time with many assets ÷ with few", many / few, digits=2)


class _Visited(NamedTuple):
    hub: Hub
    told: dict[str, str | int]

    def connect(self) -> Line:
        return Line(self.hub.port, cookie=f"sessionid={self.told['cookie']}")


def _filled(stack: ExitStack, made: Databases, count: int) -> _Visited:
    say(f"Adding {count:,} assets")
    url = stack.enter_context(made.fresh())
    hub = stack.enter_context(holdfast(url))
    ours = keepers.Holdfast(hub)
    with closing(connect(ours)) as line:
        ours.send(line, text(2_000))
    copy_assets(url, count - 1)
    return _Visited(hub, _questions(hub))


def _questions(hub: Hub) -> dict[str, str | int]:
    lines = hub.manage("shell", "-v0", "-c", QUESTIONS).splitlines()
    told: dict[str, str | int] = json.loads(next(line for line in lines if line.startswith("told ")).removeprefix("told "))
    return told


def _times(few: Line, many: Line, path: str) -> tuple[float, float]:
    """Milliseconds, the median of 40 pages each, in turns."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(40):
        for line, times in zip((few, many), found, strict=True):
            started = time.perf_counter()
            if line.fetch(path).status != 200:
                raise RuntimeError(f"{path} was refused")
            times.append((time.perf_counter() - started) * 1000)
    return median(found[0]), median(found[1])


def copy_assets(url: str, count: int) -> None:
    """So many more of the one asset that there is, each with a name and a moment of its own."""
    if not url.startswith("sqlite:///"):
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'assets'")
            copy = _copy([name for (name,) in found.fetchall()], POSTGRESQL)
            connection.execute(f"{copy} CROSS JOIN generate_series(1, {count}) AS counted(n)")
            connection.execute("VACUUM ANALYZE assets")  # as the server itself would, a minute later
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)) as file:
        columns = [name for _, name, *_rest in file.execute("PRAGMA table_info(assets)")]
        insert, _, select = _copy(columns, SQLITE).partition(" SELECT ")
        numbers = f"WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})"
        file.execute(f"{insert} {numbers} SELECT {select} CROSS JOIN counted")


def _copy(columns: list[str], differing: dict[str, str]) -> str:
    values = ", ".join(differing.get(column, f'"{column}"') for column in columns)
    return f"INSERT INTO assets ({', '.join(columns)}) SELECT {values} FROM assets"
