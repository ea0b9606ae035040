"""What the tests of buckets share."""

import os
from typing import Any

from assets_app.errors import StoreUnavailable
from assets_app.storage import new_key
from assets_app.storage.bucket import BucketStorage
from assets_app.storage.bucket_writer import PART_BYTES
from tests.s3 import BUCKET, FaultyS3

ONE_PART = 300_000
TWO_PARTS = PART_BYTES + 1000
RUNS = int(os.environ.get("S3_RUNS", "60"))


def bucket_settings(s3: FaultyS3, **options: Any) -> dict[str, Any]:
    """An entry of `STORAGES`."""
    fixed: dict[str, Any] = {"bucket_name": BUCKET, "endpoint_url": s3.url, "region_name": "us-east-1", "timeout_seconds": 1}
    return {"BACKEND": "assets_app.storage.bucket.BucketStorage", "OPTIONS": fixed | options}


def bucket_storage(s3: FaultyS3, **options: Any) -> BucketStorage:
    return BucketStorage(**bucket_settings(s3, **options)["OPTIONS"])


def keep(store: BucketStorage, data: bytes) -> str:
    """As every caller does: what was not acknowledged is taken back."""
    key = new_key()
    writer = store.open_writer(key)
    try:
        writer.write(data)
        writer.finish()
    except StoreUnavailable:
        writer.abort()
        raise
    return key


def read(store: BucketStorage, key: str, start: int, stop: int) -> bytes:
    return b"".join(store.read_range(key, start, stop))
