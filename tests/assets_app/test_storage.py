"""Where bytes live. A store that gives back other bytes, or the same key twice, loses what it was given."""

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import SuspiciousFileOperation
from django.core.files import File
from django.core.files.storage import storages
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from assets_app import storage
from assets_app.errors import BytesMissing
from assets_app.models import Blob, BlobChunk, PendingObject
from assets_app.operations.blobs import begin_object
from assets_app.operations.intake import store_asset
from tests.assets_app.buckets import bucket_settings

BYTES = b"note: " + os.urandom(2 * storage.CHUNK_BYTES + 12345).hex().encode()


@pytest.fixture(params=["database", "filesystem", "s3"])
def store(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Each store in turn, as the setting would choose it."""
    alias = str(request.param)
    configured = dict(settings.STORAGES)
    configured["filesystem"] = {**configured["filesystem"], "OPTIONS": {"location": tmp_path}}
    if alias == "s3":
        configured["s3"] = bucket_settings(request.getfixturevalue("s3"))
    settings.STORAGES = configured
    settings.HOLDFAST_BLOB_STORE = alias
    return alias


def test_every_store_gives_back_the_same_bytes(store: str, alice: User) -> None:
    asset = store_asset(io.BytesIO(BYTES), name="long.txt", by=alice)
    assert asset.blob.store == store
    assert asset.blob.size_bytes == len(BYTES)
    assert b"".join(storage.iter_object(asset.blob.store, asset.blob.key)) == BYTES
    with storages[store].open(asset.blob.key) as file:
        assert file.read() == BYTES
    assert not PendingObject.objects.exists()


def test_the_same_bytes_are_kept_once(store: str, alice: User, charlie: User) -> None:
    first = store_asset(io.BytesIO(BYTES), name="a.txt", by=alice)
    second = store_asset(io.BytesIO(BYTES), name="b.txt", by=charlie)
    assert first.blob == second.blob
    assert Blob.objects.count() == 1
    assert list(storage.object_store(store).keys()) == [second.blob.key]
    assert b"".join(storage.iter_object(second.blob.store, second.blob.key)) == BYTES


def test_old_bytes_stay_readable_when_new_ones_go_elsewhere(settings: Any, tmp_path: Path, alice: User) -> None:
    old = store_asset(io.BytesIO(b"old words"), name="old.txt", by=alice)
    settings.STORAGES = {
        **settings.STORAGES,
        "filesystem": {"BACKEND": "assets_app.storage.folder.FolderStorage", "OPTIONS": {"location": tmp_path}},
    }
    settings.HOLDFAST_BLOB_STORE = "filesystem"
    new = store_asset(io.BytesIO(b"new words"), name="new.txt", by=alice)
    assert (old.blob.store, new.blob.store) == ("database", "filesystem")
    assert b"".join(storage.iter_object(old.blob.store, old.blob.key)) == b"old words"
    assert b"".join(storage.iter_object(new.blob.store, new.blob.key)) == b"new words"


def test_a_key_is_never_given_to_two_objects(db: None) -> None:
    key = begin_object("database").key
    storage.write_object("database", key, [b"first"])
    with pytest.raises(IntegrityError), transaction.atomic():
        storage.write_object("database", key, [b"second"])
    assert b"".join(storage.iter_object("database", key)) == b"first"


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b"])
def test_the_database_store_refuses_names_that_lead_out(db: None, name: str) -> None:
    with pytest.raises(SuspiciousFileOperation):
        storages["database"].save(name, File(io.BytesIO(b"x")))


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(start=st.integers(0, 3 * storage.CHUNK_BYTES), length=st.integers(0, 3 * storage.CHUNK_BYTES))
def test_any_part_can_be_read(stored_key: str, start: int, length: int) -> None:
    with storages["database"].open(stored_key) as file:
        file.seek(start)
        assert file.read(length) == BYTES[start : start + length]
        assert file.tell() == min(start + length, max(start, len(BYTES)))


@pytest.fixture
def stored_key(db: None) -> str:
    key = begin_object("database").key
    storage.write_object("database", key, [BYTES])
    return key


def test_a_missing_piece_is_an_error_not_a_short_file(stored_key: str) -> None:
    BlobChunk.objects.filter(key=stored_key, index=1).update(data=b"")
    with storages["database"].open(stored_key) as file, pytest.raises(BytesMissing):
        file.read()
