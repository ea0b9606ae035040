"""A save that is known to be wrong must be caught, with real processes on a real PostgreSQL. Not collected on SQLite."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.hub import own_database
from tests.races.check_then_write import TABLES, Saver, make_register, save_and_save, stored_versions
from tests.races.checker import Kind, Operation, Outcome, check
from tests.races.crew import run_crew

pytestmark = pytest.mark.slow
PROCESSES = 4
SAVES = 60
PATIENCE = 60


@pytest.fixture
def database_url(tmp_path: Path) -> Iterator[str]:
    with own_database(tmp_path) as url:
        with psycopg.connect(url) as connection:
            connection.execute(TABLES)
        yield url


def race(database_url: str, register: str, *, is_broken: bool) -> tuple[list[Operation], list[str]]:
    make_register(database_url, register)
    savers = [Saver(database_url, register, f"process {n}", SAVES, is_broken) for n in range(PROCESSES)]
    history = [operation for seen in run_crew(save_and_save, savers) for operation in seen]
    # The first version was there before the race began.
    first = Operation(register, Kind.WRITE, Outcome.OK, 0, 0, 0, "first", 1)
    return history, check([first, *history], stored_versions(database_url, register))


def test_a_save_that_compares_before_it_writes_is_caught(database_url: str, report: Callable[[str], None]) -> None:
    """Or else the whole lane could be green over lost saves."""
    started = time.monotonic()
    rounds = 0
    faults: list[str] = []
    while not faults and time.monotonic() - started < PATIENCE:
        rounds += 1
        _history, faults = race(database_url, f"broken {rounds}", is_broken=True)
    report(f"check-then-write caught in round {rounds} after {time.monotonic() - started:.1f} s: {faults[:1]}")
    assert faults, f"not caught in {rounds} rounds"


def test_the_same_save_with_the_comparison_in_the_update_is_accepted(database_url: str, report: Callable[[str], None]) -> None:
    history, faults = race(database_url, "right", is_broken=False)
    outcomes = Counter((operation.kind.value, operation.outcome.value) for operation in history)
    report(f"compare-in-update: {dict(outcomes)}, faults: {faults}")
    assert faults == []
    assert outcomes["write", "conflict"] > 0, "they never met: this was no race"
