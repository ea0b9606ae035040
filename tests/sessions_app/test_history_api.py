"""The API around saving, as its clients rely on it: fields, statuses, and what is refused how."""

import json

from django.contrib.auth.models import User

from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.members import share_session
from tests.conftest import Api, Apis, assert_refused
from tests.make import make_asset, make_recording
from tests.sessions_app.calls import BASE, save, send


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
