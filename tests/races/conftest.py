"""Seeds, and lines in the summary of the run. `RACES_SEED=n` repeats a run; `RACES=big` makes all of it large."""

import os
import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.hub import Hub, running_hub
from tests.races.clients import Door
from tests.races.course import Course
from tests.races.sizes import sizes

# On SQLite there is one writer at a time, and check-then-write cannot go wrong: there is nothing to catch.
collect_ignore = [] if os.environ.get("DATABASE_URL", "").startswith("postgres") else ["test_broken_save.py"]


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Adds a line to the summary at the end of the run."""

    def add(line: str) -> None:
        record_property("told", line)

    return add


@pytest.fixture
def races_seed(report: Callable[[str], None]) -> int:
    seed = int(os.environ.get("RACES_SEED") or secrets.randbits(32))
    report(f"RACES_SEED={seed}")
    return seed


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """One hub for all races of a module: each has sessions of its own."""
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def door(hub: Hub) -> Door:
    cookies = hub.browser().cookies
    return Door(hub.port, hub.program().token, "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies))


@pytest.fixture
def course(hub: Hub, door: Door, races_seed: int, report: Callable[[str], None]) -> Course:
    return Course(hub, door, sizes(), races_seed, report)
