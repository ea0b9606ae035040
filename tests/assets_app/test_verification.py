"""Bytes are read again before anybody misses them, and what is damaged is repaired while there is a good copy."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F
from django.utils import timezone

from assets_app import storage
from assets_app.errors import StoreUnavailable
from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from assets_app.operations import verification
from assets_app.operations.blobs import sweep_objects
from assets_app.operations.moves import move_blob
from assets_app.operations.verification import repair_blob, verify_blob, verify_some
from tests.assets_app.damage import WatchedStorage, bytes_of, flip_a_byte, path_of, put, words
from tests.s3 import Fault, FaultyS3

LONG_AGO = timezone.now() - timedelta(days=200)


@pytest.mark.parametrize("store", ["database", "filesystem", "s3"])
def test_good_bytes_are_noted_as_read(store: str, three_stores: FaultyS3, settings: Any, alice: User) -> None:
    blob = put(store, settings, by=alice).blob
    Blob.objects.update(verified_at=LONG_AGO, damaged_at=LONG_AGO, damage="the disk was away")
    assert verify_blob(blob)
    blob.refresh_from_db()
    assert (blob.verified_at > LONG_AGO, blob.damaged_at, blob.damage) == (True, None, "")


def cut(blob: Blob) -> None:
    with path_of(blob).open("r+b") as file:
        file.truncate(storage.CHUNK_BYTES)


DAMAGE: list[tuple[str, Callable[[Blob], object], str]] = [
    ("database", flip_a_byte, "its sha256 is"),
    ("filesystem", flip_a_byte, "its sha256 is"),
    ("filesystem", cut, "it has 1048576 bytes, not 2098152"),
    ("filesystem", lambda blob: path_of(blob).unlink(), "the object is gone"),
    ("database", lambda blob: BlobChunk.objects.filter(key=blob.key, index=1).delete(), "chunk 1 of object"),
    ("database", lambda blob: BlobChunk.objects.filter(key=blob.key).delete(), "the object is gone"),
]


@pytest.mark.damaged
@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize(("store", "do", "told"), DAMAGE)
def test_damage_is_noted_in_words_and_told_once(
    store: str, do: Callable[[Blob], object], told: str, settings: Any, alice: User
) -> None:
    blob = put(store, settings, by=alice).blob
    do(blob)
    with structlog.testing.capture_logs() as logs:
        assert not verify_blob(blob)
        assert not verify_blob(blob)
    assert [(line["event"], line["log_level"]) for line in logs] == [("blob_damaged", "error")]
    blob.refresh_from_db()
    assert blob.damaged_at is not None
    assert told in blob.damage
    assert not repair_blob(blob)


def test_a_store_that_does_not_answer_is_no_damage(two_stores: Path, three_stores: FaultyS3, settings: Any, alice: User) -> None:
    in_bucket, in_folder = put("s3", settings, by=alice).blob, put("filesystem", settings, by=alice).blob
    three_stores.plan("head", *[Fault.ERROR_500] * 10)
    two_stores.rename(two_stores.with_name("away"))
    two_stores.write_text("not a folder")
    for blob in (in_bucket, in_folder):
        with pytest.raises(StoreUnavailable):
            verify_blob(blob)
    two_stores.unlink()
    two_stores.with_name("away").rename(two_stores)
    three_stores.planned.clear()
    assert not Blob.objects.damaged().exists()


def test_a_line_that_garbles_bytes_once_is_no_damage(three_stores: FaultyS3, settings: Any, alice: User) -> None:
    blob = put("s3", settings, by=alice).blob
    three_stores.plan("get", Fault.WRONG_BYTES)
    assert verify_blob(blob)
    three_stores.plan("get", Fault.WRONG_BYTES)
    assert move_blob(blob, to="database") == "moved"


def test_bytes_that_moved_while_they_were_read_are_not_called_damaged(two_stores: Path, settings: Any, alice: User) -> None:
    blob = put("database", settings, by=alice).blob
    move_blob(blob, to="filesystem")
    sweep_objects(abandoned_for=timedelta(0))
    assert not verify_blob(blob)
    assert not Blob.objects.damaged().exists()


@pytest.mark.parametrize("store", ["database", "filesystem", "s3"])
def test_a_damaged_blob_is_repaired_from_another_store(store: str, three_stores: FaultyS3, settings: Any, alice: User) -> None:
    data = words()
    other = "filesystem" if store == "database" else "database"
    asset, _twin = put(store, settings, by=alice, data=data), put(other, settings, by=alice, data=data)
    flip_a_byte(asset.blob, three_stores)
    assert not verify_blob(asset.blob)
    assert repair_blob(asset.blob)
    assert not Blob.objects.damaged().exists()
    assert bytes_of(asset) == data


def test_a_damaged_blob_is_repaired_from_what_a_move_left_behind(two_stores: Path, settings: Any, alice: User) -> None:
    data = words()
    asset = put("database", settings, by=alice, data=data)
    put("database", settings, by=alice)
    move_blob(asset.blob, to="filesystem")
    blob = Blob.objects.get(assets=asset)
    path_of(blob).unlink()
    assert not verify_blob(blob)
    assert repair_blob(blob)
    assert bytes_of(asset) == data
    assert not repair_blob(Blob.objects.get(assets=asset)) or bytes_of(asset) == data


def test_the_next_upload_of_the_same_bytes_repairs_them(two_stores: Path, settings: Any, alice: User, bob: User) -> None:
    data = words()
    asset = put("filesystem", settings, by=alice, data=data)
    path_of(asset.blob).unlink()
    assert not verify_blob(asset.blob)
    put("filesystem", settings, by=bob, data=data)
    assert bytes_of(asset) == data
    assert not Blob.objects.damaged().exists()


def age(**values: Any) -> None:
    Blob.objects.update(verified_at=LONG_AGO, **values)


def test_every_hour_has_its_share_whoever_does_it(two_stores: Path, settings: Any, alice: User) -> None:
    settings.HOLDFAST_VERIFY_DAYS = 1
    for number in range(30):  # of 30 in a day, two an hour
        put("database", settings, by=alice, data=words(100 + number))
    age()
    assert [verify_some() for _minute in range(3)] == [2, 0, 0]
    age(checked_at=timezone.now() - timedelta(hours=2))
    assert verify_some() == 2
    settings.HOLDFAST_VERIFY_DAYS = 0
    age(checked_at=None)
    assert verify_some() == 0


def test_a_few_files_are_not_read_over_and_over(two_stores: Path, settings: Any, alice: User) -> None:
    """Each hour one of them: of large ones in a bucket, that is a bill."""
    settings.HOLDFAST_VERIFY_DAYS = 10
    for number in range(10):  # one a day
        put("database", settings, by=alice, data=words(100 + number))
    read = [_an_hour_later() for _hour in range(48)]
    assert (sum(read), read.index(1), read.index(1, 1)) == (2, 0, 24)


def _an_hour_later() -> int:
    Blob.objects.exclude(checked_at=None).update(checked_at=F("checked_at") - timedelta(hours=1, seconds=1))
    return verify_some()


def test_a_turn_ends_in_time_and_goes_on_with_the_next(
    two_stores: Path, settings: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOLDFAST_VERIFY_DAYS = 1
    for number in range(30):
        put("database", settings, by=alice, data=words(1000 + number))
    age()
    monkeypatch.setattr(verification, "TURN_BYTES", 999)
    assert [verify_some() for _minute in range(3)] == [1, 1, 0]


@pytest.mark.damaged
def test_damaged_ones_are_tried_again_and_take_nobodys_turn(two_stores: Path, settings: Any, alice: User) -> None:
    settings.HOLDFAST_VERIFY_DAYS = 100
    data = words()
    asset, good = put("filesystem", settings, by=alice, data=data), put("filesystem", settings, by=alice)
    Blob.objects.update(verified_at=LONG_AGO)
    Blob.objects.filter(pk=asset.blob.pk).update(verified_at=LONG_AGO - timedelta(days=1))
    kept = path_of(asset.blob).read_bytes()
    path_of(asset.blob).unlink()
    assert verify_some() == 2, "it is found, and the share of the hour is still to be read"
    assert Blob.objects.damaged().get() == asset.blob
    assert Blob.objects.get(pk=good.blob.pk).checked_at is not None
    assert verify_some() == 0, "not again within the hour"
    path_of(asset.blob).write_bytes(kept)  # its disk is back
    Blob.objects.update(checked_at=timezone.now() - timedelta(hours=2))
    verify_some()
    assert not Blob.objects.damaged().exists()
    assert bytes_of(asset) == data


def test_a_store_that_is_away_takes_nothing_of_the_others_share(three_stores: FaultyS3, settings: Any, alice: User) -> None:
    settings.HOLDFAST_VERIFY_DAYS = 100
    away, here = put("s3", settings, by=alice).blob, put("database", settings, by=alice).blob
    Blob.objects.update(verified_at=LONG_AGO)
    Blob.objects.filter(pk=away.pk).update(verified_at=LONG_AGO - timedelta(days=1))
    three_stores.plan("head", *[Fault.ERROR_500] * 3)
    assert verify_some() == 1
    assert Blob.objects.get(pk=here.pk).checked_at is not None
    assert Blob.objects.get(pk=away.pk).checked_at is None


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_work(settings: Any, transactional_db: None) -> None:
    settings.HOLDFAST_VERIFY_DAYS = 1
    alice = User.objects.create_user("alice")
    for number in range(96):
        put("database", settings, by=alice, data=words(100 + number))
    age()
    watched = {"BACKEND": "tests.assets_app.damage.WatchedStorage"}
    settings.STORAGES = {**settings.STORAGES, "database": watched}
    read = WatchedStorage.asked = []

    def work() -> None:
        try:
            verify_some()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(read) == len(set(read)), "none was read twice"
    assert 4 <= len(read) <= 7, "one more at most for each that looked at the same moment"
    assert not PendingObject.objects.exists()
    assert Asset.objects.count() == 96
