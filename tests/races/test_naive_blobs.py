"""Ways to keep and collect bytes that are known to be wrong must be caught by a race that ours survives, on every database."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.races.blob_course import Seen
from tests.races.blob_parts import USERS, Part, guarded, read, settle
from tests.races.naive_blobs import NAIVE, OURS, Way, come_and_go

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.damaged]
PATIENCE = 20.0
LONG_ENOUGH = 5.0


@pytest.fixture(autouse=True)
def _course(settings: Any, tmp_path: Path) -> None:
    """A folder of the test's own, and people."""
    options = {"location": tmp_path / "blobs", "file_permissions_mode": 0o640}
    settings.STORAGES = {**settings.STORAGES, "filesystem": {**settings.STORAGES["filesystem"], "OPTIONS": options}}
    settings.HOLDFAST_BLOB_STORE = "filesystem"
    for name in USERS:
        User.objects.create_user(name)


def collect(way: Way, part: Part, seen: Seen) -> None:
    while not part.is_over:
        way.collect(part, seen)
        time.sleep(0.05)


def race(way: Way, stop: Path, *, seconds: float) -> Seen:
    """Two who keep and delete, one who collects, one who reads, in threads: until somebody meets what the way is known for."""
    seen = Seen()
    works = [partial(collect, way), read, partial(come_and_go, way), partial(come_and_go, way)]
    parts = [Part("race", number, seed=1, stop=str(stop), abandoned_seconds=PATIENCE) for number in range(len(works))]
    threads = [Thread(target=guarded, args=each) for each in zip(works, parts, [seen] * len(works), strict=True)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + seconds
    while not has_sign(way, seen) and time.monotonic() < end:
        time.sleep(0.05)
    stop.touch()
    for thread in threads:
        thread.join()
    return seen


def has_sign(way: Way, seen: Seen) -> bool:
    return any(way.sign in fault for fault in seen.faults)


@pytest.mark.parametrize("way", NAIVE, ids=[way.name for way in NAIVE])
def test_what_loses_bytes_is_caught(way: Way, tmp_path: Path, report: Callable[[str], None]) -> None:
    """Or else the races could be green over lost files."""
    started = time.monotonic()
    seen = race(way, tmp_path / "stop", seconds=PATIENCE)
    report(f"caught after {time.monotonic() - started:.1f} s: {seen.faults[:1]}")
    assert has_sign(way, seen), f"{seen.counts}: {seen.faults}"


def test_what_does_not_lose_them_is_not_caught(tmp_path: Path, report: Callable[[str], None]) -> None:
    """Or else being caught would say nothing."""
    seen = race(OURS, tmp_path / "stop", seconds=LONG_ENOUGH)
    report(f"{dict(seen.counts)}")
    settle(Part("settle", 0, seed=1, stop=""), seen)
    assert seen.faults == []
    for what in ("kept", "purged", "deleted", "swept", "read"):
        assert seen.counts[what] > 0, f"nothing was {what}: this was no race"
