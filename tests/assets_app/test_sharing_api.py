"""Shares, links and publishing over the API: who sees what, and for how long."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assets_app.models import Asset, IdempotencyKey, ShareLink
from assets_app.operations import sharing
from assets_app.operations.assets import delete_asset
from sessions_app.models import SessionFile
from sessions_app.operations.files import attach_file
from tests.conftest import Apis, assert_refused, words
from tests.make import PNG, make_asset, make_session


@pytest.fixture
def asset(alice: User) -> Asset:
    return make_asset(by=alice)


@pytest.fixture
def root(asset: Asset) -> str:
    return f"/api/v2/assets/{asset.pk}"


def make_link(api: Apis, alice: User, root: str, **body: Any) -> str:
    answer = api(alice).post(f"{root}/links", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["link"]["url"].removeprefix("http://testserver"))


def test_sharing_lets_one_user_look_until_it_is_taken_back(alice: User, bob: User, charlie: User, api: Apis, root: str) -> None:
    assert_refused(api(bob).get(root), 404, "NOT_FOUND")
    for _twice in range(2):
        assert api(alice).post(f"{root}/shares", {"user": "bob"}).json()["share"]["user"] == "bob"
    assert api(bob).get(f"{root}/data").content == PNG
    assert_refused(api(charlie).get(f"{root}/data"), 404, "NOT_FOUND")
    assert [share["user"] for share in api(alice).get(f"{root}/shares").json()["shares"]] == ["bob"]
    assert api(alice).client.delete(f"{root}/shares/bob").status_code == 200
    assert_refused(api(alice).client.delete(f"{root}/shares/bob"), 404, "NOT_FOUND")
    assert_refused(api(bob).get(root), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "code"),
    [({"user": "nobody"}, "NOT_FOUND"), ({"user": "alice"}, "INVALID"), ({}, "INVALID"), ({"user": ["bob"]}, "INVALID")],
)
def test_sharing_with_nobody_is_told(alice: User, api: Apis, root: str, body: Any, code: str) -> None:
    assert_refused(api(alice).post(f"{root}/shares", body), 404 if code == "NOT_FOUND" else 400, code)


def test_a_link_opens_for_anybody_as_often_as_it_may(alice: User, api: Apis, root: str, client: Client) -> None:
    link = make_link(api, alice, root, days=1, maxUses=2)
    assert "photo.png" in words(client.get(link))  # looking at the page counts nothing
    for _use in range(2):
        opened = client.get(f"{link}/data", follow=True)
        assert (opened.status_code, opened.content) == (200, PNG)
        assert opened["Cache-Control"].startswith("private")
        assert client.get(opened.redirect_chain[-1][0], headers={"Range": "bytes=1-3"}).content == PNG[1:4]
    assert client.get(f"{link}/data").status_code == 404
    assert client.get(link).status_code == 404
    (told,) = api(alice).get(f"{root}/links").json()["links"]
    assert (told["uses"], told["maxUses"], told["state"], "url" in told) == (2, 2, "used up", False)


def test_whoever_opened_it_may_go_on_reading_but_not_after_it_was_taken_back(
    alice: User, api: Apis, root: str, client: Client
) -> None:
    link = make_link(api, alice, root, maxUses=1)
    address = client.get(f"{link}/data")["Location"]
    assert client.get(address).content == PNG
    (told,) = api(alice).get(f"{root}/links").json()["links"]
    assert api(alice).client.delete(f"{root}/links/{told['id']}").status_code == 200
    assert client.get(address).status_code == 404
    assert api(alice).get(f"{root}/links").json()["links"][0]["state"] == "revoked"


def test_a_pass_is_good_for_its_own_link_only(alice: User, api: Apis, root: str, client: Client) -> None:
    one, other = (make_link(api, alice, root) for _each in range(2))
    pass_ = client.get(f"{one}/data")["Location"].partition("?")[2]
    assert client.get(f"{one}/data?{pass_}").status_code == 200
    assert client.get(f"{other}/data?{pass_}").status_code == 404
    assert client.get(f"{one}/data?{pass_}x").status_code == 404


def test_a_link_ends_with_its_days_and_with_its_asset(alice: User, asset: Asset, client: Client) -> None:
    past = timezone.now() - timedelta(days=8)
    _link, expired = sharing.create_link(asset=asset, by=alice, days=7, now=past)
    _link, running = sharing.create_link(asset=asset, by=alice)
    assert client.get(f"/s/{expired}/data").status_code == 404
    address = client.get(f"/s/{running}/data")["Location"]
    delete_asset(asset=asset, by=alice)
    for path in (f"/s/{running}", f"/s/{running}/data", address):
        assert client.get(path).status_code == 404


def test_the_secret_of_a_link_is_nowhere_kept(alice: User, asset: Asset) -> None:
    link, secret = sharing.create_link(asset=asset, by=alice)
    assert secret not in str(ShareLink.objects.filter(pk=link.pk).values().get())


@pytest.mark.parametrize(
    "body", [{"days": 0.0}, {"days": -1}, {"days": 366}, {"days": "7"}, {"days": True}, {"maxUses": 0}, {"maxUses": 1.5}]
)
def test_a_link_for_no_time_is_refused(alice: User, api: Apis, root: str, body: Any) -> None:
    assert_refused(api(alice).post(f"{root}/links", body), 400, "INVALID")


def test_only_published_bytes_have_a_public_address(alice: User, api: Apis, asset: Asset, root: str, client: Client) -> None:
    address = f"/b/{asset.blob.sha256}"
    assert client.get(address).status_code == 404
    assert api(alice).post(f"{root}/publish", {}).json()["publishedUrl"] == f"http://testserver{address}"
    answer = client.get(address)
    assert (answer.content, answer["Cache-Control"]) == (PNG, "public, max-age=31536000, immutable")
    assert "Vary" not in answer or "Cookie" not in answer["Vary"]
    assert api(alice).client.delete(f"{root}/publish").json()["publishedUrl"] is None
    assert client.get(address).status_code == 404
    assert client.get("/b/../x").status_code == 404


def test_of_two_with_the_same_bytes_one_published_is_enough(alice: User, bob: User, client: Client) -> None:
    own, others = make_asset(by=alice), make_asset(by=bob)
    sharing.publish_asset(asset=others, by=bob)
    assert client.get(f"/b/{own.blob.sha256}").status_code == 200
    delete_asset(asset=others, by=bob)
    assert client.get(f"/b/{own.blob.sha256}").status_code == 404


def test_a_link_made_with_a_key_is_not_stored_with_the_answer(alice: User, api: Apis, root: str, client: Client) -> None:
    program = api(alice)
    program.client.defaults["HTTP_IDEMPOTENCY_KEY"] = "link-1"
    first, again = (program.post(f"{root}/links", {}) for _twice in range(2))
    assert first.json() == again.json()
    address = first.json()["link"]["url"]
    assert client.get(f"{address}/data", follow=True).content == PNG
    assert address.rpartition("/")[2].encode() not in bytes(IdempotencyKey.objects.get().body)


def test_what_is_only_shared_with_somebody_cannot_be_passed_on(
    alice: User, bob: User, api: Apis, asset: Asset, root: str
) -> None:
    """In a session of his own it would be out of its owner's hands for good."""
    sharing.share_asset(asset=asset, with_user="bob", by=alice)
    make_session(by=bob)
    assert_refused(api(bob).post("/api/sessions/checks-1/files", {"asset": str(asset.pk)}), 403, "FORBIDDEN")
    sharing.unshare_asset(asset=asset, with_user="bob", by=alice)
    assert_refused(api(bob).get(f"{root}/data"), 404, "NOT_FOUND")


def test_names_of_others_sessions_are_not_told_to_the_owner_of_a_file(alice: User, bob: User, api: Apis, asset: Asset) -> None:
    session = make_session(by=bob, session_name="Secret merger")
    member = session.members.create(user=alice, added_by="bob")
    attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    member.delete()
    refusal = api(alice).client.delete(f"/api/v2/assets/{asset.pk}")
    assert assert_refused(refusal, 409, "IN_USE")["usedBy"] == ["A file of a session that you may not see"]
    assert b"merger" not in refusal.content
