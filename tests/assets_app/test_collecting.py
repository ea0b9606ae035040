"""Collecting meets uploads at its worst moments: each is brought about here, and not waited for."""

import io
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from assets_app import storage
from assets_app.errors import StoreUnavailable
from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from assets_app.operations.blobs import condemn_blobs, delete_condemned, discard_object, sweep_objects
from assets_app.operations.intake import Intake, keep_asset, receive_bytes, store_asset
from tests.assets_app.damage import purge
from tests.make import PNG, make_asset

AT_ONCE = timedelta(0)


def beside(work: Callable[[], object]) -> Thread:
    """In a thread with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def leave_unused_blob(user: User) -> None:
    purge(make_asset(by=user))


@pytest.mark.django_db(transaction=True)
def test_bytes_that_are_being_attached_are_not_condemned(alice: User) -> None:
    """With no grace, a file would be lost that somebody is just being told is kept."""
    leave_unused_blob(alice)
    is_held, may_end = Event(), Event()

    def attach() -> None:
        with receive_bytes(io.BytesIO(PNG), name="photo.png") as received, transaction.atomic():
            keep_asset(received, by=alice)
            is_held.set()
            may_end.wait(1)  # as long as on SQLite the collector waits

    thread = beside(attach)
    assert is_held.wait(30)
    condemned = condemn_blobs(grace=AT_ONCE)
    may_end.set()
    thread.join()
    assert condemned == 0
    assert delete_condemned(reprieve=AT_ONCE) == 0
    assert (Asset.objects.count(), Blob.objects.get().state) == (1, Blob.State.LIVE)


@pytest.mark.django_db(transaction=True)
def test_a_long_sweep_goes_on_while_others_write(db: None) -> None:
    """SQLite refuses to write under a cursor that is older than what others wrote: the disk would never be freed."""
    PendingObject.objects.bulk_create(PendingObject(key=f"x{n}", store="database", state="sweep") for n in range(450))
    is_over = Event()

    def write() -> None:
        number = 0
        while not is_over.wait(0.002):
            PendingObject.objects.create(key=f"y{number}", store="database")
            number += 1

    thread = beside(write)
    try:
        sweep_objects(late_arrival=AT_ONCE)
        assert sweep_objects(late_arrival=AT_ONCE) == 450
    finally:
        is_over.set()
        thread.join()


def finish_late(intake: Intake, user: User) -> None:
    intake.write(b"the rest")
    intake.finish()
    store_asset(intake, name="slow.txt", by=user)


@pytest.mark.parametrize("store", ["database", "filesystem"])
def test_who_is_too_slow_is_told_and_leaves_nothing(alice: User, store: str, settings: Any) -> None:
    """Pieces that arrive after the sweep: nobody would know of them, and nobody would ever delete them."""
    settings.HOLDFAST_BLOB_STORE = store
    before = set(storage.object_store(store).keys())
    intake = Intake()
    intake.write(b"x" * 5 * storage.CHUNK_BYTES)
    for _first_and_second in range(2):
        sweep_objects(abandoned_for=AT_ONCE, late_arrival=AT_ONCE)
    with pytest.raises(StoreUnavailable):
        finish_late(intake, alice)
    intake.discard()
    assert not Asset.objects.exists()
    assert not PendingObject.objects.exists()
    assert set(storage.object_store(store).keys()) == before


def test_what_the_sweep_took_first_is_discarded_without_a_word(alice: User) -> None:
    """The copy of bytes that are here already: its upload had succeeded, and must not fail over tidying up."""
    intake = Intake()
    intake.write(PNG)
    intake.finish()
    PendingObject.objects.all().delete()
    intake.discard()
    assert list(storage.object_store(intake.store).keys()) == []


@pytest.mark.damaged
@pytest.mark.parametrize("wrong", ["gone", "flipped"])
def test_bytes_that_are_sent_again_cure_those_that_are_here(alice: User, wrong: str) -> None:
    """To thank somebody for the right bytes, and throw them away for bytes that are lost, would be to lose them twice."""
    first = make_asset(by=alice)
    chunks = BlobChunk.objects.filter(key=first.blob.key)
    if wrong == "gone":
        chunks.delete()
    else:
        chunks.update(data=PNG[:-1] + b"?")
        Blob.objects.update(verified_at=timezone.now() - timedelta(hours=2))
    second = make_asset(by=alice)
    for asset in (first, second):
        asset.refresh_from_db()
        assert b"".join(storage.iter_object(asset.blob.store, asset.blob.key)) == PNG


@pytest.mark.django_db(transaction=True)
def test_bytes_whose_commit_is_under_way_are_not_discarded(alice: User) -> None:
    """A sender whose connection broke during the commit tidies up, while the commit comes through."""
    is_made, may_commit = Event(), Event()
    begun: list[PendingObject] = []

    def keep() -> None:
        with receive_bytes(io.BytesIO(PNG), name="photo.png") as received, transaction.atomic():
            begun.append(PendingObject.objects.get(key=received.key))
            keep_asset(received, by=alice)
            is_made.set()
            may_commit.wait(20)

    keeping = beside(keep)
    is_made.wait(20)
    discarding = beside(lambda: discard_object(begun[0]))
    discarding.join(1)
    may_commit.set()
    keeping.join()
    discarding.join()
    assert b"".join(storage.iter_object("database", Blob.objects.get().key)) == PNG
