"""What is beside every session: sharing, versions, the trash; and the checked list. Without scripts."""

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

from django.contrib.auth.models import User

from sessions_app.operations.history import newest_value, value_at
from tests.conftest import Page
from tests.make import make_recording, make_session
from tests.sessions_app.checklist_pages import URL, checklist, form_of


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


def test_no_new_session_takes_the_address_of_the_trash(alice: User, api: Any) -> None:
    assert api(alice).post("/api/sessions", {"session_id": "trash"}).status_code == 400
