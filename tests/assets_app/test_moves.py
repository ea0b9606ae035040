"""Bytes change their store. Whoever loses a byte, or a reader, on the way has lost it for good."""

import io
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from assets_app import storage
from assets_app.models import Asset, Blob, PendingObject, Thumbnail
from assets_app.operations.assets import edit_asset
from assets_app.operations.blobs import collect_blobs, condemn_blobs, delete_condemned, sweep_objects
from assets_app.operations.intake import keep_asset, receive_bytes
from assets_app.operations.moves import Outcome, blobs_to_move, move_blob
from assets_app.progress import Progress
from tests.assets_app.damage import bytes_of, flip_a_byte, path_of, purge, put, words
from tests.s3 import Fault, FaultyS3

WAYS = [("database", "filesystem"), ("filesystem", "database"), ("database", "s3"), ("s3", "filesystem")]


def move(to: str, **options: Any) -> str:
    output = io.StringIO()
    call_command("move_blobs", to=to, stdout=output, stderr=output, **options)
    return output.getvalue()


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_moved_bytes_are_the_same_and_whoever_is_reading_them_reads_on(
    source: str, target: str, three_stores: FaultyS3, settings: Any, alice: User
) -> None:
    data = words()
    asset = put(source, settings, by=alice, data=data)
    old = asset.blob
    reading = storage.iter_object(old.store, old.key, 0, old.size_bytes)
    begun = next(reading)

    assert "Summary: 1 moved, 0 already there, 0 damaged, 0 failed" in move(target)

    blob = Blob.objects.get()
    assert (blob.pk, blob.store, blob.key != old.key) == (old.pk, target, True)
    assert bytes_of(asset) == data
    assert begun + b"".join(reading) == data
    pending = PendingObject.objects.get(key=old.key)
    assert (pending.store, pending.state) == (source, "new")
    sweep_objects(abandoned_for=timedelta(0))
    assert list(storage.object_store(source).keys()) == []
    assert "Summary: 0 moved, 1 already there" in move(target)


def test_what_the_target_has_already_is_used_and_the_rest_is_collected(two_stores: Path, settings: Any, alice: User) -> None:
    data = words()
    here, there = put("database", settings, by=alice, data=data), put("filesystem", settings, by=alice, data=data)
    Thumbnail.objects.create(asset=there, width=160, blob=here.blob)
    Blob.objects.update(used_at=timezone.now() - timedelta(days=3))
    assert "Summary: 0 moved, 2 already there" in move("filesystem")
    assert set(Asset.objects.values_list("blob", flat=True)) == {there.blob.pk}
    assert Thumbnail.objects.get().blob == there.blob
    collect_blobs()
    assert Blob.objects.get(pk=here.blob.pk).state == "live", "somebody may still be reading it"
    assert not blobs_to_move(to="filesystem").exists()
    Blob.objects.filter(pk=here.blob.pk).update(used_at=timezone.now() - timedelta(days=3))
    collect_blobs()
    assert Blob.objects.get(pk=here.blob.pk).state == "condemned"
    assert Blob.objects.get(pk=there.blob.pk).state == "live"


def test_a_damaged_twin_gets_the_good_bytes(two_stores: Path, settings: Any, alice: User) -> None:
    data = words()
    here, there = put("database", settings, by=alice, data=data), put("filesystem", settings, by=alice, data=data)
    flip_a_byte(there.blob)
    assert move_blob(here.blob, to="filesystem") == Outcome.THERE
    assert Blob.objects.get(pk=there.blob.pk).damaged_at is None
    assert bytes_of(there) == bytes_of(here) == data


@pytest.mark.damaged
@pytest.mark.parametrize("store", ["database", "filesystem"])
def test_damaged_bytes_are_not_moved_but_told(store: str, two_stores: Path, settings: Any, alice: User) -> None:
    bad, good = put(store, settings, by=alice), put(store, settings, by=alice)
    flip_a_byte(bad.blob)
    output = io.StringIO()
    to = "filesystem" if store == "database" else "database"
    with pytest.raises(CommandError):
        call_command("move_blobs", to=to, stdout=output, stderr=output)
    assert "Summary: 1 moved, 0 already there, 1 damaged, 0 failed" in output.getvalue()
    blob = Blob.objects.get(pk=bad.blob.pk)
    assert (blob.store, blob.key, "sha256" in blob.damage) == (store, bad.blob.key, True)
    assert Blob.objects.get(pk=good.blob.pk).store == to
    assert list(storage.object_store(to).keys()) == [Blob.objects.get(pk=good.blob.pk).key]


def test_what_others_do_during_the_copy_wins(two_stores: Path, settings: Any, alice: User) -> None:
    """Another mover, the collector, or an upload of the same bytes to the target: each comes in the middle of a copy."""
    data = words()

    def twice(_size: int) -> None:
        if Blob.objects.get(pk=moved.blob.pk).store == "database":
            move_blob(moved.blob, to="filesystem")

    moved = put("database", settings, by=alice, data=data)
    assert move_blob(moved.blob, to="filesystem", on_bytes=twice) == Outcome.GONE
    assert bytes_of(moved) == data

    unused = put("database", settings, by=alice)
    purge(unused)

    def condemn(_size: int) -> None:
        Blob.objects.filter(pk=unused.blob.pk).update(state="condemned")

    assert move_blob(unused.blob, to="filesystem", on_bytes=condemn) == Outcome.GONE
    assert Blob.objects.get(pk=unused.blob.pk).store == "database"

    uploaded = put("database", settings, by=alice, data=(more := words()))

    def upload(_size: int) -> None:
        if Blob.objects.filter(store="filesystem", sha256=uploaded.blob.sha256).count() == 0:
            put("filesystem", settings, by=alice, data=more)

    assert move_blob(uploaded.blob, to="filesystem", on_bytes=upload) == Outcome.THERE
    assert bytes_of(uploaded) == more
    named = set(Blob.objects.filter(store="filesystem").values_list("key", flat=True))
    assert set(storage.object_store("filesystem").keys()) == named, "copies that were not needed are gone"


def test_what_a_store_refuses_stays_where_it_was(three_stores: FaultyS3, settings: Any, alice: User) -> None:
    assets = [put("database", settings, by=alice) for _number in range(3)]
    three_stores.plan("put", *[Fault.DENIED] * 20)
    three_stores.plan("create", *[Fault.DENIED] * 20)
    output = io.StringIO()
    with pytest.raises(CommandError, match="run it again"):
        call_command("move_blobs", to="s3", stdout=output, stderr=output)
    assert "Summary: 0 moved, 0 already there, 0 damaged, 3 failed" in output.getvalue()
    assert set(Blob.objects.values_list("store", flat=True)) == {"database"}
    three_stores.planned.clear()
    assert "Summary: 3 moved" in move("s3")
    assert all(len(bytes_of(asset)) == asset.blob.size_bytes for asset in assets)


def test_an_upload_that_tidies_up_takes_nothing_from_readers_of_bytes_that_moved(
    two_stores: Path, settings: Any, alice: User
) -> None:
    """Between the commit of an upload and its end, its bytes are moved, and somebody is reading them where they were."""
    data = words()
    with receive_bytes(io.BytesIO(data), name="a.txt") as received:
        old = keep_asset(received, by=alice).blob
        reading = storage.iter_object(old.store, old.key, 0, old.size_bytes)
        begun = next(reading)
        assert move_blob(old, to="filesystem") == Outcome.MOVED
    assert begun + b"".join(reading) == data


def test_a_rehearsal_writes_nothing_and_a_limit_is_kept(two_stores: Path, settings: Any, alice: User) -> None:
    for _number in range(3):
        put("database", settings, by=alice, data=words(1000))
    assert "Would move 3 blobs (0.0 MB) to filesystem." in move("filesystem", dry_run=True)
    assert not PendingObject.objects.exists()
    assert "Summary: 2 moved" in move("filesystem", limit=2)
    assert Blob.objects.filter(store="database").count() == 1


def test_what_is_condemned_or_left_over_is_left_to_the_collector(two_stores: Path, settings: Any, alice: User) -> None:
    asset = put("database", settings, by=alice)
    purge(asset)
    Blob.objects.update(state="condemned")
    assert "Summary: 0 moved" in move("filesystem")
    assert Blob.objects.get().store == "database"


@pytest.mark.parametrize(("arguments", "told"), [(["s3"], "not configured"), (["filesystem", "--rate", "-1"], "above 0")])
def test_a_move_that_makes_no_sense_is_refused(db: None, arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("move_blobs", "--to", *arguments)


def test_ctrl_c_ends_a_move_cleanly(two_stores: Path, settings: Any, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = put("database", settings, by=alice)

    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "add_bytes", interrupted)
    with pytest.raises(CommandError, match="run it again for the rest") as stopped:
        move("filesystem")
    assert stopped.value.returncode == 130
    assert Blob.objects.get().store == "database"
    assert not PendingObject.objects.exists()
    assert not [path for path in two_stores.rglob("*") if path.is_file()]
    assert not path_of(asset.blob).exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_how_far_it_is_and_a_rate_is_kept(two_stores: Path, settings: Any, alice: User) -> None:
    put("database", settings, by=alice, data=words(4_000_000))
    terminal = Terminal()
    began = timezone.now()
    call_command("move_blobs", to="filesystem", rate=10.0, stdout=terminal, stderr=io.StringIO())
    assert timezone.now() - began >= timedelta(seconds=0.35)
    assert re.search(r"3/4 MB  \d+\.\d MB/s", terminal.getvalue())
    assert "s left" in terminal.getvalue()
    assert terminal.getvalue().endswith("Summary: 1 moved, 0 already there, 0 damaged, 0 failed\n")


class Crowd:
    """Threads that do things at once; what goes wrong in them is kept."""

    def __init__(self, kept: dict[Any, bytes], by: User) -> None:
        self.kept, self.by = kept, by
        self.faults: list[BaseException] = []

    def run(self, *things: Callable[[], object]) -> None:
        threads = [threading.Thread(target=self._do, args=(thing,)) for thing in things]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _do(self, thing: Callable[[], object]) -> None:
        try:
            thing()
        except BaseException as fault:  # a thread that dies tells nobody else
            self.faults.append(fault)
        finally:
            connection.close()

    def move(self, to: str) -> None:
        for _round in range(3):
            for blob in list(blobs_to_move(to=to)):
                move_blob(blob, to=to)

    def collect(self) -> None:
        for _round in range(12):
            condemn_blobs(grace=timedelta(0))
            delete_condemned(reprieve=timedelta(0))

    def edit(self) -> None:
        for pk in self.kept:
            edit_asset(asset=Asset.objects.get(pk=pk), by=self.by, tags=["edited"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("transactional_db", "two_stores")
def test_movers_in_opposite_ways_with_the_collector_and_people_lose_no_byte(settings: Any) -> None:
    alice = User.objects.create_user("alice")
    kept = {}
    for number in range(16):
        data = words(500 + number)
        for store in ("database", "filesystem") if number % 2 else ("database",):
            kept[put(store, settings, by=alice, data=data).pk] = data
    crowd = Crowd(kept, alice)
    crowd.run(partial(crowd.move, "filesystem"), partial(crowd.move, "database"), crowd.collect, crowd.edit)
    assert crowd.faults == []
    assert {pk: bytes_of(Asset.objects.get(pk=pk)) for pk in kept} == kept
