"""The sessions' JSON door: the older systems' clients must find what they rely on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from sessions_app.models import Conflict, Session
from sessions_app.operations.history import newest_value
from tests.conftest import Api, assert_refused
from tests.make import make_recording, make_session


def test_saving_follows_the_contract(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    body = {"session_id": "c1", "session_name": "Ward 3", "devices": [{"device_id": "D1", "status": "pending"}]}
    first = program.post("/api/sessions", body)
    assert first.status_code == 200
    assert first["ETag"] == '"1"'
    assert first.json() == {"success": True, "sessionId": "c1", "version": 1, "lastSaved": first.json()["lastSaved"]}
    assert first.json()["lastSaved"].endswith("Z")
    assert program.post("/api/sessions", body | {"_version": 1, "note": "x"}).json()["version"] == 2
    conflict = assert_refused(program.post("/api/sessions", body | {"_version": 1}), 409, "CONFLICT")
    assert (conflict["currentVersion"], conflict["attemptedVersion"]) == (2, 1)
    assert conflict["conflict"]["id"] == str(Conflict.objects.get().uuid)
    assert assert_refused(program.post("/api/sessions", body | {"n": 2}), 428, "VERSION_REQUIRED")["currentVersion"] == 2


def test_reading_gives_back_every_field(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    program.post("/api/sessions", {"session_id": "c1", "anything": {"nested": [1, None, "µ"]}, "progress_percentage": 45.5})
    response = program.get("/api/sessions/c1")
    session = response.json()["session"]
    assert session == session | {"session_id": "c1", "session_name": "c1", "anything": {"nested": [1, None, "µ"]}, "_version": 1}
    assert session["progress_percentage"] == 45.5
    assert response["ETag"] == '"1"'
    for sent, status in (('"1"', 304), ('"7", W/"1"', 304), ("*", 304), ('"2"', 200), ("1", 200)):
        assert program.get("/api/sessions/c1", headers={"If-None-Match": sent}).status_code == status, sent
    assert Session.objects.get().version == 1


def test_what_was_read_can_be_sent_back(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    program.post("/api/sessions", {"session_id": "c1", "note": "x"})
    session = program.get("/api/sessions/c1").json()["session"]
    assert program.post("/api/sessions", session).json()["version"] == 2
    after = program.get("/api/sessions/c1").json()["session"]
    assert {k: v for k, v in after.items() if k not in ("_version", "updated_at", "last_updated")} == {
        k: v for k, v in session.items() if k not in ("_version", "updated_at", "last_updated")
    }
    assert newest_value(Session.objects.get()) == {"session_id": "c1", "session_name": "c1", "note": "x"}


def test_a_capture_is_read_with_its_recordings(alice: User, api: Callable[..., Api]) -> None:
    make_recording(by=alice, samples=10)
    program = api(alice)
    (recording,) = program.get("/api/sessions/2025-12-14T10:24:07.182Z").json()["session"]["recordings"]
    assert (recording["samples"], recording["time_source"], recording["findings"]) == (10, "dt", [])
    assert recording["channels"][0] == recording["channels"][0] | {
        "name": "ax",
        "quantity": "acceleration",
        "unit": "g",
        "sensor": "accelerometer",
    }
    (item,) = program.get("/api/sessions").json()["sessions"]
    assert item["timestamp"] == "2025-12-14T10:24:07.182Z"
    assert item["pathname"] == "sessions/2025-12-14T10_24_07.182Z.json"
    assert item["url"] == item["downloadUrl"] == recording["url"]
    assert program.get(item["url"]).content.startswith(b'{"version": "2.1"')


def test_lists_are_paged_counted_and_filtered(alice: User, charlie: User, api: Callable[..., Api]) -> None:
    for index in range(5):
        make_session(by=alice, session_id=f"a{index}", session_name=f"Ward {index}")
    make_session(by=charlie, session_id="c0")
    program = api(alice)
    first = program.get("/api/sessions?limit=2").json()
    assert ([s["session_id"] for s in first["sessions"]], first["total"], first["count"]) == (["a4", "a3"], 5, 2)
    second = program.get(first["next"]).json()
    assert [s["session_id"] for s in second["sessions"]] == ["a2", "a1"]
    assert program.get(second["next"]).json()["next"] is None
    assert [s["session_id"] for s in program.get("/api/sessions?search=WARD 3").json()["sessions"]] == ["a3"]
    assert program.get("/api/sessions?kind=capture").json()["total"] == 0
    assert "document" not in first["sessions"][0]


def test_everybodys_sessions_are_for_staff(alice: User, sam: User, api: Callable[..., Api]) -> None:
    make_session(by=alice)
    assert_refused(api(alice).get("/api/sessions?user=false"), 403, "FORBIDDEN")
    assert api(sam).get("/api/sessions?user=false").json()["total"] == 1
    assert api(sam).get("/api/sessions").json()["total"] == 0


def test_others_get_404_as_for_a_missing_session(alice: User, charlie: User, api: Callable[..., Api]) -> None:
    make_session(by=alice)
    hidden = api(charlie).get("/api/sessions/checks-1")
    assert_refused(hidden, 404, "NOT_FOUND")
    assert hidden.content == api(charlie).get("/api/sessions/no-such").content


BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "truncated": (b'{"session_id": "x", "dev', 400),
    "no object": (b"[1]", 400),
    "no id": (b"{}", 400),
    "id of another type": (b'{"session_id": 7}', 400),
    "slash in the id": (b'{"session_id": "a/b"}', 400),
    "id of 300 characters": (b'{"session_id": "' + b"x" * 300 + b'"}', 400),
    "version of another type": (b'{"session_id": "x", "_version": "5"}', 400),
    "version is true": (b'{"session_id": "x", "_version": true}', 400),
    "version of 25 digits": (b'{"session_id": "x", "_version": 1234567890123456789012345}', 400),
    "NaN": (b'{"session_id": "x", "a": NaN}', 400),
    "Infinity": (b'{"session_id": "x", "a": Infinity}', 400),
    "1e999": (b'{"session_id": "x", "a": 1e999}', 400),
    "NUL": (b'{"session_id": "x", "a": "\\u0000"}', 400),
    "lone surrogate": (b'{"session_id": "x", "a": "\\ud800"}', 400),
    "5,000 digits": (b'{"session_id": "x", "a": ' + b"7" * 5000 + b"}", 400),
    "depth 5,000": (b'{"session_id": "x", "a": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    "not UTF-8": (b'{"session_id": "x", "a": "caf\xe9"}', 400),
    "UTF-16": ('{"session_id": "x"}'.encode("utf-16"), 400),
    "repeated key": (b'{"session_id": "x", "session_id": "y"}', 400),
    "half a million values": (b'{"session_id": "x", "a": [' + b"[]," * 500_001 + b"[]]}", 413),
    "one of many keys twice": (
        b'{"session_id": "x",' + b",".join(b'"k%d": 1' % i for i in range(50_000)) + b', "k49999": 2}',
        400,
    ),
    "over the limit": (b'{"session_id": "x", "a": "' + b"x" * (10 * 1024 * 1024) + b'"}', 413),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies_are_refused_and_nothing_is_stored(alice: User, api: Callable[..., Api], name: str) -> None:
    data, status = BAD_BODIES[name]
    assert_refused(api(alice).post("/api/sessions", data), status, {400: "INVALID", 413: "TOO_LARGE"}[status])
    assert not Session.objects.exists()


def test_a_fault_is_told_with_its_place(alice: User, api: Callable[..., Api]) -> None:
    body = assert_refused(api(alice).post("/api/sessions", b'{"session_id": "x", "a": [{"b": "\\u0000"}]}'), 400, "INVALID")
    assert body["pointer"] == "/a/0/b"


@pytest.mark.parametrize(
    "path",
    [
        "/api/sessions?limit=0",
        "/api/sessions?limit=1001",
        "/api/sessions?limit=x",
        "/api/sessions?offset=-1",
        "/api/sessions?offset=99999999999999999999999",
        "/api/sessions?limit=\u0663",
        "/api/sessions?user=perhaps",
        "/api/sessions?kind=unknown",
        "/api/sessions?search=a%00b",
        "/api/sessions?search=a%0Ab",
        "/api/sessions/a%00b",
        "/api/sessions/" + "x" * 300,
    ],
)
def test_bad_addresses_are_400(alice: User, api: Callable[..., Api], path: str) -> None:
    assert_refused(api(alice).get(path), 400, "INVALID")


def test_other_methods_and_media_types_are_refused_in_json(alice: User, api: Callable[..., Api]) -> None:
    program = api(alice)
    assert_refused(program.client.delete("/api/sessions"), 405, "METHOD_NOT_ALLOWED")
    assert_refused(program.client.post("/api/sessions", "x", content_type="text/plain"), 415, "UNSUPPORTED_TYPE")
    for path in ("/api/nothing/here", "/api", "/api/"):
        assert_refused(program.get(path), 404, "NOT_FOUND")


def test_a_list_costs_the_same_number_of_queries_for_one_and_for_many(
    alice: User, api: Callable[..., Api], django_assert_num_queries: Any
) -> None:
    program = api(alice)
    program.get("/api/sessions")
    make_recording(by=alice, samples=3)
    with django_assert_num_queries(4 if connection.vendor == "sqlite" else 3):
        program.get("/api/sessions")
    for index in range(4):
        make_recording(by=alice, samples=4 + index, timestamp=f"2025-12-15T10:24:0{index}.000Z")
    with django_assert_num_queries(4 if connection.vendor == "sqlite" else 3):
        assert program.get("/api/sessions").json()["total"] == 5
