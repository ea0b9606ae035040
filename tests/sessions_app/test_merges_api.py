"""Conflicts and merges over the API: what is told, what is suggested, how they are settled."""

from django.contrib.auth.models import User

from sessions_app.models import Conflict
from tests.conftest import Api, Apis, assert_refused
from tests.sessions_app.calls import save


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


def test_what_was_refused_can_be_merged_by_asking_again(program: Api) -> None:
    save(program, 1, note="theirs")
    assert save(program, 1, more=1).status_code == 409
    assert save(program, 1, "?merge=suggest", more=1).json()["suggestion"]["note"] == "theirs"
    assert save(program, 1, "?merge=auto", more=1).json()["merged"]
    assert (Conflict.objects.get().state, Conflict.objects.get().result_version) == ("resolved", 3)


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


def test_a_dry_run_that_is_not_said_clearly_settles_nothing(program: Api) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    ids = [str(Conflict.objects.get().uuid)]
    for odd in ("true", 1, None, [True]):
        assert_refused(program.post("/api/conflicts/settle", {"rule": "dismiss", "ids": ids, "dryRun": odd}), 400, "INVALID")
    assert Conflict.objects.get().state == "open"


def test_staff_who_may_only_look_settle_nothing(program: Api, viewer: User, api: Apis) -> None:
    save(program, 1, note="theirs")
    save(program, 1, note="yours")
    url = f"/api/conflicts/{Conflict.objects.get().uuid}"
    assert api(viewer).get(url).status_code == 200
    for action in ("resolve", "dismiss", "assign"):
        assert_refused(api(viewer).post(f"{url}/{action}", {"_version": 2, "take": "yours", "assignee": None}), 403, "FORBIDDEN")
    assert Conflict.objects.get().state == "open"
