"""Doing to stored bytes what disks, buckets and people do."""

import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.utils import timezone

from assets_app import storage
from assets_app.models import Asset, Blob, BlobChunk
from assets_app.operations.assets import purge_assets
from assets_app.operations.intake import store_asset
from assets_app.storage.database import DatabaseStorage
from tests.s3 import BUCKET, FaultyS3


class WatchedStorage(DatabaseStorage):
    """Remembers whose length was asked, as everybody does who sets about reading a whole object."""

    asked: ClassVar[list[str]] = []

    def size_of(self, key: str) -> int | None:
        self.asked.append(key)
        return super().size_of(key)


def words(size: int = 2 * storage.CHUNK_BYTES + 1000) -> bytes:
    """A text that nobody else has."""
    return os.urandom(size // 2 + 1).hex().encode()[:size]


def put(store: str, chosen: Any, *, by: User, data: bytes | None = None, name: str = "a.txt") -> Asset:
    """An asset whose bytes go to this store."""
    before, chosen.HOLDFAST_BLOB_STORE = chosen.HOLDFAST_BLOB_STORE, store
    try:
        return store_asset(io.BytesIO(words() if data is None else data), name=name, by=by)
    finally:
        chosen.HOLDFAST_BLOB_STORE = before


def purge(asset: Asset) -> None:
    """Deleted for good."""
    long_ago = timezone.now() - timedelta(days=settings.HOLDFAST_TRASH_DAYS + 1)
    Asset.objects.filter(pk=asset.pk).update(deleted_at=long_ago)
    assert purge_assets() == 1


def bytes_of(asset: Asset) -> bytes:
    blob = Blob.objects.get(assets=asset)
    return b"".join(storage.iter_object(blob.store, blob.key, 0, blob.size_bytes))


def path_of(blob: Blob) -> Path:
    return Path(storages["filesystem"].path(blob.key))


def flip_a_byte(blob: Blob, s3: FaultyS3 | None = None) -> None:
    if blob.store == "database":
        row = BlobChunk.objects.get(key=blob.key, index=1)
        row.data = b"X" + bytes(row.data)[1:]
        row.save()
    elif blob.store == "filesystem":
        with path_of(blob).open("r+b") as file:
            file.seek(storage.CHUNK_BYTES)
            file.write(b"X")
    else:
        assert s3 is not None
        s3.client.put_object(Bucket=BUCKET, Key=blob.key, Body=b"X" + s3.bytes_of(blob.key)[1:])
