"""The queue of conflicts: staff see what waits, and settle much at once without losing sight of it."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sessions_app.models import Conflict, Session, SessionVersion
from sessions_app.operations.conflicts import assign_conflict, dismiss_conflict
from sessions_app.operations.history import newest_value
from sessions_app.operations.saves import save_version
from sessions_app.operations.trash import delete_session
from sessions_app.review.rows import key_of
from tests.conftest import Page, words
from tests.guards import guards_down
from tests.make import edited, make_hard, make_session, make_soft, save_too_late

QUEUE, SESSIONS = "/admin/sessions_app/conflict/", "/admin/sessions_app/session/"
NOTES, RANK = "/devices/device_id=D1/checker_notes", "/devices/device_id=D1/rank"
ACTIONS = ("assign_to_me", "unassign", "merge_fitting", "take_theirs", "take_yours", "dismiss")


def review(conflict: Conflict) -> str:
    return f"{QUEUE}{conflict.pk}/review/"


def counts_told(response: Any) -> dict[str, int]:
    """The table of the page that asks before anything is done."""
    found = re.findall(r'<th scope="row">([^<]*)</th><td>(\d+)</td>', response.content.decode())
    return {html.unescape(told): int(count) for told, count in found}


def do(client: Client, action: str, conflicts: list[Conflict], query: str = "", **fields: str) -> Any:
    chosen = {"action": action, "_selected_action": [conflict.pk for conflict in conflicts]}
    return client.post(QUEUE + query, chosen | fields, follow=True)


@pytest.fixture
def mixed(alice: User) -> list[Conflict]:
    """Two soft, one hard, one in the trash, one that is settled."""
    conflicts = [make_soft(owner=alice, by=alice, session_id=f"soft-{n}") for n in (1, 2)]
    conflicts.append(make_hard(owner=alice, by=alice, session_id="hard-1"))
    for name in ("trash-1", "done-1"):
        conflicts.append(make_soft(owner=alice, by=alice, session_id=name))
    delete_session(session=Session.objects.get(session_id="trash-1"), based_on=2, by=alice)
    dismiss_conflict(conflict=conflicts[-1], by=alice)
    return conflicts


def test_the_queue_shows_what_is_open_and_how_much(mixed: list[Conflict], sam: User, page: Page) -> None:
    assign_conflict(conflict=mixed[0], to=sam, by=sam)
    told = words(page(sam).get(QUEUE))
    assert "1 hard and 3 soft conflicts open" in told
    assert "1 assigned to me" in told
    assert "Ward hard-1" in told
    assert "Ward done-1" not in told
    assert "1 → 2" in told
    for choice in ("Open (4)", "Resolved (0)", "Dismissed (1)", "All (5)", "hard: both changed the same (1)", "Nobody (3)"):
        assert choice in told, choice
    assert "Ward done-1" in words(page(sam).get(f"{QUEUE}?state=dismissed"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=all", 5),
        ("severity__exact=hard", 1),
        ("assignee=me", 1),
        ("assignee=nobody", 3),
        ("assignee=others", 0),
        ("age=new", 3),
        ("age=week", 1),
        ("age=month", 0),
        ("door=command", 4),
        ("q=soft-1", 1),
        ("q=Ward+hard", 1),
        ("q=alice", 4),
        ("q=bob", 0),
    ],
)
def test_the_queue_is_narrowed(mixed: list[Conflict], sam: User, page: Page, query: str, found: int) -> None:
    assign_conflict(conflict=mixed[0], to=sam, by=sam)
    with guards_down():
        Conflict.objects.filter(pk=mixed[1].pk).update(created_at=timezone.now() - timedelta(days=8))
    text = page(sam).get(f"{QUEUE}?{query}").content.decode()
    assert len(set(re.findall(r"/conflict/(\d+)/review/", text))) == found


def test_an_empty_queue_says_so(sam: User, page: Page) -> None:
    assert "Nothing is open" in words(page(sam).get(QUEUE))


def test_a_long_queue_asks_the_database_no_more_than_a_short_one(alice: User, sam: User, page: Page) -> None:
    client = page(sam)
    asked = []
    for first in (0, 3):
        for number in range(first, first + 3):
            make_soft(owner=alice, by=alice, session_id=f"s{number}")
        client.get(QUEUE)
        with CaptureQueriesContext(connection) as queries:
            client.get(QUEUE)
        asked.append(len(queries))
        assert '"packed"' not in " ".join(query["sql"] for query in queries)
    assert asked[0] == asked[1]


def test_viewers_see_everything_and_do_nothing(mixed: list[Conflict], viewer: User, alice: User, page: Page) -> None:
    client = page(viewer)
    conflict = mixed[0]
    for path in (QUEUE, review(conflict), f"{QUEUE}{conflict.pk}/change/"):
        text = client.get(path).content.decode()
        assert "Ward soft-1" in text
        assert 'name="do"' not in text
        assert 'name="action"' not in text
    for step in ("preview", "save", "theirs", "yours", "dismiss", "undo", "assign", "unassign"):
        assert client.post(review(conflict), {"do": step, "version": "2"}).status_code == 403
    for action in ACTIONS:
        do(client, action, mixed, confirmed="yes")
    assert Conflict.objects.unsettled().count() == 4
    assert not Conflict.objects.exclude(assignee=None).exists()
    assert not SessionVersion.objects.filter(cause="resolved").exists()


def test_collectors_have_no_queue(mixed: list[Conflict], alice: User, page: Page) -> None:
    for path in (QUEUE, review(mixed[0])):
        assert page(alice).get(path).status_code == 302
        assert page(alice).post(path, {"do": "dismiss"}).status_code == 302
    assert Client().get(review(mixed[0])).status_code == 302
    assert Conflict.objects.unsettled().count() == 4


def test_staff_without_the_right_to_look_at_conflicts_see_none(mixed: list[Conflict], page: Page) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    assert page(clerk).get(review(mixed[0])).status_code == 403
    assert page(clerk).post(review(mixed[0]), {"do": "dismiss"}).status_code == 403


def test_staff_choose_per_path_and_undo_it(alice: User, sam: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    client = page(sam)
    choices = {f"choice-{key_of(NOTES)}": "yours", f"choice-{key_of(RANK)}": "value", f"value-{key_of(RANK)}": "15"}
    told = words(client.post(review(conflict), {"do": "preview", "version": "2"} | choices))
    assert "saving this would change 3 parts" in told
    told = words(client.post(review(conflict), {"do": "save", "version": "2", "reason": "asked"} | choices, follow=True))
    assert "Saved as version 3" in told
    assert "sam resolved it" in told
    session = Session.objects.get(pk=conflict.session_id)
    assert newest_value(session)["devices"][0]["rank"] == 15
    assert SessionVersion.objects.get(session=session, version=3).saved_by == sam
    assert "Undone" in words(client.post(review(conflict), {"do": "undo"}, follow=True))
    session.refresh_from_db()
    assert newest_value(session)["devices"][0]["rank"] == 10


def test_who_looks_at_it_is_said_on_its_page(alice: User, sam: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    client = page(sam)
    client.post(review(conflict), {"do": "assign"})
    conflict.refresh_from_db()
    assert conflict.assignee == sam
    assert "Assigned to sam" in words(client.get(review(conflict)))
    client.post(review(conflict), {"do": "unassign"})
    conflict.refresh_from_db()
    assert conflict.assignee is None


def test_a_moved_session_is_told_in_the_admin_too(alice: User, sam: User, page: Page) -> None:
    conflict = make_hard(owner=alice, by=alice)
    session = Session.objects.get(pk=conflict.session_id)
    save_version(session=session, value=edited(newest_value(session), D1={"rank": 11}), based_on=2, by=alice)
    response = page(sam).post(review(conflict), {"do": "yours", "version": "2"})
    assert (response.status_code, "alice made version 3" in words(response)) == (412, True)
    assert session.versions.count() == 3


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("merge_fitting", {"settled": 2, "hard": 1, "moved": 1, "trashed": 1}),
        ("take_theirs", {"settled": 3, "hard": 0, "moved": 1, "trashed": 1}),
        ("take_yours", {"settled": 3, "hard": 0, "moved": 1, "trashed": 1}),
        ("dismiss", {"settled": 4, "hard": 0, "moved": 1, "trashed": 0}),
    ],
)
def test_what_is_told_beforehand_is_what_happens(
    mixed: list[Conflict], sam: User, page: Page, action: str, outcome: dict[str, int]
) -> None:
    client = page(sam)
    asked = do(client, action, mixed, query="?state=all")
    told = {
        "settled": "Would be settled",
        "hard": "Left alone: both sides changed the same",
        "moved": "Left alone: settled or changed meanwhile",
        "trashed": "Left alone: the session is in the trash",
    }
    assert counts_told(asked) == {told[name]: count for name, count in outcome.items() if count or name == "settled"}
    assert Conflict.objects.unsettled().count() == 4, "asking must not settle"
    chosen = re.findall(r'name="_selected_action" value="(\d+)"', asked.content.decode())
    assert sorted(map(int, chosen)) == sorted(conflict.pk for conflict in mixed)
    done = do(client, action, mixed, query="?state=all", confirmed="yes", reason="all of one batch")
    happened = {
        "settled": "settled",
        "hard": "left alone, because both sides changed the same",
        "moved": "left alone, because somebody was faster",
        "trashed": "left alone, because the session is in the trash",
    }
    for name, count in outcome.items():
        assert (f"{count} {happened[name]}" in words(done)) == bool(count), name
    assert Conflict.objects.filter(reason="all of one batch").count() == outcome["settled"]
    assert Conflict.objects.unsettled().count() == 4 - outcome["settled"]


def test_sixty_at_once(alice: User, sam: User, page: Page) -> None:
    conflicts = [make_soft(owner=alice, by=alice, session_id=f"s{number}") for number in range(60)]
    client = page(sam)
    everything = {"action": "merge_fitting", "select_across": "1", "_selected_action": [conflicts[0].pk]}
    asked = client.post(QUEUE, everything)
    assert counts_told(asked) == {"Would be settled": 60}
    chosen = re.findall(r'name="_selected_action" value="(\d+)"', asked.content.decode())
    done = client.post(
        QUEUE, {"action": "merge_fitting", "_selected_action": chosen, "confirmed": "yes", "reason": "all fit"}, follow=True
    )
    assert "60 settled" in words(done)
    assert Conflict.objects.filter(state="resolved", settled_by=sam, reason="all fit").count() == 60
    assert SessionVersion.objects.filter(cause="resolved", saved_by=sam).count() == 60


def test_somebody_who_was_faster_is_told_of(alice: User, sam: User, page: Page) -> None:
    """Settled between the question and the answer: counted, not silently skipped."""
    conflicts = [make_soft(owner=alice, by=alice, session_id=f"s{number}") for number in range(2)]
    client = page(sam)
    assert counts_told(do(client, "take_yours", conflicts)) == {"Would be settled": 2}
    dismiss_conflict(conflict=conflicts[0], by=alice)
    done = do(client, "take_yours", conflicts, confirmed="yes")
    assert "1 settled; 1 left alone, because somebody was faster" in words(done)


def test_a_reason_that_cannot_be_kept_settles_nothing(mixed: list[Conflict], sam: User, page: Page) -> None:
    response = do(page(sam), "dismiss", mixed, confirmed="yes", reason="x" * 1001)
    assert (response.status_code, "at most 1000 are kept" in words(response)) == (400, True)
    assert Conflict.objects.unsettled().count() == 4


def test_forged_numbers_settle_nothing(mixed: list[Conflict], sam: User, page: Page) -> None:
    fields = {"action": "dismiss", "_selected_action": ["x", "-1", "²", str(2**70)], "confirmed": "yes"}
    assert page(sam).post(QUEUE, fields).status_code in (302, 400)
    assert Conflict.objects.unsettled().count() == 4


def test_many_are_assigned_at_once(mixed: list[Conflict], sam: User, page: Page) -> None:
    client = page(sam)
    assert "4 conflict(s) assigned to you" in words(do(client, "assign_to_me", mixed))
    assert Conflict.objects.filter(assignee=sam).count() == 4
    do(client, "unassign", mixed[:2])
    assert Conflict.objects.filter(assignee=sam).count() == 2


def test_hostile_names_stay_text_in_the_queue(alice: User, sam: User, page: Page) -> None:
    evil = "<script>alert(1)</script>"
    session = make_session(by=alice, session_id="evil", session_name=evil)
    save_version(session=session, value={"session_name": evil, "a": 1}, based_on=1, by=alice)
    refused = save_too_late(session, {"session_name": evil, "a": evil}, based_on=1, by=alice)
    client = page(sam)
    for response in (client.get(QUEUE), client.get(review(refused)), do(client, "dismiss", [refused])):
        assert evil not in response.content.decode()
        assert "&lt;script&gt;" in response.content.decode()
