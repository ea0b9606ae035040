"""The editor of a checklist, and the panel of every session, without scripts: plain forms do the whole job."""

import csv
import gzip
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Conflict, Session
from sessions_app.operations.history import newest_value, value_at
from sessions_app.operations.leases import hold_lease
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import save_version
from sessions_app.operations.trash import delete_session
from tests.make import make_recording, make_session

Page = Callable[[User], Client]
URL = "/sessions/checks-1/"
IMAGE = "https://images.example/front.jpg"


def checklist(by: User, count: int = 23, **fields: Any) -> Session:
    devices = [
        {
            "product_name": f"Device {index}",
            "manufacturer": "Acme",
            "device_id": f"D{index}",
            "image_url": IMAGE,
            "image_urls": [IMAGE, "https://images.example/back.jpg"],
            "status": "pending",
            "weight": 1.0,
        }
        for index in range(count)
    ]
    return make_session(by=by, devices=devices, filename="ward 7.csv", current_batch=2, **fields)


def device(session: Session, index: int) -> dict[str, Any]:
    session.refresh_from_db()
    found: dict[str, Any] = newest_value(session)["devices"][index]
    return found


def form_of(response: Any) -> dict[str, str]:
    """What a browser would send back of the page's form, were nothing touched."""
    text = response.content.decode()
    form = text[text.index('id="editor"') : text.index("</form>", text.index('id="editor"'))]
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    fields |= dict(re.findall(r'type="radio" name="([^"]+)" data-field="\w+" value="([^"]*)" checked', form))
    fields |= dict.fromkeys(re.findall(r'name="(d\d+-custom_image_url)"', form), "")
    fields |= dict(re.findall(r'<textarea rows="2" name="([^"]+)"[^>]*>\n([^<]*)</textarea>', form))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form):
        fields[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    return fields


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


def test_the_checked_list_is_a_file_with_a_good_name(alice: User, page: Page) -> None:
    checklist(alice)
    response = page(alice).get(f"{URL}checked.csv")
    assert response["Content-Disposition"] == 'attachment; filename="ward 7_checked.csv"'
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert [row["device_id"] for row in rows] == [f"D{index}" for index in range(23)]
    assert page(alice).get(f"{URL}checked.csv?only_completed=true").content.count(b"\r\n") == 1
    assert page(alice).get(f"{URL}checked.csv?include_notes=maybe").status_code == 400


def test_the_checked_list_keeps_a_name_in_any_script(alice: User, page: Page) -> None:
    make_session(by=alice, devices=[{"device_id": "D1"}], filename='Gerät "図".csv')
    disposition = page(alice).get(f"{URL}checked.csv")["Content-Disposition"]
    assert unquote(disposition) == "attachment; filename*=utf-8''Gerät \"図\"_checked.csv"


def test_what_has_no_devices_has_no_checked_list(alice: User, page: Page) -> None:
    make_session(by=alice)
    assert page(alice).get(f"{URL}checked.csv").status_code == 404
    assert page(alice).post(URL, {"version": "1"}).status_code == 405


def test_sharing_is_done_by_name(alice: User, bob: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    assert "bob may read and save" in client.post(f"{URL}members/", {"add": " bob "}, follow=True).content.decode()
    assert [member.user for member in session.members.all()] == [bob]
    assert "There is nobody here by the name" in client.post(f"{URL}members/", {"add": "bib"}, follow=True).content.decode()
    assert "control character" in client.post(f"{URL}members/", {"add": "b\x00ob"}, follow=True).content.decode()
    assert client.post(f"{URL}members/", {"remove": "b\x00ob"}).status_code == 400
    assert "owns this session already" in client.post(f"{URL}members/", {"add": "alice"}, follow=True).content.decode()
    client.post(f"{URL}members/", {"remove": "bob"})
    assert not session.members.exists()
    assert "It was not shared with bob" in client.post(f"{URL}members/", {"remove": "bob"}, follow=True).content.decode()


def test_a_version_is_told_in_words_and_restored(alice: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    client.post(URL, form_of(client.get(f"{URL}?batch=1")) | {"d3-status": "custom_selected", "d3-checker_notes": "<b>own</b>"})
    text = client.get(f"{URL}versions/2/").content.decode()
    assert "Device 3 (D3)" in text
    assert re.search(r"Status.*Pending.*Own image", text, re.DOTALL)
    assert "&lt;b&gt;own" in text
    first = client.get(f"{URL}versions/1/").content.decode()
    assert "nothing before it" in first
    stale = client.post(f"{URL}versions/1/", {"version": "1"}, follow=True)
    assert "moved on to version 2" in stale.content.decode()
    done = client.post(f"{URL}versions/1/", {"version": "2"}, follow=True)
    assert "newest again, as version 3" in done.content.decode()
    session.refresh_from_db()
    assert newest_value(session) == value_at(session, 1)
    assert "Nothing: its content is that of" not in client.get(f"{URL}versions/3/").content.decode()
    assert client.get(f"{URL}versions/9/").status_code == 404
    assert client.get(f"{URL}versions/99999999999/").status_code == 404


def test_a_session_goes_to_the_trash_and_comes_back(alice: User, charlie: User, page: Page) -> None:
    session = checklist(alice)
    client = page(alice)
    assert "Move to the trash" in client.get(f"{URL}delete/").content.decode()
    session.refresh_from_db()
    assert not session.is_deleted, "asking is not deleting"
    stale = client.post(f"{URL}delete/", {"version": "7"}, follow=True)
    assert "moved on to version 1" in stale.content.decode()
    text = client.post(f"{URL}delete/", {"version": "1"}, follow=True).content.decode()
    assert "14 days remaining" in text
    assert page(charlie).get("/sessions/trash/").content.decode().count("days remaining") == 0
    assert client.get(f"{URL}checked.csv").status_code == 410
    shown = client.get(URL).content.decode()
    assert "moved this session to the trash" in shown
    assert 'id="editor"' not in shown
    again = client.post(f"{URL}delete/", {"version": "2"}, follow=True)
    assert again.status_code == 200, "a second click is no error"
    assert "out of the trash" in client.post(f"{URL}undelete/", {"version": "2"}, follow=True).content.decode()
    assert "not in the trash" in client.post(f"{URL}undelete/", {"version": "3"}, follow=True).content.decode()
    session.refresh_from_db()
    assert (session.is_deleted, session.version) == (False, 3)


def test_other_kinds_have_the_panel_too(alice: User, page: Page) -> None:
    make_recording(by=alice)
    text = page(alice).get("/sessions/2025-12-14T10:24:07.182Z/").content.decode()
    for part in ("Shared with nobody", "Versions: 1", "Delete this session", "1.96 s"):
        assert part in text
    assert 'id="editor"' not in text


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


def test_no_new_session_takes_the_address_of_the_trash(alice: User, api: Any) -> None:
    assert api(alice).post("/api/sessions", {"session_id": "trash"}).status_code == 400


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
