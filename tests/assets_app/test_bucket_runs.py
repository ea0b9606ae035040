"""Many objects, in a store of which a share of all requests fails."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable

import pytest

from assets_app.errors import StoreUnavailable
from assets_app.storage import new_key
from assets_app.storage.bucket_writer import PART_BYTES
from tests.assets_app.buckets import RUNS, bucket_storage, read
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
        self.counts["acknowledged wrong"] += self.s3.bytes_of(key) != data
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
    record_property("told", f"{dict(sorted(course.counts.items()))}, {met} faults, {len(left)} left")
    assert left == []
    assert course.counts["acknowledged"] > RUNS // 20
    assert (course.counts["acknowledged wrong"], course.counts["reads wrong"], course.counts["ranges wrong"]) == (0, 0, 0)
