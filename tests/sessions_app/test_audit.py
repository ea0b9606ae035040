"""The log cannot be changed, and whoever changes it all the same is found. Nor can anything else go missing unseen."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction

from assets_app.guarded import writing
from assets_app.origin import Origin, coming_from
from sessions_app.models import Conflict, Session, SessionActivity, SessionCount, SessionDevice, SessionVersion
from sessions_app.operations.audit import audit, verify_activity
from sessions_app.operations.devices import catch_up, sessions_with_device
from sessions_app.operations.members import share_session
from sessions_app.operations.saves import save_version
from sessions_app.policies import MergePolicy
from tests.guards import guards_down
from tests.make import make_session

damaged = pytest.mark.damaged


@pytest.fixture
def session(alice: User) -> Session:
    """Five versions and a conflict."""
    session = make_session(by=alice, devices=[{"device_id": "D1"}])
    for number in range(1, 5):
        save_version(session=session, value={"note": number, "devices": [{"device_id": f"D{number}"}]}, based_on=number, by=alice)
    save_version(session=session, value={"note": "lost"}, based_on=2, by=alice)
    catch_up()
    return session


INSERT = "INSERT OR REPLACE INTO session_activity_log SELECT * FROM session_activity_log LIMIT 1"
FORBIDDEN = [
    "UPDATE session_activity_log SET user_id = 'nobody'",
    "DELETE FROM session_activity_log",
    "UPDATE session_versions SET sha256 = ''",
    "DELETE FROM session_versions",
    "UPDATE session_conflicts SET packed = packed",
    "UPDATE session_conflicts SET saved_by_id = 1 WHERE sha256 <> ''",
    "DELETE FROM session_conflicts",
]
BY_VENDOR = {
    "postgresql": [
        "TRUNCATE session_activity_log",
        "TRUNCATE session_activity_log CASCADE",
        "TRUNCATE session_versions",
        "TRUNCATE session_conflicts CASCADE",
        "TRUNCATE sessions CASCADE",
    ],
    "sqlite": [INSERT, INSERT.replace("activity_log", "versions").replace("session_activity", "session_versions")],
}


def test_the_database_itself_refuses_to_change_the_log_or_a_version(session: Session) -> None:
    before = list(SessionActivity.objects.values())
    connection.check_constraints()  # what waits for the end of the transaction would hold the tables
    for statement in FORBIDDEN + BY_VENDOR[connection.vendor]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    if connection.vendor == "sqlite":
        columns = [str(f.column) for f in SessionActivity._meta.concrete_fields if f.column != "id"]
        replacing = f"INSERT OR REPLACE INTO session_activity_log ({', '.join(columns)}) SELECT {', '.join(columns)}"
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{replacing} FROM session_activity_log WHERE seq = 2")
    assert list(SessionActivity.objects.values()) == before


def test_the_monitoring_queries_of_the_older_system_work(session: Session) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM session_activity_log WHERE action = 'conflict' ORDER BY created_at DESC")
        assert len(cursor.fetchall()) == 1
        cursor.execute(
            "SELECT session_id, user_id, action, version, metadata FROM session_activity_log WHERE session_id = 'checks-1'"
        )
        assert len(cursor.fetchall()) == 6


def test_an_entry_says_who_did_it_from_where(alice: User) -> None:
    origin = Origin(door="api", token="robot (hub_1234…)", address="10.1.2.3", device="phone", request_id="r-1")
    with coming_from(origin):
        make_session(by=alice)
    entry = SessionActivity.objects.get()
    assert (entry.user_id, entry.door, entry.token) == ("alice", "api", "robot (hub_1234…)")
    assert (entry.address, entry.device, entry.request_id) == ("10.1.2.3", "phone", "r-1")


def test_the_log_outlives_its_user(session: Session, sam: User) -> None:
    """Who made versions cannot be deleted. Who only shared, assigned or dismissed can, and stays in the log."""
    share_session(session=session, with_user=User.objects.create_user("bob").username, by=sam)
    sam.delete()
    assert SessionActivity.objects.filter(user_id="sam", action="shared").exists()
    assert list(verify_activity()) == []


def edit(seq: int, **values: Any) -> Callable[[], object]:
    return lambda: SessionActivity.objects.filter(seq=seq).update(**values)


def swap(first: int, second: int) -> None:
    one, other = SessionActivity.objects.get(seq=first), SessionActivity.objects.get(seq=second)
    SessionActivity.objects.filter(pk=one.pk).update(seq=99)
    SessionActivity.objects.filter(pk=other.pk).update(seq=first)
    SessionActivity.objects.filter(pk=one.pk).update(seq=second)


def forge_an_entry() -> None:
    entry = SessionActivity.objects.get(seq=6)
    entry.pk, entry.seq, entry.user_id = None, 7, "mallory"
    entry.save()


FAULTS: dict[str, tuple[Callable[[], object], str]] = {
    "another user": (edit(3, user_id="mallory"), "entry 3"),
    "another time": (edit(3, created_at="2020-01-01T00:00:00Z"), "entry 3"),
    "another action": (edit(2, action="deleted"), "entry 2"),
    "another fact": (edit(4, metadata={"device_count": 7}), "entry 4"),
    "a field moved into the next": (edit(5, door="", token="command"), "entry 5"),
    "another digest": (edit(3, document_sha256="0" * 64), "entry 3"),
    "one removed": (lambda: SessionActivity.objects.filter(seq=3).delete(), "entry 3 of its log is missing"),
    "the last removed": (lambda: SessionActivity.objects.filter(seq=6).delete(), "ends with entry 5"),
    "all removed": (lambda: SessionActivity.objects.all().delete(), "all 6 entries"),
    "two swapped": (lambda: swap(2, 4), "entry 2"),
    "one forged": (forge_an_entry, "entry 7"),
}


@damaged
@pytest.mark.parametrize("fault", FAULTS)
def test_whoever_changes_the_log_is_found(session: Session, fault: str) -> None:
    do, told = FAULTS[fault]
    with guards_down():
        do()
    (finding,) = verify_activity()
    assert finding.invariant == "I4"
    assert told in finding.message
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_activity", stdout=output)
    assert told in output.getvalue()


def versions(**where: Any) -> Any:
    return SessionVersion.objects.filter(**where)


DAMAGE: dict[str, tuple[Callable[[], object], str, str]] = {
    "a version gone": (lambda: versions(version=3).delete(), "I1", "version 3 is missing"),
    "the newest version gone": (lambda: versions(version=5).delete(), "I1", "stands at version 5"),
    "bytes changed": (lambda: versions(version=4).update(packed=versions(version=2).get().packed), "I2", "version 4"),
    "bytes broken": (lambda: versions(version=1).update(packed=b"broken"), "I2", "cannot be read"),
    "a digest changed": (lambda: versions(version=2).update(sha256="0" * 64), "I2", "version 2"),
    "another head": (lambda: Session.objects.update(sha256="0" * 64), "I2", "its digest"),
    "a conflict gone": (lambda: Conflict.objects.all().delete(), "I3", "is not kept"),
    "a refused document changed": (lambda: Conflict.objects.update(packed=b"x"), "I2", "conflict"),
    "another cause": (lambda: versions(version=3).update(cause="deleted"), "I3", "version 3"),
    "a version from the future": (lambda: versions(version=5).update(saved_at="2099-01-01T00:00:00Z"), "I5", "version 5"),
}


@damaged
@pytest.mark.parametrize("damage", DAMAGE)
def test_whatever_goes_missing_is_found(session: Session, damage: str) -> None:
    do, invariant, told = DAMAGE[damage]
    with guards_down():
        do()
    assert any(f.invariant == invariant and told in f.message and not f.is_repairable for f in audit()), list(audit())
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("fsck", "--repair", stdout=output)
    assert told in output.getvalue()


@damaged
def test_the_late_side_of_a_merge_is_missed_too(session: Session, alice: User) -> None:
    late = {"note": 4, "devices": [{"device_id": "D4"}], "more": 1}
    save_version(session=session, value={"note": 5, "devices": [{"device_id": "D4"}]}, based_on=5, by=alice)
    save_version(session=session, value=late, based_on=5, by=alice, policy=MergePolicy.AUTO)
    assert list(audit()) == []
    with guards_down():
        versions(version=7).update(conflict=None)
        Conflict.objects.filter(state="resolved").delete()
    assert any("is not kept" in finding.message for finding in audit())


@damaged
def test_copies_are_repaired_and_it_is_told(session: Session) -> None:
    SessionCount.objects.update(live=7)
    SessionDevice.objects.update(device_id="other")
    with writing():
        Session.objects.update(device_count=9)
    SessionCount.objects.create(owner=User.objects.create_user("nothing"), live=3)
    output = StringIO()
    with pytest.raises(CommandError):
        call_command("fsck", "--json", stdout=output)
    report = json.loads(output.getvalue())
    assert [f["invariant"] for f in report["findings"]] == ["C1"] * 4
    assert report["checked"] == {"sessions": 1, "versions": 5, "log entries": 6, "assets": 0, "blobs": 0}
    output = StringIO()
    call_command("fsck", "--repair", stdout=output)
    assert output.getvalue().count("repaired") == 4
    assert "nothing wrong" in output.getvalue()
    assert set(SessionCount.objects.values_list("owner__username", "live")) == {("alice", 1), ("nothing", 0)}


@damaged
def test_a_damaged_document_hides_no_other_device(session: Session, alice: User) -> None:
    other = make_session(by=alice, session_id="second", devices=[{"device_id": "D9"}])
    with guards_down():
        Session.objects.filter(pk=session.pk).update(searched_version=0)
        versions(session=session, version=1).update(packed=b"broken")
    assert list(sessions_with_device(Session.objects.all(), "D9")) == [other]


def test_all_well_is_told_in_words(session: Session) -> None:
    output = StringIO()
    call_command("fsck", stdout=output)
    call_command("verify_activity", "--session", "checks-1", stdout=output)
    assert output.getvalue().splitlines() == [
        "Checked 1 sessions, 5 versions, 6 log entries, 0 assets, 0 blobs: nothing wrong.",
        "6 entries verified: nothing was changed.",
    ]
