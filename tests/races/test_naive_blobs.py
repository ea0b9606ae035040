"""Collectors that are known to be wrong must be caught by the race that ours survives. Not collected on SQLite."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.hub import own_database
from tests.races.blob_course import BlobCourse, gathered
from tests.races.naive_blobs import MISTAKES

pytestmark = pytest.mark.slow
PATIENCE = 60
STEPS = 120


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobCourse]:
    data_dir = tmp_path_factory.mktemp("naive")
    with own_database(data_dir) as url:
        made = BlobCourse(data_dir, url, "filesystem", 1)
        made.migrate()
        yield made


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_collector_that_loses_bytes_is_caught(course: BlobCourse, mistake: str, report: Callable[[str], None]) -> None:
    """Or else the race could be green over lost files."""
    assert course.run("begin").faults == []
    started = time.monotonic()
    faults: list[str] = []
    rounds = 0
    while not faults and time.monotonic() - started < PATIENCE:
        rounds += 1
        others = [course.start(role, mistake=mistake) for role in ("collect", "read")]
        with course.around(*others) as around:
            attachers = [course.start("attach", number=number, mistake=mistake, steps=STEPS) for number in range(2)]
            within = gathered(attachers)
        faults = within.faults + around.faults + course.run("settle").faults
    report(f"{mistake}: caught in round {rounds} after {time.monotonic() - started:.0f} s: {len(faults)} faults, {faults[:1]}")
    assert faults, f"not caught in {rounds} rounds"
