"""Objects in a bucket. Each test names bytes that would be lost, or taken for others."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.models import Blob
from assets_app.storage import CHUNK_BYTES, new_key
from assets_app.storage.bucket import BucketStorage
from assets_app.storage.bucket_writer import PART_BYTES
from tests.assets_app.buckets import ONE_PART, TWO_PARTS, bucket_settings, bucket_storage, keep, read
from tests.conftest import Apis, assert_refused
from tests.make import PNG, Upload
from tests.s3 import Fault, FaultyS3


@pytest.mark.parametrize("folder", ["", "in/a folder"])
@pytest.mark.parametrize("size", [0, 1, ONE_PART, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 12345])
def test_what_was_written_is_read_again_and_goes_without_a_trace(s3: FaultyS3, size: int, folder: str) -> None:
    store, key, data = bucket_storage(s3, location=folder), new_key(), os.urandom(size)
    writer = store.open_writer(key)
    for start in range(0, size, 3_000_001):
        writer.write(data[start : start + 3_000_001])
    assert s3.objects() == []
    writer.finish()
    assert s3.objects() == [f"{folder}/{key}".lstrip("/")]
    assert s3.count("put") + s3.count("complete") == 1
    pieces = list(store.read_range(key, 0, size))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= CHUNK_BYTES for piece in pieces)
    assert read(store, key, size // 3, size // 2) == data[size // 3 : size // 2]
    assert (store.size_of(key), list(store.keys())) == (size, [key])
    for _ in range(2):
        store.remove(key)
        assert (store.size_of(key), list(store.keys()), s3.objects()) == (None, [], [])


def test_what_was_begun_is_listed_and_can_be_taken_back(s3: FaultyS3, bucket: BucketStorage) -> None:
    aborted, killed = new_key(), new_key()
    writer = bucket.open_writer(aborted)
    bucket.open_writer(killed).write(bytes(TWO_PARTS))
    writer.write(bytes(TWO_PARTS))
    assert set(bucket.keys()) == {aborted, killed}
    writer.abort()
    assert list(bucket.keys()) == [killed]
    bucket.remove(killed)
    assert (list(bucket.keys()), s3.uploads()) == ([], [])


def test_an_upload_of_another_object_is_left_alone(s3: FaultyS3, bucket: BucketStorage) -> None:
    bucket.open_writer("aa/1").write(bytes(TWO_PARTS))
    bucket.open_writer("aa/10").write(bytes(TWO_PARTS))
    bucket.remove("aa/1")
    assert list(bucket.keys()) == ["aa/10"]


def test_a_writer_that_sent_nothing_asks_nothing(s3: FaultyS3, bucket: BucketStorage) -> None:
    writer = bucket.open_writer(new_key())
    writer.write(b"not yet")
    writer.abort()
    assert s3.seen == []


def test_a_small_file_does_not_wait_to_be_asked_for(s3: FaultyS3, bucket: BucketStorage) -> None:
    """A store that never says "go on" would make every picture a second slower."""
    keep(bucket, bytes(ONE_PART))
    assert not any("expect" in request.headers for request in s3.seen)


def test_long_lists_come_whole(s3: FaultyS3, bucket: BucketStorage) -> None:
    kept = {keep(bucket, b"x") for _ in range(5)}
    s3.page = "2"
    assert set(bucket.keys()) == kept
    assert s3.count("list") == 3


def test_a_long_object_is_read_with_one_request_and_a_short_range_alone(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, bytes(3 * CHUNK_BYTES))
    s3.seen.clear()
    assert sum(len(piece) for piece in bucket.read_range(key, 0, 3 * CHUNK_BYTES)) == 3 * CHUNK_BYTES
    assert read(bucket, key, 5, 9) == bytes(4)
    assert [request.headers["range"] for request in s3.seen] == [f"bytes=0-{3 * CHUNK_BYTES - 1}", "bytes=5-8"]


def test_an_object_that_is_missing_or_short_is_told_from_a_store_that_is_away(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, b"short")
    for wanted, stop in ((key, 6), (new_key(), 5)):
        with pytest.raises(BytesMissing):
            read(bucket, wanted, 0, stop)
    with pytest.raises(BytesMissing):
        read(bucket, key, 10, 20)
    elsewhere = bucket_storage(s3, bucket_name="another-bucket")
    for ask in (lambda: read(elsewhere, key, 0, 5), lambda: elsewhere.size_of(key), lambda: list(elsewhere.keys())):
        with pytest.raises(StoreUnavailable):
            ask()


def test_an_object_that_is_there_is_never_written_over(s3: FaultyS3, bucket: BucketStorage) -> None:
    for size in (ONE_PART, TWO_PARTS):
        key = keep(bucket, bytes(size))
        writer = bucket.open_writer(key)
        writer.write(os.urandom(size))
        with pytest.raises(StoreUnavailable):
            writer.finish()
        assert s3.bytes_of(key) == bytes(size)


def test_an_address_gives_the_object_to_a_browser_under_the_name_that_was_asked_for(s3: FaultyS3, bucket: BucketStorage) -> None:
    key = keep(bucket, b"a picture")
    url = bucket.presigned_url(key, seconds=60, content_type="image/png", disposition='attachment; filename="a b.png"')
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "X-Amz-Expires=60" in url
    assert "not-to-be-told" not in url
    answer = requests.get(url, timeout=5)
    assert (answer.content, answer.headers["content-type"]) == (b"a picture", "image/png")
    assert answer.headers["content-disposition"] == 'attachment; filename="a b.png"'


def test_it_is_a_django_storage_too(bucket: BucketStorage) -> None:
    first = bucket.save("a/name.txt", ContentFile("words"))
    second = bucket.save("a/name.txt", ContentFile(b"others"))
    assert first != second
    with bucket.open(first) as file:
        assert file.read() == b"words"
    assert (bucket.size(second), bucket.exists(second)) == (6, True)
    bucket.delete(second)
    assert not bucket.exists(second)
    with pytest.raises(FileNotFoundError):
        bucket.size(second)


def test_threads_do_not_get_one_anothers_bytes(s3: FaultyS3, bucket: BucketStorage) -> None:
    def write_and_read(number: int) -> tuple[int, int]:
        data = random.Random(number).randbytes(ONE_PART + number)
        key = keep(bucket, data)
        assert read(bucket, key, 0, len(data)) == data
        assert s3.bytes_of(key) == data
        return id(bucket.client), id(bucket.bucket.meta.client)

    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(write_and_read, range(64)))
    assert len({client for client, _ in pairs}) == 1
    assert len({resource for _, resource in pairs}) > 1, "what is not made for threads is shared by them"


@pytest.mark.parametrize("refusal", [(501, "NotImplemented"), (400, "InvalidArgument")])
@pytest.mark.parametrize("names", [["if-none-match"], ["x-amz-checksum-sha256", "x-amz-checksum-algorithm"]], ids=str)
def test_a_store_that_does_not_know_a_header_is_spared_it(
    s3: FaultyS3, bucket: BucketStorage, names: list[str], refusal: tuple[int, str]
) -> None:
    s3.unknown = dict.fromkeys(names, refusal)
    for size in (ONE_PART, TWO_PARTS):
        data = os.urandom(size)
        assert s3.bytes_of(keep(bucket, data)) == data
    s3.seen.clear()
    keep(bucket, os.urandom(ONE_PART))
    assert s3.count("put") == 1, "it was asked again what it had refused before"
    assert all("content-md5" in request.headers for request in s3.seen if request.operation == "put")


def test_a_request_that_is_refused_for_another_reason_costs_no_protection(s3: FaultyS3, bucket: BucketStorage) -> None:
    s3.unknown = {"content-md5": (400, "InvalidArgument")}
    with pytest.raises(StoreUnavailable):
        keep(bucket, b"words")
    s3.calm()
    keep(bucket, b"words")
    (sent,) = [request for request in s3.seen if request.operation == "put"]
    assert {"if-none-match", "x-amz-checksum-sha256"} <= set(sent.headers)


@pytest.mark.parametrize("size", [ONE_PART, TWO_PARTS])
def test_a_store_that_shows_no_digest_is_read_back(s3: FaultyS3, bucket: BucketStorage, size: int) -> None:
    s3.hidden, s3.is_opaque = {"x-amz-checksum-sha256"}, True
    data = os.urandom(size)
    assert s3.bytes_of(keep(bucket, data)) == data
    assert s3.count("get") == 1
    s3.plan("put" if size == ONE_PART else "part", Fault.ALTERED_AFTER)
    with pytest.raises(StoreUnavailable):
        keep(bucket, data)
    assert len(s3.objects()) == 1


@pytest.mark.damaged  # the auditor cannot look into a store that is away
def test_an_upload_while_the_store_is_away_is_told_to_come_back(s3: FaultyS3, api: Apis, alice: User, settings: Any) -> None:
    """Not that it is kept, and not that it was wrong."""
    settings.STORAGES = {**settings.STORAGES, "s3": bucket_settings(s3)}
    settings.HOLDFAST_BLOB_STORE = "s3"
    s3.plan("put", *[Fault.CLOSED_BEFORE] * 9)
    response = api(alice).post_form("/api/v2/upload-asset", file=Upload(PNG, "photo.png"))
    assert_refused(response, 503, "STORE_UNAVAILABLE")
    assert response["Retry-After"] == "5"
    assert not Blob.objects.exists()
