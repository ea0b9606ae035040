"""The editor of a checklist, and the panel of every session, without scripts: plain forms do the whole job."""

import gzip
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Conflict, Session
from sessions_app.operations.history import newest_value
from sessions_app.operations.leases import hold_lease
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import save_version
from sessions_app.operations.trash import delete_session
from tests.conftest import Page
from tests.make import make_session
from tests.sessions_app.checklist_pages import IMAGE, URL, checklist, device, form_of


def test_a_batch_is_a_form_that_saves_what_was_changed(alice: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    sent = form_of(client.get(f"{URL}?batch=1")) | {
        "d3-status": "approved",
        "d3-selected_image_url": IMAGE,
        "d4-checker_notes": "a\r\nb",
    }
    response = client.post(f"{URL}?batch=1", sent)
    assert (response.status_code, response["Location"]) == (302, f"{URL}?batch=1")
    assert device(session, 3) == device(session, 3) | {"status": "approved", "selected_image_url": IMAGE}
    assert device(session, 4)["checker_notes"] == "a\nb"
    assert "Saved as version 2." in client.get(response["Location"]).content.decode()


def test_what_the_form_does_not_touch_stays_as_it_is(alice: User, page: Page) -> None:
    session = checklist(alice)
    before = newest_value(session)
    client = page(alice)
    client.post(URL, form_of(client.get(f"{URL}?batch=3")) | {"d22-status": "rejected"})
    session.refresh_from_db()
    after = newest_value(session)
    assert {**after, "devices": after["devices"][:22]} == {**before, "devices": before["devices"][:22]}
    assert after["devices"][22] == before["devices"][22] | {"status": "rejected"}
    assert session.current_batch == 2, "where somebody looks is not content"


@pytest.mark.parametrize("batch", ["x", "", "9" * 30, "\x00", "-1"])
def test_a_form_of_no_batch_does_no_harm(alice: User, page: Page, batch: str) -> None:
    session = checklist(alice)
    client = page(alice)
    assert client.post(URL, {"version": "1", "batch": batch, "d0-status": "approved\x00"}).status_code in (302, 400)
    session.refresh_from_db()
    assert session.version == 1


@pytest.mark.parametrize("text", ["a\x00b", "x" * 3_000_000])
def test_a_text_that_no_program_may_send_is_refused_from_a_form_too(alice: User, page: Page, text: str, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    session = checklist(alice)
    response = page(alice).post(URL, {"version": "1", "batch": "1", "d0-checker_notes": text})
    assert response.status_code in (400, 413)
    session.refresh_from_db()
    assert (session.version, Conflict.objects.count()) == (1, 0)


def test_an_untouched_form_saves_nothing(alice: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    response = client.post(URL, form_of(client.get(URL)))
    session.refresh_from_db()
    assert session.version == 1
    assert "Nothing had been changed" in client.get(response["Location"]).content.decode()


def test_odd_values_are_shown_and_survive_a_save_of_others(alice: User, page: Page) -> None:
    odd = [
        {
            "device_id": "D0",
            "status": ["x"],
            "checker_notes": 5,
            "image_urls": "one",
            "selected_image_url": "javascript:alert(1)",
        },
        {},
    ]
    session = make_session(by=alice, devices=odd)
    client = page(alice)
    response = client.get(URL)
    assert "javascript:alert(1)" in response.content.decode()
    assert 'href="javascript' not in response.content.decode()
    client.post(URL, form_of(response) | {"d0-status": "[&quot;x&quot;]".replace("&quot;", '"'), "d1-checker_notes": "b"})
    assert device(session, 0) == odd[0]
    assert device(session, 1) == {"checker_notes": "b"}


@pytest.mark.parametrize(("asked", "shown"), [("", 2), ("?batch=3", 3), ("?batch=99", 3), ("?batch=0", 1), ("?batch=x", 2)])
def test_there_is_always_a_batch_to_show(alice: User, page: Page, asked: str, shown: int) -> None:
    checklist(alice)
    text = page(alice).get(URL + asked).content.decode()
    assert f"Batch {shown} of 3" in text
    assert text.count('data-index="') == (3 if shown == 3 else 10) + 1, "and the pattern for the script"


def test_images_are_named_and_not_loaded(alice: User, page: Page) -> None:
    checklist(alice)
    text = page(alice).get(URL).content.decode()
    assert "<img" not in text.replace('<img src="/static/', "")
    links = re.findall(r'<a href="https://images[^>]*>', text)
    assert len(links) == 20
    assert all('rel="noreferrer noopener" target="_blank"' in link for link in links)


def test_a_save_that_came_too_late_is_kept_and_told(alice: User, bob: User, page: Page) -> None:
    session = checklist(alice)
    share_session(session=session, with_user="bob", by=alice)
    client = page(bob)
    sent = form_of(client.get(f"{URL}?batch=1")) | {"d0-status": "approved", "d1-status": "skipped"}
    value = newest_value(session) | {
        "devices": [d | ({"status": "rejected"} if i == 0 else {}) for i, d in enumerate(newest_value(session)["devices"])]
    }
    save_version(session=session, value=value, based_on=1, by=alice)
    response = client.post(URL, sent)
    text = response.content.decode()
    conflict = Conflict.objects.get()
    assert response.status_code == 409
    assert f'href="/conflicts/{conflict.uuid}/"' in text
    assert "Device 0 (D0): Status" in text
    assert "Device 1 (D1): Status" in text
    assert device(session, 0)["status"] == "rejected"
    assert str(conflict.uuid) in client.get(URL).content.decode(), "the list itself leads there, too"


def test_what_is_typed_into_a_list_that_was_trashed_is_kept(alice: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    sent = form_of(client.get(URL)) | {"d10-status": "approved"}
    delete_session(session=session, based_on=1, by=alice)
    response = client.post(URL, sent)
    assert response.status_code == 409
    assert "moved “Checks” to the trash" in response.content.decode()
    assert Conflict.objects.count() == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "1e3", "99999999999", "77"])
def test_a_form_of_no_version_saves_nothing(alice: User, page: Page, version: str) -> None:
    session = checklist(alice)
    client = page(alice)
    response = client.post(URL, form_of(client.get(URL)) | {"version": version, "d10-status": "approved"})
    assert response.status_code in (400, 404)
    session.refresh_from_db()
    assert session.version == 1


def test_who_may_edit(alice: User, bob: User, charlie: User, sam: User, page: Page) -> None:
    session = checklist(alice)
    share_session(session=session, with_user="bob", by=alice)
    for user, status in ((alice, 200), (bob, 200), (charlie, 404), (sam, 200)):
        assert page(user).get(URL).status_code == status
        assert page(user).get(f"{URL}checked.csv").status_code == status
        assert page(user).get(f"{URL}versions/1/").status_code == status
    assert page(charlie).post(URL, {"version": "1", "d0-status": "approved"}).status_code == 404
    assert page(bob).get(f"{URL}delete/").status_code == 403
    assert page(bob).post(f"{URL}members/", {"add": "charlie"}).status_code == 403
    assert page(sam).get(f"{URL}delete/").status_code == 200


def test_forms_from_elsewhere_change_nothing(alice: User) -> None:
    session = checklist(alice)
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(alice)
    forms = {"": {"d0-status": "approved"}, "members/": {"add": "bob"}, "versions/1/": {}, "delete/": {}, "undelete/": {}}
    for path, fields in forms.items():
        assert client.post(f"{URL}{path}", {"version": "1", **fields}).status_code == 403, path
    session.refresh_from_db()
    assert (session.version, session.is_deleted) == (1, False)


def test_who_else_is_there_is_told(alice: User, bob: User, page: Page) -> None:
    session = checklist(alice)
    hold_lease(session=session, by=bob)
    hold_lease(session=session, by=alice)
    assert re.search(r"bob \(since \d\d:\d\d UTC\) is here, too", page(alice).get(URL).content.decode())


def test_what_users_write_is_never_markup(alice: User, page: Page) -> None:
    evil = '"><script>alert(1)</script>'
    fields = ("product_name", "manufacturer", "device_id", "image_url", "status", "checker_notes", "custom_image_url")
    session = make_session(by=alice, devices=[dict.fromkeys(fields, evil)], session_name=evil)
    save_version(
        session=session, value=newest_value(session) | {"devices": [{"device_id": evil}], evil: evil}, based_on=1, by=alice
    )
    for path in ("", "versions/1/", "versions/2/", "delete/"):
        assert "<script>alert" not in page(alice).get(f"{URL}{path}").content.decode(), path


def test_the_pages_obey_the_policy_against_foreign_content(alice: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    client.post(URL, form_of(client.get(URL)) | {"d10-status": "approved"})
    delete_session(session=make_session(by=alice, session_id="gone"), based_on=1, by=alice)
    session.refresh_from_db()
    for path in (URL, f"{URL}versions/2/", f"{URL}delete/", "/sessions/trash/"):
        text = client.get(path).content.decode()
        assert not re.findall(r"<script(?![^>]*src=)[^>]*>\s*\S", text), path
        assert not re.findall(r"\son\w+=|style=", text), path


def test_an_answer_to_a_save_counts_what_is_checked(alice: User, api: Any) -> None:
    checklist(alice)
    patch = b'[{"op": "add", "path": "/devices/0/status", "value": "approved"}]'
    headers = {"If-Match": '"1"', "Idempotency-Key": "one"}
    for _ in range(2):
        response = api(alice).client.patch(
            "/api/sessions/checks-1", patch, content_type="application/json-patch+json", headers=headers
        )
        assert response.json() == response.json() | {"version": 2, "progress": {"completed": 1, "total": 23}}
    assert Session.objects.get().version == 2


def test_a_compressed_save_is_answered_twice_alike(alice: User, api: Any) -> None:
    body = gzip.compress(b'{"session_id": "zipped", "notes": "x"}')
    headers = {"Content-Encoding": "gzip", "Idempotency-Key": "one"}
    answers = [api(alice).client.post("/api/sessions", body, content_type="application/json", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


def test_a_browser_may_send_a_key_with_its_save(alice: User) -> None:
    checklist(alice)
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(alice)
    token = client.get(URL).cookies["csrftoken"].value
    body = {"session_id": "checks-1", "_version": 1, "devices": []}
    headers = {"Idempotency-Key": "one", "X-CSRFToken": token}
    answers = [client.post("/api/sessions", body, content_type="application/json", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    del headers["X-CSRFToken"]
    assert client.post("/api/sessions", body, content_type="application/json", headers=headers).status_code == 403
