"""The API around saving, as its clients rely on it: fields, statuses, and what is refused how."""

import base64
import gzip
import json
import math
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import get_resolver

from assets_app.models import Change, IdempotencyKey
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.leases import hold_lease
from sessions_app.operations.members import share_session
from tests.conftest import Api, Apis, assert_refused
from tests.hub import wait_for
from tests.make import make_asset, make_recording, make_session

BASE = {"session_id": "c1", "note": "base", "devices": [{"device_id": "D1", "status": "pending"}, {"device_id": "D2"}]}


@pytest.fixture
def program(alice: User, api: Apis) -> Api:
    program = api(alice)
    program.post("/api/sessions", BASE)
    return program


def save(program: Api, version: int, query: str = "", **fields: Any) -> Any:
    return program.post(f"/api/sessions{query}", BASE | {"_version": version} | fields)


def send(program: Api, method: str, path: str, body: Any = None, content_type: str = "application/json", **headers: str) -> Any:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return program.client.generic(method, path, data, content_type=content_type, headers=headers)


def test_a_conflict_tells_what_was_kept_and_who_changed_what(program: Api) -> None:
    save(program, 1, note="theirs")
    body = assert_refused(
        save(program, 1, devices=[{"device_id": "D1", "status": "approved"}, {"device_id": "D2"}]), 409, "CONFLICT"
    )
    assert (body["currentVersion"], body["attemptedVersion"]) == (2, 1)
    assert body["changes"] == {"theirs": ["/note"], "yours": ["/devices/device_id=D1/status"], "both": []}
    assert body["conflict"]["severity"] == "soft"
    assert "suggestion" not in body
    kept = program.get(body["conflict"]["url"]).json()["conflict"]
    assert (kept["theirs"]["note"], kept["yours"]["note"], kept["base"]["note"]) == ("theirs", "base", "base")
    assert kept["differences"][0] == {"path": "/devices/device_id=D1/status", "side": "yours", "base": "pending",
                                      "theirs": "pending", "yours": "approved"}  # fmt: skip
    assert (kept["sessionVersion"], kept["undecided"], kept["door"]) == (2, [], "api")


def test_a_suggested_merge_can_be_saved_as_it_came(program: Api) -> None:
    save(program, 1, note="theirs")
    body = save(program, 1, "?merge=suggest", more=1).json()
    assert (body["suggestion"]["note"], body["suggestion"]["more"]) == ("theirs", 1)
    assert program.post("/api/sessions", body["suggestion"] | {"_version": 2}).json()["version"] == 3


def test_auto_answers_200_and_says_so(program: Api) -> None:
    save(program, 1, note="theirs")
    response = save(program, 1, "?merge=auto", more=1)
    assert (response.status_code, response.json()["merged"], response["ETag"]) == (200, True, '"3"')
    session = program.get("/api/sessions/c1").json()["session"]
    assert (session["note"], session["more"], session["_version"]) == ("theirs", 1, 3)
    parents = program.get("/api/sessions/c1/versions/3").json()["parents"]
    assert parents[0] == 2
    assert parents[1]["conflict"] == str(Conflict.objects.get().uuid)


def test_the_version_may_come_in_if_match_and_must_agree(program: Api) -> None:
    assert send(program, "POST", "/api/sessions", BASE | {"a": 1}, **{"If-Match": '"1"'}).json()["version"] == 2
    assert_refused(send(program, "POST", "/api/sessions", BASE | {"_version": 2}, **{"If-Match": '"1"'}), 400, "INVALID")
    for odd in ("1", "*", 'W/"2"', '"1", "2"', '"x"'):
        assert_refused(send(program, "POST", "/api/sessions", BASE, **{"If-Match": odd}), 400, "INVALID")
    assert_refused(send(program, "POST", "/api/sessions", BASE | {"_version": True}), 400, "INVALID")


def test_the_past_is_read_by_number_and_by_time(program: Api) -> None:
    save(program, 1, note="second", devices=[])
    first = program.get("/api/sessions/c1?version=1")
    assert (first.json()["session"]["note"], first.json()["session"]["_version"], first["ETag"]) == ("base", 1, '"1"')
    assert (first.json()["session"]["progress_percentage"], first.json()["currentVersion"]) == (0.0, 2)
    at = program.get("/api/sessions/c1/versions/1").json()["savedAt"]
    assert program.get(f"/api/sessions/c1?as_of={at}").json()["session"]["note"] == "base"
    assert program.get("/api/sessions/c1?as_of=2099-01-01T00:00:00Z").json()["session"]["note"] == "second"
    assert_refused(program.get("/api/sessions/c1?version=9"), 404, "NOT_FOUND")
    assert_refused(program.get("/api/sessions/c1?as_of=yesterday"), 400, "INVALID")
    assert_refused(program.get("/api/sessions/c1?as_of=2001-01-01T00:00:00"), 404, "NOT_FOUND")
    assert_refused(program.get("/api/sessions/c1?version=x"), 400, "INVALID")
    assert program.get("/api/sessions/c1?version=1", headers={"If-None-Match": '"1"'}).status_code == 304


def test_versions_are_listed_compared_and_restored(program: Api) -> None:
    save(program, 1, note="second")
    save(program, 2, note="third")
    listed = program.get("/api/sessions/c1/versions?limit=2").json()
    assert ([v["version"] for v in listed["versions"]], listed["total"]) == ([3, 2], 3)
    assert [v["version"] for v in program.get(listed["next"]).json()["versions"]] == [1]
    changes = program.get("/api/sessions/c1/diff?from=1&to=3").json()
    assert changes["changes"] == [{"path": "/note", "before": "base", "after": "third"}]
    restored = program.post("/api/sessions/c1/restore", {"version": 1})
    assert (restored.status_code, restored.json()["version"], restored.json()["restoredFrom"]) == (200, 4, 1)
    assert program.get("/api/sessions/c1").json()["session"]["note"] == "base"
    assert_refused(program.post("/api/sessions/c1/restore", {"version": 1, "_version": 2}), 412, "PRECONDITION_FAILED")
    assert_refused(program.post("/api/sessions/c1/restore", {"version": "1"}), 400, "INVALID")
    assert_refused(program.get("/api/sessions/c1/diff"), 400, "INVALID")


def test_a_version_gives_the_very_text_that_its_digest_is_of(program: Api) -> None:
    version = program.get("/api/sessions/c1/versions/1").json()
    assert json.loads(version["text"]) == version["document"]
    assert SessionVersion.objects.get().sha256 == version["sha256"]
    assert version["size_bytes"] == len(version["text"].encode())


def test_patches_are_saves(program: Api) -> None:
    merged = send(program, "PATCH", "/api/sessions/c1", {"note": "m"}, "application/merge-patch+json", **{"If-Match": '"1"'})
    assert (merged.status_code, merged.json()["version"]) == (200, 2)
    patch = [{"op": "replace", "path": "/note", "value": "j"}]
    patched = send(program, "PATCH", "/api/sessions/c1", patch, "application/json-patch+json", **{"If-Match": '"2"'})
    assert patched.json()["version"] == 3
    stale = send(program, "PATCH", "/api/sessions/c1", {"note": "late"}, "application/merge-patch+json", **{"If-Match": '"1"'})
    assert assert_refused(stale, 409, "CONFLICT")["changes"]["both"] == ["/note"]
    assert_refused(
        send(program, "PATCH", "/api/sessions/c1", {"note": 1}, "application/merge-patch+json"), 428, "VERSION_REQUIRED"
    )
    failing = [{"op": "test", "path": "/note", "value": "other"}]
    refused = send(program, "PATCH", "/api/sessions/c1", failing, "application/json-patch+json", **{"If-Match": '"3"'})
    assert assert_refused(refused, 422, "PATCH_FAILED")["operation"] == 0
    auto = send(program, "PATCH", "/api/sessions/c1?merge=auto", {"x": 1}, "application/merge-patch+json", **{"If-Match": '"1"'})
    assert auto.json()["merged"]


def test_deleting_needs_the_version_and_can_be_taken_back(program: Api) -> None:
    assert_refused(program.client.delete("/api/sessions/c1"), 428, "VERSION_REQUIRED")
    assert_refused(send(program, "DELETE", "/api/sessions/c1", "", **{"If-Match": '"9"'}), 412, "PRECONDITION_FAILED")
    deleted = program.client.delete("/api/sessions/c1?version=1").json()
    assert (deleted["success"], deleted["version"]) == (True, 2)
    gone = assert_refused(program.get("/api/sessions/c1"), 410, "GONE")
    assert (gone["daysRemaining"], gone["currentVersion"]) == (14, 2)
    assert_refused(send(program, "DELETE", "/api/sessions/c1", "", **{"If-Match": '"2"'}), 410, "GONE")
    (item,) = program.get("/api/sessions/deleted").json()["sessions"]
    assert (item["session_id"], item["days_remaining"], item["deleted_by"]) == ("c1", 14, "alice")
    assert program.get("/api/sessions").json()["total"] == 0
    assert "deletedAt" in assert_refused(save(program, 1, note="offline"), 409, "CONFLICT")
    restored = send(program, "PATCH", "/api/sessions/c1", {"action": "restore"}).json()
    assert (restored["success"], restored["version"]) == (True, 3)
    assert program.get("/api/sessions").json()["total"] == 1


def test_the_older_systems_actions_still_work(program: Api) -> None:
    for action in ("refresh", "unlock"):
        assert send(program, "PATCH", "/api/sessions/c1", {"action": action}).json() == {"success": True}
    refused = assert_refused(send(program, "PATCH", "/api/sessions/c1", {"action": "explode"}), 400, "INVALID")
    assert refused["message"].startswith("Invalid action")


def test_a_member_may_save_but_neither_delete_nor_share(program: Api, alice: User, bob: User, api: Apis) -> None:
    assert program.post("/api/sessions/c1/members", {"user": "bob"}).json()["members"][0]["user"] == "bob"
    theirs = api(bob)
    assert theirs.post("/api/sessions", BASE | {"_version": 1, "by": "bob"}).json()["version"] == 2
    assert_refused(theirs.client.delete("/api/sessions/c1?version=2"), 403, "FORBIDDEN")
    assert_refused(theirs.post("/api/sessions/c1/members", {"user": "charlie"}), 403, "FORBIDDEN")
    assert theirs.get("/api/sessions").json()["total"] == 0
    (item,) = theirs.get("/api/sessions?shared=true").json()["sessions"]
    assert (item["session_id"], item["owner"]) == ("c1", "alice")
    assert program.client.delete("/api/sessions/c1/members/bob").json()["members"] == []
    assert_refused(theirs.get("/api/sessions/c1"), 404, "NOT_FOUND")
    assert_refused(program.client.delete("/api/sessions/c1/members/bob"), 404, "NOT_FOUND")


def test_staff_who_may_only_look_change_nothing(program: Api, viewer: User, api: Apis) -> None:
    looking = api(viewer)
    assert looking.get("/api/sessions/c1").json()["session"]["_version"] == 1
    assert_refused(save(looking, 1, note="theirs"), 403, "FORBIDDEN")
    assert_refused(save(looking, 9, note="theirs"), 403, "FORBIDDEN")
    assert_refused(looking.client.delete("/api/sessions/c1?version=1"), 403, "FORBIDDEN")
    assert_refused(looking.post("/api/sessions/c1/restore", {"version": 1}), 403, "FORBIDDEN")
    assert_refused(looking.post("/api/sessions/c1/members", {"user": "viewer"}), 403, "FORBIDDEN")
    assert (Session.objects.get().version, Conflict.objects.count()) == (1, 0)


def test_a_member_sees_the_files_of_what_is_shared_with_them(alice: User, bob: User, charlie: User, api: Apis) -> None:
    session = make_recording(by=alice, samples=4).session
    share_session(session=session, with_user="bob", by=alice)
    path = f"/api/sessions/{session.session_id}"
    (recording,) = api(bob).get(path).json()["session"]["recordings"]
    assert api(bob).get(recording["url"]).status_code == 200
    assert api(charlie).get(recording["url"]).status_code == 404
    api(alice).client.delete(f"{path}/members/bob")
    assert api(bob).get(recording["url"]).status_code == 404


def test_a_lease_is_seen_by_others_and_stops_only_who_asks(program: Api, sam: User, api: Apis) -> None:
    here = program.client.post("/api/sessions/c1/lease").json()
    assert (here["others"], here["editors"][0]["isYou"], here["version"]) == ([], True, 1)
    other = api(sam)
    assert other.get("/api/sessions/c1/lease").json()["others"] == ["alice"]
    locked = other.post("/api/sessions?lease=respect", BASE | {"_version": 1})
    assert assert_refused(locked, 423, "LOCKED")["lockedBy"] == "alice"
    assert program.client.delete("/api/sessions/c1/lease").json()["editors"] == []
    assert other.post("/api/sessions?lease=respect", BASE | {"_version": 1}).status_code == 200


def test_files_are_attached_once_and_listed(program: Api, alice: User, charlie: User) -> None:
    asset = make_asset(by=alice)
    for status in (201, 200):
        answer = program.post("/api/sessions/c1/files", {"asset": str(asset.pk)})
        assert (answer.status_code, answer.json()["file"]["name"]) == (status, "photo.png")
    assert program.get("/api/sessions/c1/files").json()["count"] == 1
    foreign = make_asset(by=charlie, name="his.png")
    for sent in (str(foreign.pk), "x", None):
        assert program.post("/api/sessions/c1/files", {"asset": sent}).status_code in (400, 404)


def test_the_log_is_read_with_its_chain(program: Api) -> None:
    save(program, 1, note="x")
    save(program, 1, note="y")
    log = program.get("/api/sessions/c1/activity").json()
    assert [entry["action"] for entry in log["activity"]] == ["conflict", "updated", "created"]
    assert [entry["seq"] for entry in log["activity"]] == [3, 2, 1]
    assert log["activity"][0]["hash"] == Session.objects.get().activity_hash
    assert log["activity"][0]["door"] == "api"
    assert SessionActivity.objects.get(seq=1).token.startswith("test (")


def test_conflicts_are_listed_settled_and_undone(program: Api, sam: User, api: Apis) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    (line,) = program.get("/api/conflicts").json()["conflicts"]
    url = f"/api/conflicts/{line['id']}"
    assert_refused(program.post(f"{url}/resolve", {"take": "yours"}), 428, "VERSION_REQUIRED")
    preview = program.post(f"{url}/resolve?preview=true", {}).json()
    assert preview["undecided"] == ["/note"]
    assert_refused(program.post(f"{url}/resolve", {"_version": 2}), 400, "INVALID")
    assert_refused(
        program.post(f"{url}/resolve", {"_version": 2, "take": "yours", "choices": {"/note": "yours"}}), 400, "INVALID"
    )
    assert_refused(program.post(f"{url}/resolve", {"_version": 1, "take": "yours"}), 412, "PRECONDITION_FAILED")
    done = program.post(f"{url}/resolve", {"_version": 2, "choices": {"/note": {"value": "ours"}}, "reason": "talked"}).json()
    assert done["version"] == 3
    assert program.get("/api/sessions/c1").json()["session"]["note"] == "ours"
    assert_refused(program.post(f"{url}/dismiss", {}), 409, "ALREADY_SETTLED")
    settled = program.get(url).json()["conflict"]
    assert (settled["state"], settled["settledBy"], settled["reason"], settled["resultVersion"]) == (
        "resolved",
        "alice",
        "talked",
        3,
    )
    assert program.get("/api/conflicts").json()["total"] == 0
    assert program.post(f"{url}/reopen", {}).json()["conflict"]["state"] == "open"
    assert_refused(program.post(f"{url}/assign", {"assignee": "sam"}), 403, "FORBIDDEN")
    assert api(sam).post(f"{url}/assign", {"assignee": "sam"}).json()["conflict"]["assignee"] == "sam"
    assert api(sam).get("/api/conflicts?assignee=me&severity=hard&session=c1").json()["total"] == 1
    counts = api(sam).post("/api/conflicts/settle", {"rule": "merge", "ids": [line["id"]], "dryRun": True}).json()
    assert (counts["settled"], counts["hard"]) == (0, 1)
    assert api(sam).post("/api/conflicts/settle", {"rule": "dismiss", "ids": [line["id"]]}).json()["settled"] == 1


def test_staff_who_may_only_look_settle_nothing(program: Api, viewer: User, api: Apis) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    url = f"/api/conflicts/{Conflict.objects.get().uuid}"
    assert api(viewer).get(url).status_code == 200
    for action in ("resolve", "dismiss", "assign"):
        assert_refused(api(viewer).post(f"{url}/{action}", {"_version": 2, "take": "yours", "assignee": None}), 403, "FORBIDDEN")
    assert Conflict.objects.get().state == "open"


def test_what_is_not_yours_is_not_there(program: Api, charlie: User, api: Apis) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    stranger = api(charlie)
    uuid = Conflict.objects.get().uuid
    missing = stranger.get("/api/sessions/nothing").json()
    for path in ("", "/versions", "/versions/1", "/diff?from=1", "/activity", "/files", "/lease", "/members"):
        assert assert_refused(stranger.get(f"/api/sessions/c1{path}"), 404, "NOT_FOUND") == missing
    for path, body in (("restore", {"version": 1}), ("lease", {}), ("members", {"user": "charlie"}), ("files", {})):
        assert_refused(stranger.post(f"/api/sessions/c1/{path}", body), 404, "NOT_FOUND")
    assert_refused(send(stranger, "DELETE", "/api/sessions/c1?version=2", ""), 404, "NOT_FOUND")
    assert_refused(send(stranger, "PATCH", "/api/sessions/c1", {"action": "restore"}), 404, "NOT_FOUND")
    assert_refused(stranger.get(f"/api/conflicts/{uuid}"), 404, "NOT_FOUND")
    for action in ("resolve", "dismiss", "reopen", "assign"):
        assert_refused(stranger.post(f"/api/conflicts/{uuid}/{action}", {"_version": 2, "take": "yours"}), 404, "NOT_FOUND")
    assert stranger.get("/api/conflicts").json()["total"] == 0
    assert stranger.get("/api/changes").json()["changes"] == []
    assert Session.objects.get().version == 2


def test_gzip_is_understood_both_ways_and_limited(program: Api, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    body = gzip.compress(json.dumps(BASE | {"_version": 1, "note": "packed"}).encode())
    for content_type, headers, version in (
        ("application/json", {"Content-Encoding": "gzip"}, 2),
        ("application/gzip", {}, 2),
        ("application/gzip", {"Content-Encoding": "gzip"}, 2),
    ):
        assert send(program, "POST", "/api/sessions", body, content_type, **headers).json()["version"] == version
    bomb = gzip.compress(b'{"session_id": "c1", "x": "' + b"x" * 2_000_000 + b'"}')
    assert_refused(send(program, "POST", "/api/sessions", bomb, "application/gzip"), 413, "TOO_LARGE")
    for broken in (b"not gzip", body[:-9], body + b"more", b""):
        assert_refused(send(program, "POST", "/api/sessions", broken, "application/gzip"), 400, "INVALID")
    assert_refused(send(program, "POST", "/api/sessions", body, **{"Content-Encoding": "br"}), 415, "UNSUPPORTED_TYPE")


def test_a_key_gives_the_same_answer_and_no_second_effect(program: Api) -> None:
    answers = [
        send(program, "POST", "/api/sessions", BASE | {"_version": 1, "n": 1}, **{"Idempotency-Key": "k1"}) for _ in range(3)
    ]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert [(a.status_code, a["ETag"], a["Content-Type"]) for a in answers] == [(200, '"2"', "application/json")] * 3
    other = send(program, "POST", "/api/sessions", BASE | {"_version": 2, "n": 2}, **{"Idempotency-Key": "k1"})
    assert_refused(other, 422, "KEY_REUSED")
    assert Session.objects.get().version == 2


def test_a_refused_save_is_repeated_word_for_word(program: Api) -> None:
    save(program, 1, note="theirs")
    first, second = (
        send(program, "POST", "/api/sessions", BASE | {"_version": 1, "note": "y"}, **{"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert (first.status_code, first.content) == (409, second.content)
    assert Conflict.objects.count() == 1


def test_a_key_of_a_malformed_request_serves_for_the_right_one(program: Api) -> None:
    assert_refused(send(program, "POST", "/api/sessions", {"no": "id"}, **{"Idempotency-Key": "k"}), 400, "INVALID")
    assert not IdempotencyKey.objects.exists()
    assert send(program, "POST", "/api/sessions", BASE | {"_version": 1}, **{"Idempotency-Key": "k"}).status_code == 200
    for odd in ("", "x" * 256, "a\u00e4"):
        assert_refused(send(program, "POST", "/api/sessions", BASE, **{"Idempotency-Key": odd}), 400, "INVALID")


def test_keys_are_each_users_own(program: Api, sam: User, api: Apis) -> None:
    send(program, "POST", "/api/sessions/c1/lease", {}, **{"Idempotency-Key": "k"})
    assert send(api(sam), "POST", "/api/sessions/c1/restore", {"version": 1}, **{"Idempotency-Key": "k"}).status_code == 200


def test_every_post_of_the_api_takes_a_key() -> None:
    """Whoever adds an endpoint and forgets it finds out here."""
    views = {pattern.callback.cls for pattern in _patterns(get_resolver()) if hasattr(pattern.callback, "cls")}
    posts = {cls for cls in views if hasattr(cls, "post") and cls.__module__.split(".")[0].endswith("_app")}
    assert len(posts) > 8
    assert {cls for cls in posts if not getattr(cls.post, "is_idempotent", False)} == set()


def _patterns(resolver: Any) -> list[Any]:
    found = []
    for pattern in resolver.url_patterns:
        found += _patterns(pattern) if hasattr(pattern, "url_patterns") else [pattern]
    return found


def changes(program: Api, count: int, query: str = "") -> dict[str, Any]:
    """So many changes. A transaction that others on the same server have open holds the newest entries back until it ends."""
    page: dict[str, Any] = wait_for(
        "the changes", lambda: (p := program.get(f"/api/changes?{query}").json())["count"] == count and p
    )
    return page


@pytest.mark.django_db(transaction=True)
def test_the_feed_of_changes_is_read_on_from_where_one_was(program: Api, alice: User, bob: User, api: Apis) -> None:
    first = changes(program, 1)
    assert [(c["kind"], c["key"], c["action"], c["version"]) for c in first["changes"]] == [("session", "c1", "created", 1)]
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    make_asset(by=alice)
    changes(program, 3, f"since={first['cursor']}")
    page = changes(program, 2, f"since={first['cursor']}&limit=2")
    assert [(c["kind"], c["action"]) for c in page["changes"]] == [("session", "updated"), ("conflict", "opened")]
    assert page["hasMore"]
    rest = changes(program, 1, f"since={page['cursor']}")
    assert ([c["kind"] for c in rest["changes"]], rest["hasMore"]) == (["asset"], False)
    again = changes(program, 0, f"since={rest['cursor']}")
    assert again["cursor"] == rest["cursor"]
    assert api(bob).get("/api/changes").json()["changes"] == []
    share_session(session=Session.objects.get(), with_user="bob", by=alice)
    assert {c["kind"] for c in changes(api(bob), 4)["changes"]} == {"session", "conflict"}
    for odd in ("x", "W10", "eyJ9", "WyJ4IiwwLDBd"):
        assert program.get(f"/api/changes?since={odd}").status_code in (400, 410)


def test_lists_go_on_by_cursor_in_every_order_without_gaps_or_repeats(alice: User, api: Apis) -> None:
    for number in range(7):
        make_session(by=alice, session_id=f"s{number}", session_name=f"n{number % 3}", devices=[{"device_id": f"D{number % 2}"}])
    program = api(alice)
    for ordering in ("-updated_at", "updated_at", "session_name", "-session_name", "session_id", "-version", "device_count",
                     "progress_percentage", "created_at"):  # fmt: skip
        seen, url = [], f"/api/sessions?limit=3&ordering={ordering}"
        while url:
            page = program.get(url).json()
            assert page["total"] == 7
            seen += [item["session_id"] for item in page["sessions"]]
            url = page["next"]
        assert sorted(seen) == [f"s{number}" for number in range(7)], ordering
    assert program.get("/api/sessions?device=D1").json()["total"] == 3
    assert program.get("/api/sessions?limit=2&offset=6").json()["count"] == 1
    newest = program.get("/api/sessions?limit=1").json()["sessions"][0]["updated_at"]
    assert program.get(f"/api/sessions?updated_since={newest}").json()["total"] == 1
    for odd in ("cursor=x", "cursor=W10", "ordering=owner", "updated_since=yesterday", "ordering=-deleted_at&cursor=bnVsbA"):
        assert_refused(program.get(f"/api/sessions?{odd}"), 400, "INVALID")


def cursor(*place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


@pytest.mark.parametrize(
    ("ordering", "value", "key"),
    [
        ("version", math.inf, "0" * 32),
        ("version", "1e3", "0" * 32),
        ("-progress_percentage", "NaN", "0" * 32),
        ("-progress_percentage", "1e999999", "0" * 32),
        ("-progress_percentage", [1], "0" * 32),
        ("session_name", "\ud800", "0" * 32),
        ("session_name", "a\0b", "0" * 32),
        ("updated_at", "0001-01-01T00:00:00+14:00", "0" * 32),
        ("-updated_at", "2026-01-01T00:00:00+00:00", "-" + "1" * 31),
        ("-updated_at", "2026-01-01T00:00:00+00:00", 7),
    ],
)
def test_forged_cursors_are_told_and_break_nothing(program: Api, ordering: str, value: Any, key: Any) -> None:
    forged = cursor(ordering, value, key)
    assert_refused(program.get(f"/api/sessions?ordering={ordering}&cursor={forged}"), 400, "INVALID")


@pytest.mark.parametrize(
    "place", [("sqlite", math.inf, 1), ("sqlite", 0.5, 0), ("sqlite", True, 0), ("sqlite", 1), ("sqlite", -1, 2)]
)
def test_forged_places_in_the_feed_are_told(program: Api, place: tuple[Any, ...]) -> None:
    assert_refused(program.get(f"/api/changes?since={cursor(*place)}"), 400, "INVALID")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_times_beyond_the_calendar_are_told(program: Api, moment: str) -> None:
    assert_refused(program.get(f"/api/sessions/c1?as_of={moment}"), 400, "INVALID")
    assert_refused(program.get(f"/api/sessions?updated_since={moment}"), 400, "INVALID")


def test_a_dry_run_that_is_not_said_clearly_settles_nothing(program: Api) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    ids = [str(Conflict.objects.get().uuid)]
    for odd in ("true", 1, None, [True]):
        assert_refused(program.post("/api/conflicts/settle", {"rule": "dismiss", "ids": ids, "dryRun": odd}), 400, "INVALID")
    assert Conflict.objects.get().state == "open"


def test_a_save_repeated_after_the_session_was_deleted_is_not_told_to_be_safe(program: Api) -> None:
    save(program, 1, note="important")
    program.client.delete("/api/sessions/c1?version=2")
    assert_refused(program.post("/api/sessions", BASE), 410, "GONE")
    assert_refused(save(program, 1, note="important"), 409, "CONFLICT")
    assert Conflict.objects.count() == 1


def test_a_repeated_answer_says_if_the_session_has_moved_on(program: Api) -> None:
    assert "currentVersion" not in save(program, 1, note="x").json()
    program.post("/api/sessions/c1/restore", {"version": 1})
    again = save(program, 1, note="x").json()
    assert (again["version"], again["currentVersion"]) == (2, 3)


def test_what_was_refused_can_be_merged_by_asking_again(program: Api) -> None:
    save(program, 1, note="theirs")
    assert save(program, 1, more=1).status_code == 409
    assert save(program, 1, "?merge=suggest", more=1).json()["suggestion"]["note"] == "theirs"
    assert save(program, 1, "?merge=auto", more=1).json()["merged"]
    assert (Conflict.objects.get().state, Conflict.objects.get().result_version) == ("resolved", 3)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_nothing_that_is_put_together_is_deeper_than_what_may_be_sent(program: Api) -> None:
    headers = {"If-Match": '"1"'}
    patch = [{"op": "add", "path": "/deep", "value": nested(95)}, {"op": "add", "path": "/deep" + "/a" * 95, "value": nested(90)}]
    for count in (2, 20):
        sent = patch + [{"op": "add", "path": "/deep" + "/a" * (95 + 90 * n), "value": nested(90)} for n in range(1, count)]
        refused = send(program, "PATCH", "/api/sessions/c1", sent, "application/json-patch+json", **headers)
        assert refused.status_code in (400, 422), refused.content
    assert Session.objects.get().version == 1


def test_media_types_are_known_in_any_spelling(program: Api) -> None:
    for spelling in ("APPLICATION/JSON", "application/json ;charset=utf-8"):
        assert send(program, "PATCH", "/api/sessions/c1", {"action": "refresh"}, spelling).json() == {"success": True}
    assert "action" not in program.get("/api/sessions/c1").json()["session"]


def test_a_list_says_what_it_always_said(program: Api, alice: User) -> None:
    hold_lease(session=Session.objects.get(), by=alice)
    (item,) = program.get("/api/sessions").json()["sessions"]
    fields = {
        "session_id", "session_name", "filename", "kind", "status", "total_rows", "progress_percentage", "current_batch",
        "total_batches", "completed_batches_count", "device_count", "completed_device_count", "version", "owner", "created_at",
        "updated_at", "expires_at", "timestamp", "pathname", "url", "downloadUrl", "size", "uploadedAt",
    }  # fmt: skip
    assert set(item) == fields
    assert item["updated_at"].endswith("Z")
    assert isinstance(item["progress_percentage"], float)


def test_the_trash_has_no_room_for_a_session_of_its_name(alice: User, api: Apis) -> None:
    assert_refused(api(alice).post("/api/sessions", {"session_id": "deleted"}), 400, "INVALID")


def test_every_change_is_in_the_feed(alice: User) -> None:
    make_asset(by=alice)
    make_session(by=alice)
    assert set(Change.objects.values_list("kind", "action")) == {("asset", "stored"), ("session", "created")}
