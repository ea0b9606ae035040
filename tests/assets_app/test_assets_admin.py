"""The staff door to files: who may look, who may do what, and what they are shown."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets_app.models import Asset, Blob, Job, ShareLink
from assets_app.operations.assets import delete_asset, edit_asset
from assets_app.operations.blobs import begin_object
from assets_app.operations.pictures import examine_asset
from assets_app.operations.quotas import limits_of, use_of
from assets_app.operations.sharing import create_link, publish_asset, share_asset
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.assets_app.staff import ACTIONS, ASSETS, BLOBS, HOSTILE, LIMIT, LINKS, PENDING, USES, act, listed, png
from tests.conftest import Page, words
from tests.make import make_asset, make_session


@pytest.fixture
def asset(alice: User) -> Asset:
    return make_asset(by=alice)


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
