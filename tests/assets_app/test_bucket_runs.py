"""Many objects, in a store of which a share of all requests fails."""

import hashlib
import io
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from assets_app import storage
from assets_app.delivery import exactly
from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.models import Blob, PendingObject
from assets_app.operations.blobs import sweep_objects
from assets_app.operations.intake import store_asset
from assets_app.storage import new_key
from assets_app.storage.bucket_writer import PART_BYTES
from tests.assets_app.buckets import RUNS, bucket_settings, bucket_storage, read
from tests.s3 import Fault, FaultyS3

FAULTY = 0.3  # of all requests


class Course:
    """Objects written, aborted and read while a share of all requests fails; what came of it, counted."""

    def __init__(self, s3: FaultyS3, seed: int) -> None:
        self.s3 = s3
        self.store = bucket_storage(s3)
        self.rng = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.kept: set[str] = set()
        self.failed: list[str] = []
        self.wrong: list[list[str]] = []  # acknowledged, but not what was sent; and what had happened

    def run(self) -> None:
        size = self.rng.choice([1, 100, 10_000, 200_000] * 10 + [2_000_000] * 4 + [PART_BYTES, 20 * 1024 * 1024])
        data = self.rng.randbytes(self.rng.randint(1, size))
        self.s3.chaos(self.rng, FAULTY)
        key = self.write(data)
        if key is not None:
            self.read_whole(key, data)
            for _ in range(3):
                self.read_range(key, data)
        self.s3.chaos(self.rng, 0)

    def write(self, data: bytes) -> str | None:
        """The key, if the object was acknowledged."""
        key, step = new_key(), self.rng.randint(1, len(data))
        writer = self.store.open_writer(key)
        give_up = self.rng.randint(0, len(data)) if self.rng.random() < 0.1 else len(data) + 1
        try:
            for start in range(0, len(data), max(step, 50_000)):
                if start >= give_up:
                    break
                writer.write(data[start : start + max(step, 50_000)])
            if give_up <= len(data):
                writer.abort()
                self.counts["aborted"] += 1
                self.failed.append(key)
                return None
            writer.finish()
        except StoreUnavailable:
            writer.abort()
            self.counts["refused"] += 1
            self.failed.append(key)
            return None
        self.counts["acknowledged"] += 1
        if self.s3.bytes_of(key) != data:
            self.wrong.append([f"{request.operation}:{request.fault}" for request in self.s3.seen if key in request.path])
        self.kept.add(key)
        return key

    def read_whole(self, key: str, data: bytes) -> None:
        try:
            got = read(self.store, key, 0, len(data))
        except StoreUnavailable:
            self.counts["reads refused"] += 1
            return
        is_believed = hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
        self.counts["reads right" if is_believed else "reads found wrong by their digest"] += 1
        self.counts["reads wrong"] += is_believed and got != data

    def read_range(self, key: str, data: bytes) -> None:
        """Without altered bytes: no store gives a digest of a range, and nobody could see it."""
        start, stop = sorted(self.rng.choices(range(len(data) + 1), k=2))
        self.s3.chaos(self.rng, FAULTY, without={Fault.WRONG_BYTES})
        try:
            self.counts["ranges right" if read(self.store, key, start, stop) == data[start:stop] else "ranges wrong"] += 1
        except StoreUnavailable:
            self.counts["ranges refused"] += 1

    def left(self) -> list[str]:
        """What is in the bucket, after all that failed was removed, and belongs to nothing."""
        self.counts["to remove"] = len({*self.s3.objects(), *(key for key, _ in self.s3.uploads())} - self.kept)
        for key in self.failed:
            self.store.remove(key)
        return [*(set(self.s3.objects()) ^ self.kept), *(key for key, _ in self.s3.uploads())]


@pytest.mark.parametrize("seed", range(4))
def test_many_objects_under_many_faults(s3: FaultyS3, seed: int, record_property: Callable[[str, object], None]) -> None:
    """Nobody is told that bytes are safe which are not, and nobody reads other bytes than those."""
    course = Course(s3, seed)
    for _ in range(RUNS // 4):
        course.run()
    met = sum(s3.met.values())
    left = course.left()
    record_property("told", f"{dict(sorted(course.counts.items()))}, {met} faults, {len(course.wrong)} wrong, {len(left)} left")
    assert left == []
    assert course.wrong == []
    assert course.counts["acknowledged"] > RUNS // 20
    assert (course.counts["reads wrong"], course.counts["ranges wrong"]) == (0, 0)


def test_many_assets_under_many_faults(
    s3: FaultyS3, alice: User, settings: Any, record_property: Callable[[str, object], None]
) -> None:
    """What a row promises is in the bucket; everything in the bucket has a row; what no asset needs goes with the sweeps."""
    settings.STORAGES = {**settings.STORAGES, "s3": bucket_settings(s3)}
    settings.HOLDFAST_BLOB_STORE = "s3"
    counts, rng = Counter[str](), random.Random(4711)
    s3.chaos(rng, FAULTY)
    for number in range(RUNS // 4):
        words = rng.randbytes(rng.choice([10, 1000, 100_000] * 5 + [5 * 1024 * 1024])).hex()
        try:
            blob = store_asset(io.BytesIO(f"{number} {words}".encode()), name="note.txt", by=alice).blob
            counts["stored"] += 1
            data = b"".join(exactly(storage.iter_object("s3", blob.key), blob.size_bytes, blob.sha256))
            counts["read" if data == f"{number} {words}".encode() else "read wrong"] += 1
        except StoreUnavailable:
            counts["refused"] += 1
        except BytesMissing:
            counts["found wrong by their digest"] += 1
    met = sum(s3.met.values())
    s3.chaos(rng, 0)
    blobs = {blob.key: blob.sha256 for blob in Blob.objects.all()}
    assert all(hashlib.sha256(s3.bytes_of(key)).hexdigest() == sha256 for key, sha256 in blobs.items())
    there = {*s3.objects(), *(key for key, _ in s3.uploads())}
    assert there <= {*blobs, *PendingObject.objects.values_list("key", flat=True)}
    for _ in range(2):
        sweep_objects(abandoned_for=timedelta(0), late_arrival=timedelta(0))
    record_property("told", f"{dict(sorted(counts.items()))}, {met} faults, {len(there - set(blobs))} to sweep")
    assert (set(s3.objects()), s3.uploads(), PendingObject.objects.count()) == (set(blobs), [], 0)
    assert (len(blobs), counts["read wrong"]) == (counts["stored"], 0)
    assert counts["read"] > RUNS // 20
