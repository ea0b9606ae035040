"""Lists of assets, as programs ask for them. A wrong filter shows people what is not theirs, or hides what is."""

import io
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets_app.models import Asset, AssetShare
from assets_app.operations.assets import delete_asset
from assets_app.operations.intake import store_asset
from assets_app.operations.quotas import repair_uses
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.conftest import Apis, assert_refused
from tests.make import PNG, make_asset, make_session

LIST = "/api/v2/assets"


def make_many(owner: User, count: int, **fields: Any) -> list[Asset]:
    """Assets of the same bytes, each a second older than the one before."""
    first = make_asset(by=owner)
    now = timezone.now()
    copies = [
        Asset(
            blob=first.blob,
            owner=owner,
            name=f"{number}.png",
            type="image",
            format="png",
            content_type="image/png",
            uploaded_at=now - timedelta(seconds=number + 1),
            facts=first.facts,
            facts_version=first.facts_version,
            **fields,
        )
        for number in range(count - 1)
    ]
    Asset.objects.bulk_create(copies, batch_size=1000)
    repair_uses()
    return [first, *copies]


def names(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [asset["name"] for asset in response.json()]


@pytest.fixture
def four(alice: User) -> list[Asset]:
    def store(data: bytes, name: str, **more: Any) -> Asset:
        return store_asset(io.BytesIO(data), name=name, by=alice, **more)

    return [
        store(PNG, "front.png", tags=["brand", "front"], client_id="c1", campaign_id="k1"),
        store(b"one,two\n1,2\n", "table.csv", tags=["brand"], client_id="c1", campaign_id="k2"),
        store(b'{"a": 1}', "settings.json", client_id="c2"),
        store(b"some words", "Notes 100%_done.txt", tags=["Brand"]),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Notes 100%_done.txt", "settings.json", "table.csv", "front.png"]),
        ("?clientId=c1", ["table.csv", "front.png"]),
        ("?campaignId=k2", ["table.csv"]),
        ("?clientId=nobody", []),
        ("?type=image", ["front.png"]),
        ("?asset_type=data&clientId=c1", ["table.csv"]),
        ("?format=json", ["settings.json"]),
        ("?tag=brand", ["table.csv", "front.png"]),
        ("?tag=brand&tag=front", ["front.png"]),
        ("?tag=%25", []),
        ("?search=NOTES", ["Notes 100%_done.txt"]),
        ("?search=100%25_d", ["Notes 100%_done.txt"]),
        ("?search=le.", ["table.csv"]),
        ("?limit=1&offset=2", ["table.csv"]),
        ("?owner=me&limit=1", ["Notes 100%_done.txt"]),
    ],
)
def test_filters(alice: User, api: Apis, four: list[Asset], query: str, expected: list[str]) -> None:
    assert names(api(alice).get(LIST + query)) == expected


def test_the_search_knows_digests(alice: User, api: Apis, four: list[Asset]) -> None:
    assert names(api(alice).get(f"{LIST}?search={four[2].blob.sha256[:12].upper()}")) == ["settings.json"]


def test_the_older_addresses_of_a_client_and_a_campaign(alice: User, api: Apis, four: list[Asset]) -> None:
    assert names(api(alice).get("/api/v2/clients/c1/assets?asset_type=image")) == ["front.png"]
    assert names(api(alice).get("/api/v2/campaigns/k2/assets")) == ["table.csv"]


@pytest.mark.parametrize(
    "query", ["?limit=101", "?limit=0", "?limit=x", "?offset=-1", "?type=hologram", "?cursor=x", "?tag=a%01b"]
)
def test_what_means_nothing_is_refused(alice: User, api: Apis, query: str) -> None:
    assert_refused(api(alice).get(LIST + query), 400, "INVALID")


def test_pages_by_cursor_hold_everything_once(alice: User, api: Apis) -> None:
    made = make_many(alice, 205)
    program, address, seen = api(alice), f"{LIST}?limit=100", []
    for _page in range(3):
        response = program.get(address)
        assert response["X-Total-Count"] == "205"
        seen += [asset["id"] for asset in response.json()]
        address = response.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert seen == [str(asset.pk) for asset in made]
    assert address == ""


@pytest.mark.parametrize("client_id", ["a?b", "a#b", "50%41", "a;b,c", "a/b c", "Zoë"])
def test_a_list_of_a_client_leads_on_whatever_its_name(alice: User, api: Apis, client_id: str) -> None:
    for number in range(2):
        store_asset(io.BytesIO(PNG), name=f"{number}.png", by=alice, client_id=client_id)
    program = api(alice)
    first = program.get(f"/api/v2/clients/{quote(client_id, safe='')}/assets?limit=1")
    following = program.get(first["Link"].partition("<")[2].partition(">")[0])
    assert names(first) + names(following) == ["1.png", "0.png"]


def test_a_page_takes_as_many_queries_however_many_there_are(alice: User, api: Apis) -> None:
    program = api(alice)
    make_many(alice, 3)
    program.get(LIST)
    with CaptureQueriesContext(connection) as few:
        program.get(LIST)
    make_many(alice, 300)
    with CaptureQueriesContext(connection) as many:
        assert len(program.get(f"{LIST}?limit=100").json()) == 100
    assert len(few) == len(many) <= 4  # token (where it is counted), count, page, thumbnails


def test_everybody_sees_what_is_theirs_to_see(alice: User, bob: User, charlie: User, sam: User, api: Apis) -> None:
    own, shared, of_session = (make_asset(by=alice, name=f"{name}.png") for name in ("own", "shared", "session"))
    AssetShare.objects.create(asset=shared, user=bob, shared_by=alice)
    session = make_session(by=alice)
    session.members.create(user=bob, added_by="alice")
    attach_file(session=session, asset=of_session, role=SessionFile.Role.ATTACHMENT, by=alice)
    everything = ["session.png", "shared.png", "own.png"]
    assert names(api(alice).get(LIST)) == everything
    assert names(api(bob).get(LIST)) == ["session.png", "shared.png"]
    assert names(api(charlie).get(LIST)) == []
    assert names(api(sam).get(LIST)) == everything
    assert names(api(sam).get(f"{LIST}?owner=me")) == []
    assert names(api(bob).get(f"{LIST}?sessionId={session.session_id}")) == ["session.png"]
    assert names(api(charlie).get(f"{LIST}?sessionId={session.session_id}")) == []
    assert own.pk


def test_the_trash_is_a_list_of_its_own(alice: User, bob: User, api: Apis) -> None:
    kept, gone = make_asset(by=alice, name="kept.png"), make_asset(by=alice, name="gone.png")
    AssetShare.objects.create(asset=gone, user=bob, shared_by=alice)
    delete_asset(asset=gone, by=alice)
    assert names(api(alice).get(LIST)) == ["kept.png"]
    assert names(api(bob).get(LIST)) == []
    assert names(api(bob).get(f"{LIST}?deleted=true")) == []
    (line,) = api(alice).get(f"{LIST}?deleted=true").json()
    assert line["name"] == "gone.png"
    assert line["deletedAt"] < line["deletedFor"]
    assert kept.pk


def test_an_anonymous_list_is_refused(client: Any, db: None) -> None:
    assert_refused(client.get(LIST), 401, "UNAUTHORIZED")
    assert_refused(client.get(f"{LIST}/{uuid4()}"), 401, "UNAUTHORIZED")
