"""Saving. Each test names a save that somebody would have lost."""

import hashlib
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from assets_app.errors import InvalidInput, NotFound
from assets_app.guarded import writing
from sessions_app.errors import DocumentTooLarge, VersionRequired
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.history import bytes_of, newest_bytes, newest_value
from sessions_app.operations.saves import Refused, Saved, save_session, save_version
from tests.make import make_session


def save(by: User, based_on: int | None = None, session_id: str = "checks-1", **fields: Any) -> Saved | Refused:
    return save_session(session_id=session_id, value={"session_id": session_id} | fields, based_on=based_on, by=by)


def test_a_new_id_becomes_version_1(alice: User) -> None:
    saved = save(alice, devices=[{"status": "approved"}, {"status": "pending"}, {"status": ["odd"]}])
    assert isinstance(saved, Saved)
    assert (saved.version, saved.session.device_count, saved.session.completed_device_count) == (1, 3, 1)
    assert float(saved.session.progress_percentage) == 33.33
    (log,) = SessionActivity.objects.all()
    assert (log.action, log.version, log.user_id, log.metadata) == ("created", 1, "alice", {"device_count": 3, "progress": 33.33})


def test_every_version_keeps_its_exact_bytes(alice: User) -> None:
    for number in range(1, 6):
        save(alice, number - 1 or None, note=f"{number} µ 😀")
    session = Session.objects.get()
    versions = list(session.versions.order_by("version"))
    assert [v.version for v in versions] == [1, 2, 3, 4, 5]
    for version in versions:
        data = bytes_of(version, session.pk)
        assert json.loads(data)["note"] == f"{version.version} µ 😀"
        assert version.sha256 == hashlib.sha256(data).hexdigest()
    assert newest_bytes(session) == data


def test_a_save_from_an_old_version_is_refused_and_kept(alice: User) -> None:
    save(alice, note="first")
    save(alice, 1, note="theirs")
    refused = save(alice, 1, note="mine")
    assert isinstance(refused, Refused)
    assert (refused.session.version, refused.attempted_version) == (2, 1)
    assert json.loads(bytes_of(refused.conflict, refused.session.pk))["note"] == "mine"
    assert newest_value(Session.objects.get())["note"] == "theirs"
    log = SessionActivity.objects.get(action="conflict")
    assert log.metadata["attempted_version"] == 1
    assert log.metadata["current_version"] == 2
    assert SessionVersion.objects.count() == 2


def test_a_save_from_a_version_that_is_not_there_yet_is_refused_and_kept(alice: User) -> None:
    save(alice)
    assert isinstance(save(alice, 7, note="from the future"), Refused)
    assert Conflict.objects.get().base_version == 7


def test_a_repeated_save_gets_its_answer_again_and_changes_nothing(alice: User) -> None:
    save(alice)
    first = save(alice, 1, note="mine")
    again = save(alice, 1, note="mine")
    assert isinstance(first, Saved)
    assert isinstance(again, Saved)
    assert (again.version, again.saved_at, again.is_repeat) == (2, first.saved_at, True)
    assert not Conflict.objects.exists()
    assert SessionVersion.objects.count() == 2


def test_a_repeated_creation_gets_its_answer_again(alice: User) -> None:
    save(alice, note="mine")
    again = save(alice, note="mine")
    assert isinstance(again, Saved)
    assert again.is_repeat


def test_the_same_save_by_somebody_else_is_no_repeat(alice: User, sam: User) -> None:
    save(alice)
    save(alice, 1, note="same words")
    assert isinstance(save(sam, 1, note="same words"), Refused)


def test_an_existing_session_cannot_be_saved_without_a_version(alice: User) -> None:
    save(alice, note="first")
    with pytest.raises(VersionRequired) as refused:
        save(alice, note="blind")
    assert refused.value.facts == {"currentVersion": 1}
    assert Session.objects.get().version == 1


def test_somebody_elses_session_cannot_be_saved_or_probed(alice: User, charlie: User) -> None:
    save(alice, note="hers")
    with pytest.raises(NotFound):
        save(charlie, 1, note="his")
    session = Session.objects.get()
    with pytest.raises(NotFound):
        save_version(session=session, value={}, based_on=1, by=charlie)
    session.refresh_from_db()
    assert (session.version, newest_value(session)["note"]) == (1, "hers")


def test_both_spellings_of_a_capture_time_are_one_session(alice: User) -> None:
    save(alice, session_id="2025-12-14T10:24:07.182Z")
    save(alice, 1, session_id="2025-12-14T10_24_07.182Z")
    session = Session.objects.get()
    assert (session.session_id, session.timestamp, session.version) == ("2025-12-14T10_24_07.182Z", "2025-12-14T10:24:07.182Z", 2)


def test_the_hubs_own_fields_are_not_frozen_into_the_document(alice: User) -> None:
    save(alice, owner="mallory", _version=1, created_at="1970-01-01", url="kept", status="kept", size=7)
    kept = {"session_id": "checks-1", "session_name": "checks-1", "url": "kept", "status": "kept", "size": 7}
    assert newest_value(Session.objects.get()) == kept


@pytest.mark.parametrize(
    "fields",
    [
        {"session_name": 7},
        {"session_name": "x" * 256},
        {"session_name": "a\nb"},
        {"filename": []},
        {"devices": {}},
        {"devices": ["text"]},
        {"completed_batches": 3},
        {"total_rows": -1},
        {"total_rows": 2**31},
        {"total_rows": True},
        {"current_batch": "2"},
        {"progress_percentage": 101},
        {"progress_percentage": "50"},
    ],
)
def test_fields_that_lists_rely_on_are_checked(alice: User, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(alice, **fields)
    assert refused.value.facts
    assert not Session.objects.exists()


@pytest.mark.parametrize("session_id", ["", " padded", "a/b", "..", "a\0b", "x" * 256, "line\nbreak"])
def test_unusable_ids_are_refused(alice: User, session_id: str) -> None:
    with pytest.raises(InvalidInput):
        save(alice, session_id=session_id)


@pytest.mark.parametrize("version", [-1, 2**31 - 1, 2**31, 10**30])
def test_impossible_versions_are_refused(alice: User, version: int) -> None:
    make_session(by=alice)
    with pytest.raises(InvalidInput):
        save(alice, version)


def test_a_document_over_the_limit_is_refused(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    with pytest.raises(DocumentTooLarge):
        save(alice, note="x" * 1024 * 1024)


def test_the_database_itself_refuses_a_version_twice(alice: User) -> None:
    version = make_session(by=alice).versions.get()
    version.pk = None
    with pytest.raises(IntegrityError), transaction.atomic(), writing():
        version.save()


def test_a_failure_in_the_middle_leaves_nothing(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    session = make_session(by=alice)
    monkeypatch.setattr("sessions_app.operations.commits._bring_up_to_date", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        save(alice, 1, note="half")
    session.refresh_from_db()
    assert (session.version, session.versions.count()) == (1, 1)
