"""What a store that fails, or is no longer configured, may cost: an answer, and never more than that."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from assets_app import storage
from assets_app.errors import StorageFull, StoreUnavailable
from assets_app.models import Asset, PendingObject
from assets_app.operations.blobs import begin_object, sweep_objects
from assets_app.operations.pictures import ask_to_examine, examine_asset
from assets_app.storage.folder import FolderStorage
from tests.assets_app.damage import put
from tests.conftest import Apis, assert_refused
from tests.make import PNG, Upload
from tests.s3 import Fault, FaultyS3

AT_ONCE = timedelta(seconds=-1)


def without_bucket(settings: Any) -> None:
    settings.STORAGES = {alias: store for alias, store in settings.STORAGES.items() if alias != "s3"}


def test_a_store_that_is_away_does_not_make_a_file_unreadable(three_stores: FaultyS3, settings: Any, alice: User) -> None:
    """Nobody would read it again: it would have no width and no duration for good."""
    asset = put("s3", settings, by=alice, data=PNG, name="a.png")
    ask_to_examine(asset=asset)
    asset.refresh_from_db()
    three_stores.plan("get", *[Fault.ERROR_500] * 3)
    with pytest.raises(StoreUnavailable):
        examine_asset(asset=asset)
    assert Asset.objects.filter(facts_version=0, facts_error="").exists()
    examine_asset(asset=asset)
    assert Asset.objects.get().facts["width"]


@pytest.mark.damaged
def test_what_was_begun_in_a_store_that_is_gone_keeps_nothing_else(three_stores: FaultyS3, settings: Any, db: None) -> None:
    """Otherwise no object of any store would ever be swept again."""
    begin_object("s3")
    begun = begin_object("database")
    storage.write_object(begun.store, begun.key, [b"x"])
    without_bucket(settings)
    for _first_and_second in range(2):
        sweep_objects(abandoned_for=AT_ONCE, late_arrival=AT_ONCE)
    assert list(storage.object_store("database").keys()) == []
    assert [each.store for each in PendingObject.objects.all()] == ["s3"]


@pytest.mark.damaged
def test_a_file_of_a_store_that_is_gone_is_told_to_be_away(three_stores: FaultyS3, settings: Any, alice: User, api: Apis) -> None:
    asset = put("s3", settings, by=alice)
    without_bucket(settings)
    assert_refused(api(alice).get(f"/api/v2/assets/{asset.pk}/data"), 503, "STORE_UNAVAILABLE")


def test_a_folder_that_cannot_be_written_to_is_told_to_be_away(two_stores: Path, settings: Any, alice: User, api: Apis) -> None:
    two_stores.write_text("a file where the folder should be")
    settings.HOLDFAST_BLOB_STORE = "filesystem"
    assert_refused(api(alice).post_form("/api/v2/upload-asset", file=Upload(PNG, "photo.png")), 503, "STORE_UNAVAILABLE")
    assert not PendingObject.objects.filter(state=PendingObject.State.NEW).exists()
    two_stores.unlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is a thing of Linux")
def test_a_disk_that_is_full_says_so(tmp_path: Path) -> None:
    writer = FolderStorage(location=tmp_path).open_writer(storage.new_key())
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._file)
    os.close(full)
    with pytest.raises(StorageFull):
        writer.write(b"x")
    writer.abort()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
