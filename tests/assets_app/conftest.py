"""The object store of these tests."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader

from assets_app.storage.bucket import BucketStorage
from tests.assets_app.buckets import bucket_settings, bucket_storage
from tests.s3 import FaultyS3

LOADER = cache(create_loader)


@pytest.fixture(scope="package")
def s3_server() -> Iterator[FaultyS3]:
    server = FaultyS3()
    yield server
    server.stop()


@pytest.fixture
def s3(s3_server: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyS3]:
    """With an empty bucket, and without faults until a test asks for them. Repetitions follow at once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-told")
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda self, context: 0)
    monkeypatch.setattr("botocore.session.create_loader", LOADER)  # S3's description is long, and read anew for each client
    s3_server.begin()
    yield s3_server
    s3_server.end()


@pytest.fixture
def bucket(s3: FaultyS3) -> BucketStorage:
    return bucket_storage(s3)


@pytest.fixture
def two_stores(settings: Any, tmp_path: Path) -> Path:
    """The database, where new bytes go, and a folder of the test's own."""
    options = {"location": tmp_path / "blobs", "file_permissions_mode": 0o640}
    settings.STORAGES = {**settings.STORAGES, "filesystem": {**settings.STORAGES["filesystem"], "OPTIONS": options}}
    settings.HOLDFAST_BLOB_STORE = "database"
    return tmp_path / "blobs"


@pytest.fixture
def three_stores(two_stores: Path, s3: FaultyS3, settings: Any) -> FaultyS3:
    """A bucket as well."""
    settings.STORAGES = {**settings.STORAGES, "s3": bucket_settings(s3)}
    return s3
