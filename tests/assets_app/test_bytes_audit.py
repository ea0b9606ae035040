"""Whatever is wrong with kept bytes is found by the auditor, not by the one who needs them; and what can be mended is."""

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from assets_app import parsing, storage
from assets_app.models import Asset, AssetTag, Blob, BlobChunk, Job, PendingObject, StorageUse
from assets_app.operations.blobs import begin_object, sweep_objects
from assets_app.operations.verification import verify_blob
from tests.assets_app.damage import bytes_of, flip_a_byte, path_of, put, words
from tests.s3 import BUCKET, Fault, FaultyS3

pytestmark = pytest.mark.damaged


def fsck(*options: str) -> dict[str, Any]:
    """What it says, and whether its status agrees."""
    output = StringIO()
    try:
        call_command("fsck", "--json", *options, stdout=output)
        failed = False
    except CommandError:
        failed = True
    report: dict[str, Any] = json.loads(output.getvalue())
    assert failed == bool(report["findings"]) == (not report["ok"])
    return report


def found(*options: str) -> list[tuple[str, str]]:
    return [(finding["invariant"], finding["message"]) for finding in fsck(*options)["findings"]]


def chunks(blob: Blob, **where: Any) -> Any:
    return BlobChunk.objects.filter(key=blob.key, **where)


def cut(blob: Blob) -> None:
    with path_of(blob).open("r+b") as file:
        file.truncate(5)


CHEAP: dict[str, tuple[str, Callable[[Blob], object], str, str]] = {
    "all chunks gone": ("database", lambda blob: chunks(blob).delete(), "I6", "gone"),
    "a chunk in the middle gone": ("database", lambda blob: chunks(blob, index=1).delete(), "I12", "2 pieces end with number 2"),
    "the last chunk gone": ("database", lambda blob: chunks(blob, index=2).delete(), "I12", "have 2097152 of 2098152"),
    "a chunk cut": ("database", lambda blob: chunks(blob, index=0).update(data=b"x"), "I12", "pieces"),
    "a file gone": ("filesystem", lambda blob: path_of(blob).unlink(), "I6", "gone"),
    "a file cut": ("filesystem", cut, "I6", "has 5 bytes, not 2098152"),
}


@pytest.mark.usefixtures("two_stores")
@pytest.mark.parametrize("damage", CHEAP)
def test_missing_and_cut_bytes_are_found_and_mended_from_a_copy(damage: str, settings: Any, alice: User) -> None:
    store, do, invariant, told = CHEAP[damage]
    data = words()
    asset = put(store, settings, by=alice, data=data, name="valued.txt")
    do(asset.blob)
    (finding,) = fsck()["findings"]
    assert finding["invariant"] == invariant
    assert told in finding["message"]
    assert "'valued.txt'" in finding["message"]
    assert not finding["is_repairable"]
    assert fsck("--repair")["repaired"] == []
    assert Blob.objects.damaged().exists(), "so that the next upload of the same bytes takes their place"

    put("filesystem" if store == "database" else "database", settings, by=alice, data=data)
    report = fsck("--repair")
    assert (len(report["repaired"]), report["ok"]) == (1, True)
    assert bytes_of(asset) == data
    assert fsck("--verify-bytes")["ok"]


@pytest.mark.parametrize("store", ["database", "filesystem", "s3"])
def test_a_flipped_byte_is_found_by_who_reads_all(store: str, three_stores: FaultyS3, settings: Any, alice: User) -> None:
    data = words()
    asset = put(store, settings, by=alice, data=data)
    flip_a_byte(asset.blob, three_stores)
    assert found() == []
    assert found("--verify-bytes", "--sample", "0.00001%") == []
    ((invariant, message),) = found("--verify-bytes", "--sample=100%")
    assert (invariant, "its sha256 is" in message) == ("I6", True)
    assert not Blob.objects.damaged().exists(), "who only looks changes nothing"
    verify_blob(asset.blob)
    assert "found damaged at" in found()[0][1]
    put("filesystem" if store == "database" else "database", settings, by=alice, data=data)
    assert len(fsck("--verify-bytes", "--repair")["repaired"]) == 1
    assert bytes_of(asset) == data


@pytest.mark.parametrize("sample", ["0%", "101%", "some"])
def test_a_sample_that_is_none_is_refused(db: None, sample: str) -> None:
    with pytest.raises(CommandError, match="no part of all bytes"):
        call_command("fsck", "--verify-bytes", "--sample", sample)


def test_orphans_are_found_in_every_store_and_go_after_the_time_of_grace(
    three_stores: FaultyS3, settings: Any, alice: User
) -> None:
    for store in storage.configured_stores():
        put(store, settings, by=alice)
        storage.write_object(store, storage.new_key(), [b"orphan"])
    three_stores.client.create_multipart_upload(Bucket=BUCKET, Key=storage.new_key())
    report = fsck()
    assert [finding["message"] for finding in report["findings"]] == ["no row knows this object"] * 4
    assert {finding["subject"].split()[-1] for finding in report["findings"]} == {"database", "filesystem", "s3"}
    report = fsck("--repair")
    assert (len(report["repaired"]), report["ok"]) == (4, True)
    assert PendingObject.objects.count() == 4
    sweep_objects(abandoned_for=timedelta(0))
    kept = chain.from_iterable(storage.object_store(store).keys() for store in storage.configured_stores())
    assert set(kept) == set(Blob.objects.values_list("key", flat=True))
    assert three_stores.uploads() == []


def test_what_others_keep_in_the_same_place_is_told_and_never_deleted(two_stores: Path, db: None) -> None:
    theirs = two_stores / "lost+found" / ("x" * 200)
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    report = fsck("--repair")
    assert ("no name of ours" in report["findings"][0]["message"], report["repaired"]) == (True, [])
    assert not PendingObject.objects.exists()
    assert theirs.read_text() == "theirs"


def test_an_object_that_is_being_written_is_no_orphan(two_stores: Path, db: None) -> None:
    for store in ("database", "filesystem"):
        writer = storage.object_store(store).open_writer(begin_object(store).key)
        writer.write(b"x" * 5 * storage.CHUNK_BYTES)
        assert found() == []
        writer.abort()


def test_files_that_nobody_goes_on_writing_are_found_and_removed(two_stores: Path, settings: Any, alice: User) -> None:
    asset = put("filesystem", settings, by=alice)
    own = path_of(asset.blob)
    beside, alone, young = (own.with_name(name) for name in (own.name, own.name[:2] + "0" * 30, own.name[:2] + "1" * 30))
    for path in (beside, alone, young):
        path.with_name(path.name + ".begun").write_bytes(b"half")
    for path in (beside, alone):
        os.utime(path.with_name(path.name + ".begun"), (time.time() - 90_000,) * 2)
    assert sorted(invariant for invariant, _message in found()) == ["I12", "I12", "I7"]
    assert fsck("--repair")["ok"]
    assert sorted(path.name for path in two_stores.rglob("*.begun")) == [f"{young.name}.begun"]
    assert len(bytes_of(asset)) == asset.blob.size_bytes


def test_pending_objects_that_nobody_sweeps_are_found(db: None, settings: Any) -> None:
    grace = timedelta(hours=settings.HOLDFAST_BLOB_GRACE_HOURS)
    PendingObject.objects.create(store="database", key="waits", created_at=timezone.now() - 1.9 * grace)
    assert found() == []
    PendingObject.objects.update(created_at=timezone.now() - 2.1 * grace)
    ((invariant, message),) = found()
    assert invariant == "I8"
    assert "1 have been pending" in message


def test_a_condemned_blob_that_is_used_is_found(two_stores: Path, settings: Any, alice: User) -> None:
    asset = put("database", settings, by=alice)
    Blob.objects.update(state="condemned")
    ((invariant, message),) = found()
    assert invariant == "I7"
    assert str(asset.pk) in message


def test_wrong_copies_are_found_and_made_anew(two_stores: Path, settings: Any, alice: User, bob: User) -> None:
    tagged, other = put("database", settings, by=alice), put("database", settings, by=alice, name="b.md")
    Asset.objects.filter(pk=tagged.pk).update(tags=["ward", "east"], facts_version=parsing.VERSION + 1)
    AssetTag.objects.create(asset=other, tag="nobody's")
    StorageUse.objects.filter(user=alice).update(bytes=7)
    StorageUse.objects.create(user=bob, files=3)
    Job.objects.all().delete()
    messages = [message for invariant, message in found() if invariant == "C2"]
    assert len(messages) == 5
    report = fsck("--repair")
    assert (len(report["repaired"]), report["ok"]) == (5, True)
    assert set(AssetTag.objects.values_list("asset", "tag")) == {(tagged.pk, "ward"), (tagged.pk, "east")}
    assert StorageUse.objects.get(user=alice).bytes == tagged.blob.size_bytes + other.blob.size_bytes
    assert Job.objects.get().task == "examine_asset"


def test_a_store_that_does_not_answer_is_told_and_is_no_damage(three_stores: FaultyS3, settings: Any, alice: User) -> None:
    put("s3", settings, by=alice)
    three_stores.plan("head", *[Fault.ERROR_500] * 3)
    ((invariant, message),) = found("--repair")
    assert (invariant, "could not be looked at" in message) == ("I6", True)
    three_stores.plan("list", *[Fault.ERROR_500] * 3)
    ((invariant, message),) = found()
    assert (invariant, "could not be listed" in message) == ("I7", True)
    settings.STORAGES = {name: value for name, value in settings.STORAGES.items() if name != "s3"}
    assert [invariant for invariant, _message in found()] == ["I6"]
    assert not Blob.objects.damaged().exists()


def test_one_session_is_checked_without_all_the_bytes(two_stores: Path, settings: Any, alice: User) -> None:
    chunks(put("database", settings, by=alice).blob).delete()
    assert found("--session", "checks-1") == []
