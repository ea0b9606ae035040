"""The gallery, adding, deleting and the trash, without scripts."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets_app.models import Asset, AssetTag, Blob, Thumbnail
from assets_app.operations.assets import delete_asset, edit_asset
from assets_app.operations.quotas import repair_uses, set_quota, take_space
from assets_app.operations.sharing import share_asset
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.conftest import Page, words
from tests.make import PNG, Upload, make_asset, make_session, multipart

HOSTILE = "<script>alert(1)</script> & \"'.png"


def many_assets(owner: User, count: int) -> None:
    """As they would be after months; all at the same moment, as an import makes them."""
    blob = make_asset(by=owner).blob
    moment = timezone.now() - timedelta(days=1)
    assets = [
        Asset(
            blob=blob,
            owner=owner,
            name=f"photo {number}.png",
            type="image",
            format="png",
            content_type="image/png",
            tags=["many"],
            uploaded_at=moment + timedelta(seconds=number // 100),
        )
        for number in range(count)
    ]
    Asset.objects.bulk_create(assets, batch_size=1000)
    AssetTag.objects.bulk_create([AssetTag(asset=asset, tag="many") for asset in assets], batch_size=1000)
    Thumbnail.objects.bulk_create([Thumbnail(asset=asset, width=160, blob=blob) for asset in assets], batch_size=1000)
    repair_uses()


def names_on(response: Any) -> list[str]:
    return re.findall(r'<span class="name" title="[^"]*">([^<]*)</span>', response.content.decode())


@pytest.fixture
def cast(alice: User, bob: User) -> dict[str, Asset]:
    """What alice has: one by itself, one for bob, one of a session, one of bob's for her."""
    assets = {
        "own": make_asset(by=alice, name="own.png"),
        "shared": make_asset(by=alice, name="shared.png"),
        "filed": make_asset(by=alice, data=b"a,b\n1,2\n", name="filed.csv"),
        "bobs": make_asset(by=bob, data=b"words of bob", name="bobs.txt"),
    }
    share_asset(asset=assets["shared"], with_user="bob", by=alice)
    share_asset(asset=assets["bobs"], with_user="alice", by=bob)
    attach_file(session=make_session(by=alice), asset=assets["filed"], role=SessionFile.Role.ATTACHMENT, by=alice)
    edit_asset(asset=assets["own"], by=alice, tags=["front", "a&b"])
    Asset.objects.filter(pk=assets["own"].pk).update(client_id="client 1", campaign_id="spring")
    return assets


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["bobs.txt", "filed.csv", "shared.png", "own.png"]),
        ("?type=image", ["shared.png", "own.png"]),
        ("?owner=me", ["filed.csv", "shared.png", "own.png"]),
        ("?owner=others", ["bobs.txt"]),
        ("?tag=front", ["own.png"]),
        ("?tag=a%26b", ["own.png"]),
        ("?session=checks-1", ["filed.csv"]),
        ("?client=client+1", ["own.png"]),
        ("?campaign=spring", ["own.png"]),
        ("?q=OWN", ["own.png"]),
        ("?q=own&type=video", []),
    ],
)
def test_a_link_with_filters_shows_what_it_says(alice: User, page: Page, query: str, found: list[str]) -> None:
    response = page(alice).get(f"/assets/{query}")
    assert response.status_code == 200
    assert names_on(response) == found
    assert f"{len(found)} file{'' if len(found) == 1 else 's'}" in words(response)


def test_a_file_is_found_by_the_beginning_of_its_digest(alice: User, cast: dict[str, Asset], page: Page) -> None:
    beginning = cast["filed"].blob.sha256[:10].upper()
    assert names_on(page(alice).get(f"/assets/?q={beginning}")) == ["filed.csv"]


@pytest.mark.usefixtures("cast")
def test_nobody_sees_what_is_not_for_them(bob: User, charlie: User, sam: User, page: Page) -> None:
    assert names_on(page(bob).get("/assets/")) == ["bobs.txt", "shared.png"]
    assert names_on(page(charlie).get("/assets/")) == []
    assert "Choose files above" in words(page(charlie).get("/assets/"))
    assert len(names_on(page(sam).get("/assets/"))) == 4
    assert names_on(page(charlie).get("/assets/?session=checks-1")) == []


@pytest.mark.parametrize("path", ["", "add/", "trash/", "6dbc15c8-3d91-4bea-845c-a016691bac0e/"])
def test_strangers_are_asked_to_sign_in(client: Any, db: None, path: str) -> None:
    assert client.get(f"/assets/{path}")["Location"].startswith("/accounts/login/?next=/assets/")


@pytest.mark.usefixtures("cast")
def test_only_what_one_may_delete_can_be_chosen(alice: User, bob: User, page: Page) -> None:
    assert page(alice).get("/assets/").content.count(b'name="ids"') == 3
    assert page(bob).get("/assets/").content.count(b'name="ids"') == 1


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize("query", ["?type=nonsense", "?owner=them", f"?q={'x' * 300}"])
def test_a_wrong_filter_is_told_and_not_taken_for_none(alice: User, page: Page, query: str) -> None:
    response = page(alice).get(f"/assets/{query}")
    assert response.status_code == 400
    assert names_on(response) == []
    assert b'role="alert"' in response.content


@pytest.mark.parametrize("query", ["?before=x", "?before=20251114T102407.1-zz", "?after=-", "?before=%F0%9F%92%A9-"])
def test_a_mistyped_place_is_told(alice: User, page: Page, query: str) -> None:
    response = page(alice).get(f"/assets/{query}")
    assert response.status_code == 400
    assert "no place in this list" in words(response)


def test_older_and_newer_lead_through_everything_once_and_back(alice: User, page: Page) -> None:
    many_assets(alice, 120)
    client, path, seen, paths = page(alice), "/assets/?tag=many", [], []
    while path:
        response = client.get(path)
        paths.append(path)
        seen.append(names_on(response))
        path = _linked(response, "next")
    assert [len(names) for names in seen] == [48, 48, 24]
    assert len({name for names in seen for name in names}) == 120
    back = client.get(_linked(client.get(paths[2]), "prev"))
    assert names_on(back) == seen[1]
    first = client.get(_linked(back, "prev"))
    assert names_on(first) == seen[0]
    assert not _linked(first, "prev")


def test_a_page_that_was_emptied_leads_back(alice: User, page: Page) -> None:
    """Somebody deletes all that is on the last page."""
    make_asset(by=alice)
    response = page(alice).get("/assets/?type=image&before=20200101T000000.0-6dbc15c83d914bea845ca016691bac0e")
    assert "There is nothing older." in words(response)
    assert b'href="?type=image"' in response.content
    assert "Choose files above" not in words(response)


def _linked(response: Any, rel: str) -> str:
    found = re.search(f'rel="{rel}" href="([^"]*)"', response.content.decode())
    return "/assets/" + found[1].replace("&amp;", "&") if found else ""


def test_ten_thousand_assets_cost_no_more_queries_than_a_hundred(
    alice: User, page: Page, record_property: Callable[[str, object], None]
) -> None:
    client = page(alice)
    many_assets(alice, 100)
    client.get("/assets/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get("/assets/")
    many_assets(alice, 10_000)
    began = time.monotonic()
    with CaptureQueriesContext(connection) as many:
        response = client.get("/assets/")
    seconds = time.monotonic() - began
    assert "10102 files" in words(response)
    assert len(many) == len(few) <= 10, [query["sql"] for query in many.captured_queries]
    record_property("told", f"{len(many)} queries, {seconds * 1000:.0f} ms")
    assert seconds < 2.0


def test_a_hostile_name_stays_a_name(alice: User, page: Page) -> None:
    asset = make_asset(by=alice, name=HOSTILE)
    edit_asset(asset=asset, by=alice, tags=["<b>bold</b>", '"><img src=x>', "?&=#"])
    for path in ("/assets/", f"/assets/{asset.pk}/"):
        text = page(alice).get(path).content.decode()
        assert "<script>alert" not in text
        assert "<b>bold" not in text
        assert "<img src=x" not in text
        assert "?tag=%3F%26%3D%23" in text


def test_space_and_its_limit_are_told(alice: User, page: Page) -> None:
    make_asset(by=alice)
    set_quota(user=alice, max_bytes=1024 * 1024, max_files=5)
    assert "You keep 1 file of at most 5, 67 bytes of 1.0 MB" in words(page(alice).get("/assets/"))


def test_files_of_a_plain_form_each_tell_what_became_of_them(alice: User, page: Page) -> None:
    session = make_session(by=alice)
    body, content_type = multipart(
        {
            "tags": "front\r\n\r\n two words ",
            "session": "checks-1",
            "files": [Upload(PNG, "good.png"), Upload(PNG, "lying.pdf"), Upload(b"", "empty.txt"), Upload(b"words", "notes.txt")],
        }
    )
    response = page(alice).post("/assets/add/", body, content_type=content_type)
    assert response.status_code == 400
    text = words(response)
    assert "Kept: good.png" in text
    assert "Kept: notes.txt" in text
    assert "its bytes are image/png" in text
    assert "0 bytes" in text
    kept = Asset.objects.filter(name__in=["good.png", "notes.txt"])
    assert [asset.tags for asset in kept] == [["front", "two words"]] * 2
    assert session.files.count() == 2


def test_a_plain_form_without_files_is_told_so(alice: User, page: Page) -> None:
    body, content_type = multipart({"tags": "", "session": "", "files": [Upload(b"", "")]})
    response = page(alice).post("/assets/add/", body, content_type=content_type)
    assert (response.status_code, Asset.objects.count()) == (400, 0)
    assert "Choose at least one file." in words(response)


def test_files_cannot_be_put_into_a_session_of_somebody_else(alice: User, bob: User, page: Page) -> None:
    make_session(by=bob)
    body, content_type = multipart({"tags": "", "session": "checks-1", "files": [Upload(PNG, "good.png")]})
    assert page(alice).post("/assets/add/", body, content_type=content_type).status_code == 400
    assert not Asset.objects.filter(owner=alice).exists()


def test_deleting_asks_first_and_tells_of_each(alice: User, cast: dict[str, Asset], page: Page) -> None:
    client = page(alice)
    ids = [str(cast[name].pk) for name in ("own", "filed", "bobs")]
    asked = client.post("/assets/delete/", {"ids": ids})
    assert "Delete 3 files?" in words(asked)
    assert Asset.objects.live().count() == 4, "asking is not deleting"
    text = words(client.post("/assets/delete/", {"ids": [*ids, str(uuid4())], "sure": "yes"}, follow=True))
    assert "In the trash: “own.png”." in text
    assert "“filed.csv” was not deleted. 'filed.csv' is needed. A file of the session “Checks”" in text
    assert "“bobs.txt” was not deleted. You may look at this asset, but only its owner" in text
    assert "“One of them” was not deleted. There is no such asset" in text
    assert set(Asset.objects.live().values_list("name", flat=True)) == {"shared.png", "filed.csv", "bobs.txt"}


def test_choosing_nothing_deletes_nothing(alice: User, page: Page) -> None:
    make_asset(by=alice)
    client = page(alice)
    assert "Choose at least one file" in words(client.post("/assets/delete/", follow=True))
    assert "Choose at least one file" in words(client.post("/assets/delete/", {"sure": "yes"}, follow=True))
    assert client.post("/assets/delete/", {"ids": ["1; DROP TABLE"]}).status_code == 400
    assert "not there any more" in words(client.post("/assets/delete/", {"ids": [str(uuid4())]}, follow=True))
    assert client.get("/assets/delete/").status_code == 405


def test_the_trash_gives_back(alice: User, bob: User, sam: User, page: Page) -> None:
    asset = make_asset(by=alice)
    delete_asset(asset=asset, by=alice)
    client, url = page(alice), f"/assets/{asset.pk}/"
    assert "14 days left" in words(client.get("/assets/trash/"))
    assert "is deleted for good in 14 days" in words(client.get(url))
    assert "It is empty" in words(page(bob).get("/assets/trash/"))
    assert "photo.png" in words(page(sam).get("/assets/trash/"))
    assert page(bob).get(url).status_code == 404
    assert page(bob).post(f"{url}restore/").status_code == 404
    assert "is out of the trash" in words(client.post(f"{url}restore/", follow=True))
    asset.refresh_from_db()
    assert asset.deleted_at is None
    assert client.post(f"{url}restore/", follow=True).status_code == 200, "a second click is no error"


def test_a_day_that_has_begun_counts_as_left(alice: User, page: Page) -> None:
    asset = make_asset(by=alice)
    delete_asset(asset=asset, by=alice)
    Asset.objects.update(deleted_at=timezone.now() - timedelta(days=13, hours=1))
    assert "1 day left" in words(page(alice).get("/assets/trash/"))
    assert Blob.objects.count() == 1


def test_the_badge_tells_how_long_or_how_much(alice: User, page: Page) -> None:
    make_asset(by=alice, data=b"a,b\n1,2\n3,4\n", name="table.csv")
    Asset.objects.create(
        blob=Blob.objects.get(),
        owner=alice,
        name="film.mp4",
        type="video",
        format="mp4",
        facts={"duration": 3723.4},
        facts_version=1,
    )
    take_space(user=alice, size_bytes=Blob.objects.get().size_bytes)
    text = words(page(alice).get("/assets/"))
    assert "1:02:03" in text
    assert "2 rows" in text
