"""A bucket over a network and in a store that fail. Each test names bytes that would be lost, or taken for others."""

import os
from collections.abc import Iterator

import pytest

from assets_app.errors import StoreUnavailable
from assets_app.storage import CHUNK_BYTES, new_key
from assets_app.storage.bucket import BucketStorage
from tests.assets_app.buckets import ONE_PART, TWO_PARTS, bucket_storage, keep, read
from tests.s3 import ANYWHERE, BUCKET, FAULTS, ON_CONDITION, Fault, FaultyS3

pytestmark = pytest.mark.no_database

# --- faults while writing --------------------------------------------------------------------------------------------

WRITING = [("put", fault) for fault in FAULTS["put"]] + [
    (operation, fault) for operation in ("create", "part", "complete") for fault in FAULTS[operation]
]
# What one repetition, or looking, does not mend: a refusal for good, and bytes that are not those that were sent.
FATAL = {
    *((operation, Fault.DENIED) for operation in ("put", "create", "part", "complete")),
    ("put", Fault.ALTERED_AFTER),
    ("part", Fault.ALTERED_AFTER),
    ("part", Fault.OTHER_ETAG),
}


@pytest.mark.parametrize(("operation", "fault"), WRITING)
def test_one_fault_while_writing(s3: FaultyS3, bucket: BucketStorage, operation: str, fault: Fault) -> None:
    """Either the bytes are there, all and right, or nobody is told that they are, and nothing stays behind."""
    data = os.urandom(ONE_PART if operation == "put" else TWO_PARTS)
    s3.plan(operation, fault)
    if (operation, fault) in FATAL:
        with pytest.raises(StoreUnavailable):
            keep(bucket, data)
        assert s3.objects() == []
    else:
        assert s3.bytes_of(keep(bucket, data)) == data
    assert s3.met == {f"{operation}:{fault}": 1}
    assert s3.uploads() == []


@pytest.mark.parametrize(("operation", "fault"), [(op, fault) for op, fault in WRITING if fault != Fault.OTHER_ETAG])
def test_a_fault_that_stays(s3: FaultyS3, operation: str, fault: Fault) -> None:
    """A store that goes on failing is told of within bounds, and is never believed."""
    store, data = bucket_storage(s3, timeout_seconds=0.3), os.urandom(ONE_PART if operation == "put" else TWO_PARTS)
    s3.silence = 0.5
    s3.plan(operation, *[fault] * 99)
    if operation == "complete" and fault in (Fault.CLOSED_AFTER, Fault.SILENT_AFTER):
        s3.plan("head", *[Fault.DENIED] * 99)
    with pytest.raises(StoreUnavailable):
        keep(store, data)
    assert sum(s3.met.values()) <= 20
    s3.calm()
    for key in list(store.keys()):
        store.remove(key)
    assert (s3.objects(), s3.uploads()) == ([], [])


@pytest.mark.parametrize("size", [ONE_PART, TWO_PARTS])
@pytest.mark.parametrize("status", ON_CONDITION)
def test_an_object_whose_first_answer_was_lost_is_known_as_ours(
    s3: FaultyS3, bucket: BucketStorage, size: int, status: Fault
) -> None:
    """Otherwise a file that is safe would be refused, and sent again and again."""
    s3.plan("put" if size == ONE_PART else "complete", Fault.CLOSED_AFTER, status)
    data = os.urandom(size)
    assert s3.bytes_of(keep(bucket, data)) == data


@pytest.mark.parametrize("size", [ONE_PART, TWO_PARTS])
@pytest.mark.parametrize("fault", FAULTS["head"])
def test_one_fault_while_looking(s3: FaultyS3, bucket: BucketStorage, size: int, fault: Fault) -> None:
    data = os.urandom(size)
    s3.plan("head", fault)
    if fault == Fault.DENIED:
        with pytest.raises(StoreUnavailable):
            keep(bucket, data)
        assert (s3.objects(), s3.uploads()) == ([], [])
    else:
        assert s3.bytes_of(keep(bucket, data)) == data


@pytest.mark.parametrize("fault", ANYWHERE)
def test_taking_back_never_fails_and_what_stayed_can_go_later(s3: FaultyS3, fault: Fault) -> None:
    store, key = bucket_storage(s3, timeout_seconds=0.3), new_key()
    writer = store.open_writer(key)
    writer.write(bytes(TWO_PARTS))
    s3.silence = 0.5
    for operation in ("list_uploads", "abort", "delete"):
        s3.plan(operation, *[fault] * 9)
    writer.abort()
    s3.calm()
    store.remove(key)
    assert (s3.objects(), s3.uploads()) == ([], [])


# --- faults while reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS["get"])
def test_one_fault_while_reading(s3: FaultyS3, bucket: BucketStorage, fault: Fault) -> None:
    """What comes is right, or says that it is not; bytes that only their digest gives away are the caller's to find."""
    size = 3 * CHUNK_BYTES
    data = os.urandom(size)
    key = keep(bucket, data)
    for start, stop in ((0, size), (CHUNK_BYTES + 1, size - 5)):
        s3.seen.clear()
        s3.plan("get", fault)
        if fault == Fault.DENIED:
            with pytest.raises(StoreUnavailable):
                read(bucket, key, start, stop)
            continue
        got = read(bucket, key, start, stop)
        assert (got == data[start:stop]) == (fault != Fault.WRONG_BYTES)
        assert len(got) == stop - start
        assert s3.count("get") <= 2
    assert sum(s3.met.values()) == 2


class Received:
    """What came before the end, or before the error."""

    def __init__(self) -> None:
        self.data = b""

    def take(self, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            self.data += piece


# To a reader: one that it cannot see, and two that only matter when something else breaks.
HARMLESS = {Fault.WRONG_BYTES, Fault.DRIPPING, Fault.OTHER_ETAG}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS["get"] if fault not in HARMLESS])
def test_a_fault_that_stays_while_reading(s3: FaultyS3, fault: Fault) -> None:
    """The first bytes of a file are not taken for the file."""
    store = bucket_storage(s3, timeout_seconds=0.3)
    data = os.urandom(3 * CHUNK_BYTES)
    key, got = keep(store, data), Received()
    s3.silence = 0.5
    s3.plan("get", *[fault] * 99)
    with pytest.raises(StoreUnavailable):
        got.take(store.read_range(key, 0, len(data)))
    assert data.startswith(got.data)
    assert s3.count("get") <= 9


def test_only_the_rest_is_asked_for_again(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, bytes(3 * CHUNK_BYTES))
    s3.seen.clear()
    s3.plan("get", Fault.CUT_HONEST)
    read(bucket, key, 0, 3 * CHUNK_BYTES)
    first, second = (request.headers for request in s3.seen)
    assert int(second["range"].removeprefix("bytes=").partition("-")[0]) >= CHUNK_BYTES
    assert "if-match" in second
    assert "if-match" not in first


def test_bytes_of_two_objects_are_never_mixed(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, bytes(3 * CHUNK_BYTES))
    s3.plan("get", Fault.CUT_HONEST)
    pieces = bucket.read_range(key, 0, 3 * CHUNK_BYTES)
    assert set(next(pieces)) == {0}
    s3.client.put_object(Bucket=BUCKET, Key=key, Body=bytes([1]) * 3 * CHUNK_BYTES)
    rest = Received()
    with pytest.raises(StoreUnavailable):
        rest.take(pieces)
    assert 1 not in rest.data


def test_a_reader_that_goes_away_leaves_the_line_usable(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, bytes(3 * CHUNK_BYTES))
    for _ in range(15):  # more than the library keeps connections
        pieces = bucket.read_range(key, 0, 3 * CHUNK_BYTES)
        next(pieces)
        pieces.close()  # type: ignore[attr-defined]  # an iterator that is a generator
    assert read(bucket, key, 0, 10) == bytes(10)


def test_a_store_that_is_away_is_told_of_without_its_address_or_keys(s3: FaultyS3) -> None:
    store = bucket_storage(s3, endpoint_url="http://127.0.0.1:9", location="hidden-folder")
    for ask in (lambda: keep(store, b"x"), lambda: read(store, "k", 0, 1), lambda: store.remove("k"), lambda: list(store.keys())):
        with pytest.raises(StoreUnavailable) as refusal:
            ask()
        for secret in ("127.0.0.1", "http", BUCKET, "hidden-folder", "not-to-be-told", "test"):
            assert secret not in str(refusal.value)
