"""Who else may see an asset: the buttons of its page, and the page behind a link."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assets_app.models import Asset, ShareLink
from assets_app.operations.assets import delete_asset
from assets_app.operations.sharing import create_link, revoke_link, use_link
from tests.conftest import Page, words
from tests.make import PNG, make_asset


@pytest.fixture
def asset(alice: User) -> Asset:
    return make_asset(by=alice)


@pytest.fixture
def url(asset: Asset) -> str:
    return f"/assets/{asset.pk}/"


def test_sharing_is_done_by_name_and_taken_back(alice: User, bob: User, url: str, page: Page) -> None:
    client = page(alice)
    assert page(bob).get(url).status_code == 404
    assert "bob may look at it now." in words(client.post(f"{url}shares/", {"add": " bob "}, follow=True))
    assert "Shared with 1" in words(client.get(url))
    assert page(bob).get(url).status_code == 200
    assert "not shared with bob any more" in words(client.post(f"{url}shares/", {"remove": "bob"}, follow=True))
    assert page(bob).get(url).status_code == 404
    assert "It was not shared with bob" in words(client.post(f"{url}shares/", {"remove": "bob"}, follow=True))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"add": "bib"}, "nobody here by the name of 'bib'"),
        ({"add": ""}, "nobody here"),
        ({"add": "alice"}, "alice owns this asset already"),
        ({"add": "b\x00ob"}, "control character"),
        ({"remove": "b\x00ob"}, "control character"),
    ],
)
def test_a_wrong_name_is_told(alice: User, url: str, page: Page, fields: dict[str, str], told: str) -> None:
    assert told in words(page(alice).post(f"{url}shares/", fields, follow=True))


def test_the_address_of_a_link_is_shown_once(alice: User, url: str, page: Page) -> None:
    client = page(alice)
    made = client.post(f"{url}links/", {"days": "3", "uses": "2"})
    address = re.search(r"http://testserver(/s/[^<]+)<", made.content.decode())
    assert address is not None
    assert made["Cache-Control"] == "no-store"
    text = words(client.get(url))
    assert address[1] not in text
    assert "used 0 of 2 times" in text
    link = ShareLink.objects.get()
    assert round((link.expires_at - link.created_at) / timedelta(days=1)) == 3
    assert "alice shares this file with you" in words(Client().get(address[1]))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"days": "0"}, "more than 0 and at most 365 days"),
        ({"days": "nan"}, "Enter a number"),
        ({"days": "366"}, "at most 365 days"),
        ({"days": ""}, "This field is required"),
        ({"days": "7", "uses": "0"}, "1 to 1,000,000 times"),
        ({"days": "7", "uses": "many"}, "Enter a whole number"),
    ],
)
def test_a_link_that_cannot_be_is_told(alice: User, url: str, page: Page, fields: dict[str, str], told: str) -> None:
    answer = page(alice).post(f"{url}links/", fields)
    assert (answer.status_code, ShareLink.objects.count()) == (400, 0)
    assert told in words(answer)


def test_a_link_is_taken_back(alice: User, sam: User, asset: Asset, url: str, page: Page) -> None:
    link, secret = create_link(asset=asset, by=alice)
    assert "leads nowhere any more" in words(page(sam).post(f"{url}links/{link.uuid}/revoke/", follow=True))
    assert Client().get(f"/s/{secret}").status_code == 404
    text = words(page(alice).get(url))
    assert "revoked" in text
    assert "Take back" not in text
    other = make_asset(by=alice, name="other.png")
    assert page(alice).post(f"/assets/{other.pk}/links/{link.uuid}/revoke/").status_code == 404


def test_the_state_of_every_link_is_told(alice: User, asset: Asset, url: str, page: Page) -> None:
    use_link(create_link(asset=asset, by=alice, max_uses=1)[1])
    create_link(asset=asset, by=alice, now=timezone.now() - timedelta(days=8))
    text = words(page(alice).get(url))
    assert "used up until" in text
    assert "used 1 of 1 time" in text
    assert "expired until" in text


def test_publishing_is_explained_done_and_taken_back(alice: User, asset: Asset, url: str, page: Page) -> None:
    client, address = page(alice), f"/b/{asset.blob.sha256}"
    assert "copies that others made meanwhile cannot" in words(client.get(url))
    assert Client().get(address).status_code == 404
    assert "It is published" in words(client.post(f"{url}publish/", {"published": "yes"}, follow=True))
    assert f"http://testserver{address}" in words(client.get(url))
    assert b"".join(Client().get(address)) == PNG
    assert "not published any more" in words(client.post(f"{url}publish/", {"published": "no"}, follow=True))
    assert Client().get(address).status_code == 404


def test_the_page_behind_a_link_says_what_it_is_and_for_how_long(alice: User, asset: Asset) -> None:
    secret = create_link(asset=asset, by=alice, max_uses=3)[1]
    use_link(secret)
    response = Client().get(f"/s/{secret}")
    text = words(response)
    assert "photo.png alice shares this file with you: image/png, 67 bytes." in text
    assert "and 2 more times." in text
    assert response["Referrer-Policy"] == "no-referrer"
    assert ShareLink.objects.get().uses == 1, "looking counts nothing"
    endless = create_link(asset=asset, by=alice)[1]
    assert "more time" not in words(Client().get(f"/s/{endless}"))


def test_a_closed_link_is_refused_in_words(alice: User, asset: Asset) -> None:
    link, secret = create_link(asset=asset, by=alice)
    revoke_link(link=link, by=alice)
    spent = create_link(asset=asset, by=alice, max_uses=1)[1]
    use_link(spent)
    late = create_link(asset=asset, by=alice, now=timezone.now() - timedelta(days=8))[1]
    for closed in (secret, spent, late, "mistyped"):
        answer = Client().get(f"/s/{closed}")
        assert answer.status_code == 404
        assert "This link leads nowhere: it is mistyped, has expired, was used up, or was taken back." in words(answer)
    open_link = create_link(asset=asset, by=alice)[1]
    delete_asset(asset=asset, by=alice)
    assert Client().get(f"/s/{open_link}").status_code == 404


def test_a_hostile_name_stays_a_name_behind_a_link(alice: User) -> None:
    asset = make_asset(by=alice, name="<script>alert(1)</script>.png")
    Asset.objects.filter(pk=asset.pk).update(name="<script>alert(1)</script>.png")
    text = Client().get(f"/s/{create_link(asset=asset, by=alice)[1]}").content.decode()
    assert "<script>alert" not in text
