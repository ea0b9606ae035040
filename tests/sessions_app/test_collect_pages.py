"""The pages, without scripts: a plain form must do the whole job."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sessions_app.models import Session
from sessions_app.operations.trash import delete_session
from tests.conftest import Page, assert_refused
from tests.make import CHECKLIST, GIT_LFS_POINTER, PNG, Upload, capture_bytes, make_recording, make_session, multipart

NAME = "2025-12-14T10_24_07.182Z.json"


def send(client: Client, *files: Upload, script: bool = False, **fields: str) -> Any:
    body, content_type = multipart({"files": list(files), **fields})
    headers = {"Accept": "application/json"} if script else {}
    return client.post("/collect/", body, content_type=content_type, headers=headers)


def test_strangers_are_asked_to_sign_in(client: Client, db: None) -> None:
    for path in ("/collect/", "/sessions/", "/sessions/x/"):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")
    assert client.get("/accounts/login/").status_code == 200


def test_a_plain_form_takes_many_files_and_tells_of_each(alice: User, page: Page) -> None:
    response = send(
        page(alice),
        Upload(b'{"timestamp": "2025-12-14T10:24:07.182Z", "labels": []}', "2025-12-14T10_24_07.182Z.meta.json"),
        Upload(capture_bytes(), NAME),
        Upload(CHECKLIST.encode(), "devices.csv"),
        Upload(PNG, "photo.png"),
        Upload(GIT_LFS_POINTER, "pointer.json"),
        batch="visit1",
    )
    text = response.content.decode()
    assert response.status_code == 400, "one of them was refused"
    assert Session.objects.count() == 3
    assert text.count('class="kept"') == 4
    assert text.count('class="refused"') == 1
    assert "Git LFS pointer" in text
    assert "/sessions/2025-12-14T10_24_07.182Z/" in text


def test_an_empty_form_says_what_to_do(alice: User, page: Page) -> None:
    response = send(page(alice))
    assert response.status_code == 400
    assert "Choose at least one file." in response.content.decode()


def test_the_script_is_answered_with_json(alice: User, page: Page) -> None:
    client = page(alice)
    response = send(client, Upload(capture_bytes(), NAME), script=True)
    assert response.status_code == 201
    answer = response.json()
    assert answer == answer | {"name": NAME, "what": "Recording", "url": "/sessions/2025-12-14T10_24_07.182Z/", "repeat": False}
    again = send(client, Upload(capture_bytes(), NAME), script=True)
    assert (again.status_code, again.json()["repeat"]) == (200, True)


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (Upload(b"", NAME), 400, "INVALID"),
        (Upload(capture_bytes()[:-9], NAME), 400, "INVALID"),
        (Upload(PNG, NAME), 415, "UNSUPPORTED_TYPE"),
        (Upload(PNG, "../a.png"), 400, "INVALID"),
        (Upload(PNG, "x" * 300 + ".png"), 400, "INVALID"),
        (Upload(b"x" * (50 * 1024 * 1024 + 1), "long.txt"), 413, "TOO_LARGE"),
    ],
)
def test_the_script_hears_refusals_in_the_one_error_body(alice: User, page: Page, file: Upload, status: int, code: str) -> None:
    assert_refused(send(page(alice), file, script=True), status, code)
    assert not Session.objects.exists()


def test_the_script_cannot_add_to_what_it_cannot_see(alice: User, charlie: User, page: Page) -> None:
    make_session(by=alice)
    assert_refused(send(page(charlie), Upload(PNG, "a.png"), script=True, session="checks-1"), 400, "INVALID")


def test_files_go_where_the_form_says(alice: User, page: Page) -> None:
    session = make_session(by=alice)
    assert send(page(alice), Upload(PNG, "a.png"), session="checks-1").status_code == 200
    assert session.files.get().asset.name == "a.png"


def test_a_session_is_shown_with_its_facts_files_and_versions(alice: User, page: Page) -> None:
    session = make_recording(by=alice).session
    text = page(alice).get("/sessions/2025-12-14T10:24:07.182Z/").content.decode()
    assert session.session_name in text
    assert "1.96 s" in text
    assert "noted steps (dt)" in text
    assert "is being made" in text
    assert session.files.get().asset.blob.sha256 in text


def test_of_very_many_devices_in_the_trash_the_first_are_shown(alice: User, page: Page) -> None:
    session = make_session(by=alice, devices=[{"product_name": f"Device {index}"} for index in range(1500)])
    delete_session(session=session, based_on=1, by=alice)
    text = page(alice).get("/sessions/checks-1/").content.decode()
    assert "0 of 1500 checked" in text
    assert text.count("<td>Device ") == 1000
    assert "The first 1000 are shown." in text


def test_others_get_404_as_for_a_missing_session(alice: User, charlie: User, sam: User, page: Page) -> None:
    make_session(by=alice)
    assert page(charlie).get("/sessions/checks-1/").status_code == 404
    assert page(charlie).get("/sessions/a%0Ab/").status_code == 404
    assert page(sam).get("/sessions/checks-1/").status_code == 200


def test_lists_show_what_one_may_see(alice: User, charlie: User, sam: User, page: Page) -> None:
    for index in range(30):
        make_session(by=alice, session_id=f"a{index}", session_name=f"Ward {index}")
    assert "Nothing here yet" in page(charlie).get("/sessions/").content.decode()
    first = page(alice).get("/sessions/").content.decode()
    assert "Page 1 of 2" in first
    assert "Ward 29" in first
    assert page(sam).get("/sessions/?q=Ward+7&page=99").content.decode().count("/sessions/a") == 1


def test_what_users_write_is_never_markup(alice: User, page: Page) -> None:
    evil = "<script>alert(1)</script>"
    make_session(by=alice, session_id=evil.replace("/", "|"), session_name=evil, devices=[{"product_name": evil, "status": evil}])
    for path in ("/sessions/", "/sessions/%3Cscript%3Ealert(1)%3C|script%3E/"):
        text = page(alice).get(path).content.decode()
        assert evil not in text
        assert "&lt;script&gt;" in text


def test_no_page_asks_another_host_or_runs_inline_scripts(alice: User, page: Page) -> None:
    make_recording(by=alice)
    client = page(alice)
    for path in ("/collect/", "/sessions/", "/sessions/2025-12-14T10_24_07.182Z/", "/api/docs"):
        response = client.get(path)
        text = response.content.decode()
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//(?!testserver)[^"]*"', text), path
        assert not re.findall(r"<script(?![^>]*src=)[^>]*>\s*\S", text), path
        assert not re.findall(r"\son\w+=|style=", text), path
        assert "script-src" not in response["Content-Security-Policy"] or "unsafe" not in response["Content-Security-Policy"]
        assert "default-src 'self'" in response["Content-Security-Policy"]
