"""Intake: what is accepted is whole, and of what is refused nothing remains."""

import hashlib
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from assets_app import storage
from assets_app.errors import AssetTooLarge, DigestMismatch, HoldfastError, InvalidInput, SandboxFailed, UnsupportedType
from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from assets_app.operations.blobs import sweep_objects
from assets_app.operations.intake import receive_bytes, store_asset
from assets_app.operations.pictures import examine_asset
from tests.make import PNG, make_asset


def assert_nothing_stored() -> None:
    for model in (Asset, Blob, BlobChunk, PendingObject):
        assert not model._default_manager.exists(), model


def test_an_asset_knows_its_bytes(alice: User) -> None:
    asset = store_asset(io.BytesIO(PNG), name="photo.png", by=alice, tags=["brand", "logo"], client_id="client-1")
    assert asset.blob.sha256 == hashlib.sha256(PNG).hexdigest()
    assert (asset.type, asset.format, asset.content_type, asset.blob.size_bytes) == ("image", "png", "image/png", len(PNG))
    assert (asset.tags, asset.client_id, asset.owner) == (["brand", "logo"], "client-1", alice)


class Endless(io.RawIOBase):
    """A client that never stops sending."""

    sent = 0

    def read(self, size: int = -1) -> bytes:
        self.sent += size
        return b"x" * size


def test_intake_stops_at_the_limit_and_not_after_it(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_ASSET_MB = 3
    source = Endless()
    with pytest.raises(AssetTooLarge):
        store_asset(source, name="endless.txt", by=alice)  # type: ignore[arg-type]  # all that is asked of it is read()
    assert source.sent <= 4 * storage.CHUNK_BYTES
    assert_nothing_stored()


def test_exactly_the_limit_is_accepted(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_ASSET_MB = 1
    assert store_asset(io.BytesIO(b"x" * 1024 * 1024), name="full.txt", by=alice).blob.size_bytes == 1024 * 1024


class Breaking(io.BytesIO):
    """A connection that breaks off."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > storage.CHUNK_BYTES:
            raise ConnectionResetError
        return super().read(size)


def test_of_a_broken_upload_nothing_remains(alice: User) -> None:
    with pytest.raises(ConnectionResetError):
        store_asset(Breaking(b"x" * 5 * storage.CHUNK_BYTES), name="broken.txt", by=alice)
    assert_nothing_stored()


@pytest.mark.parametrize(
    ("data", "name", "options", "error"),
    [
        (b"", "empty.json", {}, InvalidInput),
        (PNG, "photo.json", {}, UnsupportedType),
        (PNG, "../photo.png", {}, InvalidInput),
        (PNG, "photo.png", {"sha256": "0" * 64}, DigestMismatch),
        (PNG, "photo.png", {"type": "video"}, InvalidInput),
        (PNG, "photo.png", {"type": "hologram"}, InvalidInput),
        (PNG, "photo.png", {"tags": ["a\0b"]}, InvalidInput),
        (PNG, "photo.png", {"tags": ["x"] * 101}, InvalidInput),
        (PNG, "photo.png", {"client_id": "x" * 256}, InvalidInput),
        (PNG, "photo.png", {"shown_as": "../x"}, InvalidInput),
        (b'{"a": [1, 2', "cut.json", {}, InvalidInput),
        (b'{"a": NaN}', "nan.json", {}, InvalidInput),
    ],
)
def test_of_what_is_refused_nothing_remains(
    alice: User, data: bytes, name: str, options: dict[str, Any], error: type[HoldfastError]
) -> None:
    with pytest.raises(error):
        store_asset(io.BytesIO(data), name=name, by=alice, **options)
    assert_nothing_stored()


def test_a_digest_that_matches_is_accepted_in_either_case(alice: User) -> None:
    store_asset(io.BytesIO(PNG), name="photo.png", by=alice, sha256=hashlib.sha256(PNG).hexdigest().upper())


def test_refusing_a_copy_leaves_the_original_alone(alice: User) -> None:
    first = make_asset(by=alice)
    with pytest.raises(InvalidInput):
        store_asset(io.BytesIO(PNG), name="photo.png", by=alice, type="video")
    assert b"".join(storage.iter_object(first.blob.store, first.blob.key)) == PNG


def test_bytes_are_not_visible_before_they_are_kept(alice: User) -> None:
    with receive_bytes(io.BytesIO(PNG), name="photo.png") as received:
        assert b"".join(received.chunks()) == PNG
        assert not Blob.objects.exists()
        assert PendingObject.objects.get().key == received.key
    assert_nothing_stored()


def test_what_a_dead_process_left_is_swept_and_nothing_else(alice: User) -> None:
    kept = make_asset(by=alice)
    long_ago = timezone.now() - timedelta(hours=25)
    for key, begun in (("dead", long_ago), ("alive", timezone.now())):
        PendingObject.objects.create(key=key, store="database", created_at=begun)
        BlobChunk.objects.create(key=key, index=0, data=b"x")
    assert sweep_objects() == 0  # it may be slow, not dead
    assert set(BlobChunk.objects.values_list("key", flat=True)) == {"alive", kept.blob.key}
    BlobChunk.objects.create(key="dead", index=1, data=b"late")
    assert sweep_objects() == 0
    assert sweep_objects(late_arrival=timedelta(0)) == 1
    assert set(BlobChunk.objects.values_list("key", flat=True)) == {"alive", kept.blob.key}
    assert PendingObject.objects.get().key == "alive"


def test_a_reader_that_was_taken_down_is_asked_again_later(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine was short of memory for a moment; the photograph would be without its size for good."""

    def dies(*_args: object, **_kwargs: object) -> bytes:
        raise SandboxFailed("ended with status -9")

    with monkeypatch.context() as patched:
        patched.setattr("assets_app.sandbox.run_lazily", dies)
        asset = make_asset(by=alice)
    assert (asset.facts, asset.facts_version, asset.facts_error) == ({}, 0, "")
    examine_asset(asset=asset)
    asset.refresh_from_db()
    assert asset.facts["width"] == 1
