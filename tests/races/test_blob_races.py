"""Bytes are attached, deleted and collected at the same time, by real processes: no asset ever lacks its bytes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import own_database
from tests.races.blob_course import BlobCourse, gathered
from tests.races.sizes import is_big, sizes
from tests.s3 import BUCKET, FaultyS3

pytestmark = pytest.mark.slow
ATTACHERS, COLLECTORS = 3, 2
ABANDONED_SECONDS = 3.0
CLIENTS_OF_A_PROCESS = 8
SENT_BYTES = 1000


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("blobs")


@pytest.fixture(scope="module")
def database_url(data_dir: Path) -> Iterator[str]:
    with own_database(data_dir) as url:
        BlobCourse(data_dir, url, "database", 0).migrate()
        yield url


@pytest.fixture(scope="module")
def s3_settings() -> Iterator[dict[str, str]]:
    server = FaultyS3()
    server.begin()
    yield {
        "HOLDFAST_S3_BUCKET": BUCKET,
        "HOLDFAST_S3_ENDPOINT_URL": server.url,
        "HOLDFAST_S3_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    server.stop()


@pytest.fixture
def course(request: pytest.FixtureRequest, data_dir: Path, database_url: str, races_seed: int) -> BlobCourse:
    """With nothing in the store that the parameter names."""
    store = getattr(request, "param", "database")
    settings = request.getfixturevalue("s3_settings") if store == "s3" else {}
    made = BlobCourse(data_dir, database_url, store, races_seed, settings)
    assert made.run("begin").faults == []
    return made


@pytest.mark.parametrize("course", ["database", "filesystem", "s3"], indirect=True)
def test_no_asset_ever_lacks_its_bytes_and_nothing_is_left_behind(course: BlobCourse, report: Callable[[str], None]) -> None:
    """A file that the hub promised to keep, and that is gone; or a disk that fills with what nobody can find any more."""
    started = time.monotonic()
    attaches = sizes().attaches // (20 if course.store == "s3" and is_big() else 3 if course.store == "s3" else 1)
    times: dict[str, Any] = {"abandoned_seconds": ABANDONED_SECONDS}
    others = [course.start("collect", number=number, **times) for number in range(COLLECTORS)]
    with course.around(*others, course.start("read")) as around:
        parts = [course.start("attach", number=number, steps=attaches // ATTACHERS + 1) for number in range(ATTACHERS)]
        parts += [course.start("die", number=number) for number in range(2)]
        parts.append(course.start("be_slow", steps=4 if is_big() else 1, **times))
        within = gathered(parts)
    took = time.monotonic() - started
    seen = within + around + course.run("settle")
    report(f"{course.store}: {dict(sorted(seen.counts.items()))} in {took:.0f} s, {len(seen.faults)} faults")
    assert seen.faults == [], "\n".join(seen.faults[:10])
    assert seen.counts["killed"] == 2
    assert seen.counts["busy"] * 100 <= seen.counts["kept"]
    for what in ("kept", "purged", "condemned", "deleted", "swept", "read", "undone", "too slow"):
        assert seen.counts[what] > 0, f"nothing was {what}: this was no race"


@pytest.mark.parametrize(("max_bytes", "max_files"), [(50 * SENT_BYTES + 999, 10_000), (10**9, 50)], ids=["bytes", "files"])
def test_a_quota_is_filled_and_never_passed(
    course: BlobCourse, max_bytes: int, max_files: int, report: Callable[[str], None]
) -> None:
    """Many uploads that each look first and then count: together they would fill the disk of everybody else."""
    assert course.run("limit", max_bytes=max_bytes, max_files=max_files).faults == []
    processes = sizes().processes
    seen = course.run("press", processes=processes)
    assert seen.faults == []
    report(f"{dict(seen.counts)}")
    assert seen.counts["kept"] == 50
    assert seen.counts["refused"] == 3 * processes * CLIENTS_OF_A_PROCESS
    assert course.run("settle").faults == []
