"""The log for staff: found, checked and taken along, without a spreadsheet being taken in by it."""

import csv
import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from assets_app.origin import Origin, coming_from
from assets_app.spreadsheets import safe_cell
from sessions_app.models import Session, SessionActivity
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import save_version
from sessions_app.operations.trash import delete_session, purge_session
from tests.conftest import Page
from tests.guards import guards_down
from tests.make import make_session

LOG = "/admin/sessions_app/sessionactivity/"


@pytest.fixture
def session(alice: User) -> Session:
    """Four entries: created, updated from a tablet, shared, updated."""
    session = make_session(by=alice)
    origin = Origin(door="api", token="kit", address="10.0.0.7", device="=cmd|' /C calc'!A0", request_id="req-1")
    with coming_from(origin):
        save_version(session=session, value={"session_name": "Checks", "a": 1}, based_on=1, by=alice)
    User.objects.create_user("bob")
    share_session(session=session, with_user="bob", by=alice)
    session.refresh_from_db()
    save_version(session=session, value={"session_name": "Checks", "a": 2}, based_on=2, by=alice)
    return session


def rows(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert safe_cell(start) == f"'{start}"


@pytest.mark.parametrize("text", ["", "1-1", "a=b", "it's"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 4),
        ("action__exact=shared", 1),
        ("door=api", 1),
        ("user=alice", 4),
        ("user=nobody", 0),
        ("q=checks-1", 4),
        ("q=req-1", 1),
        ("q=req", 0),
        ("q=alice", 4),
        ("created_at__gte=2020-01-01+00:00:00%2B00:00", 4),
        ("created_at__gte=2999-01-01+00:00:00%2B00:00", 0),
    ],
)
def test_the_log_is_narrowed_and_exported_as_shown(session: Session, sam: User, page: Page, query: str, found: int) -> None:
    client = page(sam)
    assert f"{found} session activity" in client.get(f"{LOG}?{query}").content.decode()
    exported = rows(client.get(f"{LOG}export/?{query}"))
    assert len(exported) == found


def test_an_export_says_everything_and_runs_nothing(session: Session, sam: User, page: Page) -> None:
    entry = SessionActivity.objects.get(request_id="req-1")
    response = page(sam).post(LOG, {"action": "export_chosen", "_selected_action": [entry.pk]})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    (row,) = rows(response)
    assert row["device"] == "'=cmd|' /C calc'!A0"
    assert (row["token"], row["address"], row["user_id"], row["version"]) == ("kit", "10.0.0.7", "alice", "2")
    assert row["entry_hash"] == entry.entry_hash
    assert row["created_at"] == entry.created_at.isoformat()


def test_a_long_log_is_exported_whole(alice: User, sam: User, page: Page) -> None:
    """More than a page of the list, and more than is read at once."""
    session = make_session(by=alice)
    for number in range(1, 601):
        save_version(session=session, value={"session_name": "Checks", "n": number}, based_on=number, by=alice)
    exported = rows(page(sam).get(f"{LOG}export/?p=2"))
    assert sorted(int(row["seq"]) for row in exported) == list(range(1, 602))


def test_the_log_is_for_staff(session: Session, alice: User, viewer: User, page: Page) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    assert page(alice).get(f"{LOG}export/").status_code == 302
    assert page(clerk).get(f"{LOG}export/").status_code == 403
    assert len(rows(page(viewer).get(f"{LOG}export/"))) == 4
    entry = SessionActivity.objects.first()
    assert entry is not None
    assert page(viewer).post(f"{LOG}{entry.pk}/change/", {"action": "forged"}).status_code == 403


def test_an_entry_is_shown_with_its_session_and_its_proof(session: Session, sam: User, page: Page) -> None:
    entry = SessionActivity.objects.get(request_id="req-1")
    text = page(sam).get(f"{LOG}{entry.pk}/change/").content.decode()
    assert f"/admin/sessions_app/session/{session.pk}/change/" in text
    assert "&quot;device_count&quot;: 0" in text
    assert entry.entry_hash in text
    assert "Verifies: entries 1 to 2 are as they were written." in text


@pytest.mark.damaged
def test_an_entry_that_was_tampered_with_is_shown_as_broken(session: Session, sam: User, page: Page) -> None:
    newest = SessionActivity.objects.order_by("-seq")[0]
    tampered = SessionActivity.objects.get(seq=2)
    with guards_down(), connection.cursor() as cursor:
        cursor.execute("UPDATE session_activity_log SET user_id = 'mallory' WHERE id = %s", [tampered.pk])
    client = page(sam)
    assert "Broken: entry 2" in client.get(f"{LOG}{newest.pk}/change/").content.decode()
    first = SessionActivity.objects.get(seq=1)
    assert "Verifies" in client.get(f"{LOG}{first.pk}/change/").content.decode()


def test_the_log_of_a_session_that_is_gone_stays_readable(session: Session, alice: User, sam: User, page: Page) -> None:
    session.refresh_from_db()
    delete_session(session=session, based_on=session.version, by=alice)
    purge_session(session_pk=session.pk, by=None)
    entry = SessionActivity.objects.order_by("-seq")[0]
    text = page(sam).get(f"{LOG}{entry.pk}/change/").content.decode()
    assert "deleted for good" in text
    assert "Verifies: entries 1 to 6" in text
