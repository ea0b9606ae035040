"""What staff do to files: each action has its effect, tells how many it was done to, and why not to the others."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_settings

from assets_app.admin import telling, verifying
from assets_app.models import Asset, Blob, Job, PendingObject, StorageUse
from assets_app.operations.assets import delete_asset
from assets_app.operations.blobs import begin_object
from assets_app.operations.pictures import examine_asset
from assets_app.operations.quotas import limits_of, use_of
from assets_app.operations.sharing import create_link
from assets_app.operations.verification import verify_blob
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.assets_app.staff import ASSETS, BLOBS, LIMIT, LINKS, PENDING, USES, act, damage, listed, png
from tests.conftest import Page, words
from tests.make import make_asset, make_session


@pytest.fixture
def asset(alice: User) -> Asset:
    return make_asset(by=alice)


@pytest.fixture
def another_store(settings: Any, tmp_path: Path) -> str:
    """A folder of its own as a store beside the database."""
    configured = dict(settings.STORAGES)
    configured["filesystem"] = {**configured["filesystem"], "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = configured
    return "filesystem"


# --- doing -----------------------------------------------------------------------------------------------------------


def test_files_go_to_the_trash_and_come_back(asset: Asset, alice: User, sam: User, page: Page) -> None:
    used = make_asset(by=alice, data=png(1), name="used.png")
    attach_file(session=make_session(by=alice), asset=used, role=SessionFile.Role.ATTACHMENT, by=alice)
    client = page(sam)
    told = words(act(client, "move_to_trash", asset, used))
    assert "1 file moved to the trash." in told
    assert "1 file left alone: 'used.png' is needed. A file of the session “Checks”" in told
    asset.refresh_from_db()
    assert asset.deleted_by == sam
    assert "1 file left alone: in the trash already." in words(act(client, "move_to_trash", asset))
    told = words(act(client, "bring_back", asset, used))
    assert "1 file brought back from the trash." in told
    assert "1 file left alone: not in the trash." in told
    asset.refresh_from_db()
    assert asset.deleted_at is None


def test_files_are_published_and_unpublished(asset: Asset, sam: User, page: Page) -> None:
    client = page(sam)
    address = f"/b/{asset.blob.sha256}"
    assert "1 file published" in words(act(client, "publish", asset))
    assert Client().get(address).status_code == 200
    assert "left alone: published already" in words(act(client, "publish", asset))
    assert "1 file no longer public" in words(act(client, "unpublish", asset))
    assert Client().get(address).status_code == 404
    assert "left alone: not published" in words(act(client, "unpublish", asset))


def test_what_is_in_the_trash_is_left_alone(asset: Asset, alice: User, sam: User, page: Page) -> None:
    link, _ = create_link(asset=asset, by=alice)
    delete_asset(asset=asset, by=alice)
    client = page(sam)
    for action in ("examine", "publish", "unpublish", "make_link", "take_back_links"):
        assert "left alone: in the trash" in words(act(client, action, asset)).replace("of a file in", "in"), action
    link.refresh_from_db()
    assert link.revoked_at is None


def test_facts_are_read_again(asset: Asset, alice: User, sam: User, page: Page) -> None:
    archive = make_asset(by=alice, data=b"BZh91AY&SY" + bytes(40), name="old.bz2")
    Job.objects.all().delete()
    told = words(act(page(sam), "examine", asset, archive))
    assert "1 file will be read by a worker." in told
    assert "left alone: nothing is read of files of this kind" in told
    assert Job.objects.get().payload == {"asset": str(asset.pk)}
    assert asset.name in words(page(sam).get("/admin/assets_app/job/", {"q": str(asset.pk)}))


def test_the_address_of_a_new_link_is_shown_once_and_kept_nowhere(asset: Asset, sam: User, page: Page) -> None:
    client = page(sam)
    answer = act(client, "make_link", asset)
    found = re.search(r"<code>http://testserver(/s/[^<]+)</code>", answer.content.decode())
    assert found is not None
    assert "no-store" in answer["Cache-Control"]
    assert Client().get(found[1]).status_code == 200
    secret = found[1].rpartition("/")[2]
    for path in (ASSETS, f"{ASSETS}{asset.pk}/change/", LINKS):
        assert secret not in client.get(path).content.decode()
    assert secret not in str(client.cookies)
    assert "1 link taken back." in words(act(client, "take_back_links", asset))
    assert Client().get(found[1]).status_code == 404
    assert "nothing to do" in words(act(client, "take_back_links", asset))


def test_one_link_is_taken_back_and_others_stay(asset: Asset, alice: User, sam: User, page: Page) -> None:
    (gone, _), (stays, _) = (create_link(asset=asset, by=alice) for _ in range(2))
    client = page(sam)
    assert "1 link taken back." in words(act(client, "take_back", gone, at=LINKS))
    assert "left alone: taken back already" in words(act(client, "take_back", gone, at=LINKS))
    stays.refresh_from_db()
    assert stays.state == "open"
    assert words(client.get(f"{LINKS}?state=revoked")).count("photo.png") == 1
    assert "sha256" not in client.get(f"{LINKS}{stays.pk}/change/").content.decode()
    assert stays.digest not in client.get(f"{LINKS}{stays.pk}/change/").content.decode()


def test_what_is_done_on_the_page_of_a_file_ends_there(asset: Asset, sam: User, page: Page) -> None:
    here = f"{ASSETS}{asset.pk}/change/"
    client = page(sam)
    answer = act(client, "publish", asset, back_to=str(asset.pk))
    assert answer.redirect_chain == [(here, 302)]
    assert "1 file published" in words(answer)
    for elsewhere in (str(uuid4()), "//evil.example/", "x"):
        assert act(client, "unpublish", asset, back_to=elsewhere).redirect_chain == [(ASSETS, 302)]


def test_ids_that_are_none_do_nothing(asset: Asset, sam: User, page: Page) -> None:
    client = page(sam)
    for forged in ("x", "0", str(uuid4()), "' OR 1=1"):
        answer = client.post(ASSETS, {"action": "move_to_trash", "_selected_action": forged}, follow=True)
        assert answer.status_code < 500, forged
    asset.refresh_from_db()
    assert asset.deleted_at is None


# --- bytes -----------------------------------------------------------------------------------------------------------


@pytest.mark.damaged
def test_wrong_bytes_are_found_listed_and_told(asset: Asset, alice: User, sam: User, page: Page) -> None:
    right = make_asset(by=alice, data=png(1), name="right.png")
    damage(asset)
    client = page(sam)
    told = words(act(client, "verify_bytes", asset, right))
    assert "The bytes of 1 file were read again, and are right." in told
    assert "The bytes of 1 file are wrong or gone." in told
    assert listed(client.get(f"{ASSETS}?problem=damaged")) == listed(client.get(f"{ASSETS}?problem=any")) == {"photo.png"}
    listing = words(client.get(f"{BLOBS}?bytes=damaged"))
    assert asset.blob.sha256[:12] in listing
    assert right.blob.sha256[:12] not in listing
    for path in (f"{ASSETS}{asset.pk}/change/", f"{BLOBS}{asset.blob_id}/change/"):
        assert "its sha256 is" in words(client.get(path))


@pytest.mark.damaged
def test_wrong_bytes_are_repaired_from_another_copy(asset: Asset, alice: User, sam: User, page: Page, another_store: str) -> None:
    client = page(sam)
    assert "nothing is known to be wrong with them" in words(act(client, "repair_bytes", asset))
    damage(asset)
    verify_blob(asset.blob)
    assert "there is no other copy of these bytes anywhere" in words(act(client, "repair_bytes", asset.blob, at=BLOBS))
    with override_settings(HOLDFAST_BLOB_STORE=another_store):
        copy = make_asset(by=alice, name="copy.png")
    assert copy.blob_id != asset.blob_id
    assert "1 file repaired from another copy." in words(act(client, "repair_bytes", asset))
    blob = Blob.objects.get(pk=asset.blob_id)
    assert (blob.damaged_at, verify_blob(blob)) == (None, True)


def test_a_store_that_is_away_is_no_damage(asset: Asset, sam: User, page: Page) -> None:
    store = asset.blob.store
    Blob.objects.update(store="s3")
    told = words(act(page(sam), "verify_bytes", asset))
    assert "The store s3 is not configured" in told
    assert "1 file not read; that says nothing about the bytes" in told
    assert not Blob.objects.damaged().exists()
    Blob.objects.update(store=store)


def test_verifying_much_ends_before_the_patience_of_who_waits(
    alice: User, sam: User, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = [make_asset(by=alice, data=png(n), name=f"{n}.png") for n in range(3)]
    monkeypatch.setattr(verifying, "SECONDS", -1.0)
    client = page(sam)
    told = words(act(client, "verify_bytes", *assets))
    assert "The bytes of 1 file were read again" in told
    assert "2 files not read" in told
    before = set(Blob.objects.values_list("verified_at", flat=True))
    act(client, "verify_bytes", *assets)
    assert len(before & set(Blob.objects.values_list("verified_at", flat=True))) == 2  # the longest unread came first


def test_what_is_too_much_for_once_is_told(alice: User, sam: User, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        make_asset(by=alice, data=png(number), name=f"{number}.png")
    monkeypatch.setattr(telling, "MOST_AT_ONCE", 2)
    client = page(sam)
    everything = {"action": "move_to_trash", "select_across": "1", "_selected_action": [Asset.objects.latest("pk").pk]}
    told = words(client.post(f"{ASSETS}?state=live", everything, follow=True))
    assert "2 files moved to the trash." in told
    assert "3 files not looked at" in told
    assert Asset.objects.live().count() == 3


def test_bytes_tell_who_uses_them(asset: Asset, bob: User, sam: User, page: Page) -> None:
    examine_asset(asset=asset)
    make_asset(by=bob, name="again.png")
    client = page(sam)
    assert "2 files" in words(client.get(BLOBS, {"q": asset.blob.sha256[:8]}))
    assert "1 thumbnail" in words(client.get(BLOBS))
    told = words(client.get(f"{BLOBS}{asset.blob_id}/change/"))
    assert "photo.png of alice again.png of bob" in told or "again.png of bob photo.png of alice" in told
    picture = asset.thumbnails.get().blob_id
    assert "photo.png at 160 px" in words(client.get(f"{BLOBS}{picture}/change/"))


def test_what_is_begun_and_what_goes_can_be_told_apart(db: None, sam: User, page: Page) -> None:
    begin_object("database")
    PendingObject.objects.create(store="database", key="aa/bb", state=PendingObject.State.SWEEP)
    client = page(sam)
    told = words(client.get(PENDING))
    assert "being stored" in told
    assert "about to be deleted" in told
    assert "aa/bb" in words(client.get(f"{PENDING}?state__exact=sweep"))


# --- limits ----------------------------------------------------------------------------------------------------------


def test_staff_give_somebody_another_limit(asset: Asset, alice: User, bob: User, sam: User, page: Page) -> None:
    client = page(sam)
    assert "alice" in client.get(LIMIT, {"user": "alice"}).content.decode()
    told = words(client.post(LIMIT, {"user": "alice", "max_mb": "5", "max_files": "4"}, follow=True))
    assert "From now on alice may keep 5.2 MB, 4 files (a limit of their own)." in told
    assert "25 %" in told
    assert limits_of(use_of(alice)) == (5 * 1024 * 1024, 4)
    assert 'value="5"' in client.get(LIMIT, {"user": "alice"}).content.decode()
    client.post(LIMIT, {"user": "bob", "max_mb": "", "max_files": "0"})
    assert limits_of(use_of(bob)) == (None, 0)
    assert "100 %" in words(client.get(USES))
    client.post(LIMIT, {"user": "alice", "max_mb": "", "max_files": ""})
    assert limits_of(use_of(alice)) == (None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "nobody", "max_mb": "5"},
        {"user": "", "max_mb": "5"},
        {"user": "alice", "max_mb": "-1"},
        {"user": "alice", "max_mb": "1e9"},
        {"user": "alice", "max_mb": str(2**63)},
        {"user": "alice", "max_files": "many"},
    ],
)
def test_a_limit_that_is_none_changes_nothing(asset: Asset, alice: User, sam: User, page: Page, fields: dict[str, str]) -> None:
    answer = page(sam).post(LIMIT, fields)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert not StorageUse.objects.exclude(max_bytes=None, max_files=None).exists()


# --- the jobs library ------------------------------------------------------------------------------------------------


def test_the_admin_shows_the_ledger_of_jobs_and_not_the_nudges(asset: Asset, sam: User, page: Page) -> None:
    client = page(sam)
    assert "Task Results" not in words(client.get("/admin/"))
    assert client.get("/admin/django_tasks_database/dbtaskresult/").status_code == 404
    Job.objects.update(state=Job.State.DEAD, last_error="for staff", reason="The file cannot be read as png.")
    told = words(client.get("/admin/assets_app/job/"))
    for expected in ("facts and thumbnails of photo.png", "The file cannot be read as png.", "for staff"):
        assert expected in told
