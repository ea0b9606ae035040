"""Lists and the feed of changes: whole, in order, and read on from where one was."""

import base64
import json
import math
from typing import Any

import pytest
from django.contrib.auth.models import User

from assets_app.models import Change
from sessions_app.models import Session
from sessions_app.operations.leases import hold_lease
from sessions_app.operations.members import share_session
from tests.conftest import Api, Apis, assert_refused
from tests.hub import wait_for
from tests.make import make_asset, make_session
from tests.sessions_app.calls import save


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


def test_every_change_is_in_the_feed(alice: User) -> None:
    make_asset(by=alice)
    make_session(by=alice)
    assert set(Change.objects.values_list("kind", "action")) == {("asset", "stored"), ("session", "created")}


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
