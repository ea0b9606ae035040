"""The staff door to files: everything can be looked at; what is done is told with numbers and reasons; the rest is refused."""

import html
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from assets_app.admin import telling, verifying
from assets_app.models import Asset, Blob, BlobChunk, Job, PendingObject, ShareLink, StorageUse
from assets_app.operations.assets import delete_asset, edit_asset
from assets_app.operations.blobs import begin_object
from assets_app.operations.pictures import examine_asset
from assets_app.operations.quotas import limits_of, use_of
from assets_app.operations.sharing import create_link, publish_asset, share_asset
from assets_app.operations.verification import verify_blob
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.conftest import Page, words
from tests.make import PNG, make_asset, make_session

ASSETS, BLOBS = "/admin/assets_app/asset/", "/admin/assets_app/blob/"
LINKS, USES, PENDING = "/admin/assets_app/sharelink/", "/admin/assets_app/storageuse/", "/admin/assets_app/pendingobject/"
LIMIT = f"{USES}limit/"
ACTIONS = (
    "examine", "verify_bytes", "repair_bytes", "make_link", "take_back_links", "move_to_trash", "bring_back", "publish",
    "unpublish",
)  # fmt: skip
HOSTILE = '"><script>alert(1)</script>{{ 7 }}.png'


def act(client: Client, action: str, *rows: Any, at: str = ASSETS, **fields: str) -> Any:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(at, chosen | fields, follow=True)


def listed(response: Any) -> set[str]:
    """The names in a list of files."""
    found = re.findall(r'field-file"><a [^>]*>([^<]*)<', response.content.decode())
    return set(map(html.unescape, found))


def png(number: int) -> bytes:
    return PNG + str(number).encode()


def damage(asset: Asset) -> None:
    BlobChunk.objects.filter(key=asset.blob.key).update(data=b"X" + PNG[1:])


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


# --- looking ---------------------------------------------------------------------------------------------------------


def test_a_file_is_found_again_by_what_somebody_knows_of_it(alice: User, bob: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice, name="Müller forceps.png")
    edit_asset(asset=asset, by=alice, tags=["two words", "forceps"])
    Asset.objects.filter(pk=asset.pk).update(client_id="client-9", campaign_id="spring")
    make_asset(by=bob, data=png(1), name="other.png")
    client = page(sam)
    for query in (
        "müller",
        "Müller forc",
        asset.blob.sha256[:10].upper(),
        "alice",
        "client-9",
        "spring",
        '"two words"',
        str(asset.pk),
    ):
        assert listed(client.get(ASSETS, {"q": query})) == {"Müller forceps.png"}, query
    assert listed(client.get(ASSETS, {"q": "forceps other"})) == set()
    assert client.get(ASSETS, {"q": "'"}).status_code == 200


def test_lists_are_narrowed_to_what_staff_must_look_at(alice: User, sam: User, page: Page) -> None:
    names = ["live.png", "trashed.png", "public.png", "unreadable.png"]
    live, trashed, public, unreadable = (make_asset(by=alice, data=png(n), name=name) for n, name in enumerate(names))
    delete_asset(asset=trashed, by=alice)
    publish_asset(asset=public, by=alice)
    Asset.objects.filter(pk=unreadable.pk).update(facts={}, facts_error="The file cannot be read as png.")
    client = page(sam)
    for query, expected in {
        "state=live": {"live.png", "public.png", "unreadable.png"},
        "state=trash": {"trashed.png"},
        "state=published": {"public.png"},
        "problem=any": {"unreadable.png"},
        "problem=facts": {"unreadable.png"},
        "problem=damaged": set(),
        "type__exact=video": set(),
        "format=png&store=database": set(names),
        "format=jpg": set(),
        "store=s3": set(),
        f"blob={live.blob_id}": {"live.png"},
    }.items():
        assert listed(client.get(f"{ASSETS}?{query}")) == expected, query
    told = words(client.get(ASSETS))
    assert "in the trash until" in told
    assert "cannot be read" in told
    assert "1 × 1" in told


def test_the_list_shows_small_pictures_and_never_whole_files(asset: Asset, sam: User, page: Page) -> None:
    client = page(sam)
    assert "/thumbnail?w=160" not in client.get(ASSETS).content.decode()
    examine_asset(asset=asset)
    for path in (ASSETS, f"{ASSETS}{asset.pk}/change/"):
        text = client.get(path).content.decode()
        sources = re.findall(r'<img[^>]* src="(/api[^"]*)"', text)
        assert sources
        assert all("/thumbnail?w=" in source for source in sources)
        assert client.get(sources[0]).status_code == 200
    delete_asset(asset=asset, by=sam)
    assert "/thumbnail" not in client.get(ASSETS).content.decode()
    assert "Bring it back to look at it" in words(client.get(f"{ASSETS}{asset.pk}/change/"))


def test_one_file_tells_all_that_is_known_of_it(asset: Asset, alice: User, bob: User, sam: User, page: Page) -> None:
    share_asset(asset=asset, with_user="bob", by=alice)
    create_link(asset=asset, by=alice, max_uses=3)
    publish_asset(asset=asset, by=alice)
    attach_file(session=make_session(by=alice), asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    make_asset(by=bob, name="again.png")
    told = words(page(sam).get(f"{ASSETS}{asset.pk}/change/"))
    for expected in (
        "1 × 1 pixels", "Transparent yes", asset.blob.sha256, f"database, as {asset.blob.key}", "1 more file", "bob", "0 of 3",
        "A file of the session “Checks”", f"/b/{asset.blob.sha256}", "link made", "shared", "published", "none known",
    ):  # fmt: skip
        assert expected in told, expected


def test_no_name_becomes_part_of_the_page(alice: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice)
    Asset.objects.filter(pk=asset.pk).update(
        name=HOSTILE,
        tags=[HOSTILE],
        client_id=HOSTILE,
        facts={"codec": HOSTILE, HOSTILE: HOSTILE, "width": HOSTILE, "height": 1, "duration": HOSTILE},
        facts_error=HOSTILE,
    )
    User.objects.filter(pk=alice.pk).update(username=HOSTILE)
    Blob.objects.filter(pk=asset.blob_id).update(damaged_at=timezone.now(), damage=HOSTILE)
    create_link(asset=asset, by=alice)
    client = page(sam)
    paths = [ASSETS, f"{ASSETS}{asset.pk}/change/", f"{ASSETS}dashboard/", BLOBS, f"{BLOBS}{asset.blob_id}/change/", LINKS, USES]
    answers = [client.get(path) for path in paths]
    answers += [act(client, action, asset) for action in ("make_link", "publish", "move_to_trash", "examine")]
    for answer in answers:
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
    Blob.objects.update(damaged_at=None, damage="")
    Asset.objects.update(tags=[])


def test_a_long_list_asks_the_database_no_more_than_a_short_one(alice: User, sam: User, page: Page) -> None:
    client = page(sam)
    asked: dict[str, list[int]] = {}
    for first in (0, 4):
        for number in range(first, first + 4):
            made = make_asset(by=alice, data=png(number), name=f"{number}.png")
            create_link(asset=made, by=alice)
            begin_object("database")
        for path in (ASSETS, BLOBS, LINKS, USES, PENDING, f"{ASSETS}{made.pk}/change/"):
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                assert client.get(path).status_code == 200
            asked.setdefault(path if "change" not in path else "one", []).append(len(queries))
            assert "blob_chunks" not in " ".join(query["sql"] for query in queries)
    assert all(few == many for few, many in asked.values()), asked


# --- who may ---------------------------------------------------------------------------------------------------------


def test_viewers_look_and_do_nothing(asset: Asset, alice: User, viewer: User, page: Page) -> None:
    trashed = make_asset(by=alice, data=png(1), name="trashed.png")
    delete_asset(asset=trashed, by=alice)
    link, _ = create_link(asset=asset, by=alice)
    before = Blob.objects.get(pk=asset.blob_id).verified_at
    Job.objects.all().delete()
    client = page(viewer)
    for path in (ASSETS, f"{ASSETS}{asset.pk}/change/", BLOBS, f"{BLOBS}{asset.blob_id}/change/", LINKS, USES, PENDING):
        answer = client.get(path)
        assert answer.status_code == 200
        assert 'name="action"' not in answer.content.decode()
    assert client.get(f"{ASSETS}dashboard/").status_code == 200
    for action in ACTIONS:
        act(client, action, asset, trashed)
        act(client, action, asset, back_to=str(asset.pk))
    act(client, "verify_bytes", asset.blob, at=BLOBS)
    act(client, "take_back", link, at=LINKS)
    assert client.post(LIMIT, {"user": "alice", "max_mb": "1"}).status_code == 403
    assert client.get(LIMIT).status_code == 403
    asset.refresh_from_db()
    trashed.refresh_from_db()
    assert (asset.deleted_at, asset.published_at, trashed.deleted_at is None) == (None, None, False)
    assert [found.revoked_at for found in ShareLink.objects.all()] == [None]
    assert not Job.objects.exists()
    assert Blob.objects.get(pk=asset.blob_id).verified_at == before
    assert limits_of(use_of(alice)) == (None, None)


def test_staff_without_permission_see_nothing(asset: Asset, bob: User, page: Page) -> None:
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    client = page(User.objects.get(pk=bob.pk))
    for path in (ASSETS, f"{ASSETS}{asset.pk}/change/", f"{ASSETS}dashboard/", BLOBS, LINKS, USES, PENDING, LIMIT):
        assert client.get(path).status_code == 403, path
    assert act(client, "move_to_trash", asset).status_code == 403
    asset.refresh_from_db()
    assert asset.deleted_at is None


def test_collectors_have_no_way_in(asset: Asset, alice: User, page: Page) -> None:
    for path in (ASSETS, f"{ASSETS}dashboard/", BLOBS, LIMIT):
        assert page(alice).get(path).status_code == 302


@pytest.mark.parametrize(
    ("codename", "may"),
    [
        ("change_asset", {"examine", "publish", "unpublish"}),
        ("delete_asset", {"move_to_trash", "bring_back"}),
        ("change_blob", {"verify_bytes", "repair_bytes"}),
        ("add_sharelink", {"make_link"}),
        ("change_sharelink", {"take_back_links"}),
    ],
)
def test_each_permission_allows_what_it_says_and_no_more(
    asset: Asset, viewer: User, page: Page, codename: str, may: set[str]
) -> None:
    viewer.user_permissions.add(Permission.objects.get(codename=codename))
    client = page(viewer)
    assert set(re.findall(r'<option value="(\w+)">', client.get(ASSETS).content.decode())) >= may
    offered = re.findall(r'name="action" value="(\w+)"', client.get(f"{ASSETS}{asset.pk}/change/").content.decode())
    assert set(offered) == may - {"bring_back", "unpublish", "repair_bytes"}  # what would do nothing here
    for action in set(ACTIONS) - may:
        assert "No action selected" in words(act(client, action, asset))


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
