"""The trash, old versions, and deleting for good."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from assets_app.errors import HoldfastError, InvalidInput, NotAllowed, NotFound
from assets_app.guarded import writing
from assets_app.models import Asset
from assets_app.operations.changes import changes_since
from sessions_app.errors import SessionDeleted, VersionMoved
from sessions_app.models import Conflict, PurgedSession, Session, SessionActivity, SessionFile, SessionVersion
from sessions_app.operations.audit import audit
from sessions_app.operations.counts import live_sessions_of
from sessions_app.operations.files import attach_file
from sessions_app.operations.history import newest_value
from sessions_app.operations.locks import days_remaining
from sessions_app.operations.members import share_session, unshare_session
from sessions_app.operations.saves import Refused, save_version
from sessions_app.operations.trash import delete_session, purge_trash, restore_version, undelete_session
from tests.make import make_asset, make_recording, make_session
from visualizations_app.models import Visualization


def fresh(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def age(session: Session, days: int) -> None:
    with writing():
        Session.objects.filter(pk=session.pk).update(deleted_at=timezone.now() - timedelta(days=days))


def test_deleting_is_a_version_and_so_is_taking_back(alice: User) -> None:
    session = make_session(by=alice, note="kept")
    deleted = delete_session(session=session, based_on=1, by=alice)
    assert (deleted.version, deleted.cause) == (2, "deleted")
    assert (live_sessions_of(alice), fresh(session).is_deleted, fresh(session).deleted_by) == (0, True, "alice")
    assert days_remaining(fresh(session)) == 14
    back = undelete_session(session=fresh(session), based_on=2, by=alice)
    assert (back.version, back.sha256) == (3, deleted.sha256)
    assert newest_value(fresh(session))["note"] == "kept"
    assert live_sessions_of(alice) == 1
    assert list(SessionActivity.objects.order_by("seq").values_list("action", flat=True)) == ["created", "deleted", "undeleted"]


@pytest.mark.parametrize(("name", "refusal"), [("bob", NotAllowed), ("charlie", NotFound)])
def test_no_door_can_let_a_member_or_a_stranger_delete_restore_or_share(
    alice: User, bob: User, charlie: User, name: str, refusal: type[HoldfastError]
) -> None:
    user = User.objects.get(username=name)
    live, trashed = make_session(by=alice), make_session(by=alice, session_id="gone")
    for session in (live, trashed):
        share_session(session=session, with_user="bob", by=alice)
    delete_session(session=trashed, based_on=1, by=alice)
    before = list(SessionActivity.objects.values_list("session_id", "action"))
    attempts: list[Callable[[], object]] = [
        lambda: delete_session(session=fresh(live), based_on=1, by=user),
        lambda: undelete_session(session=fresh(trashed), based_on=2, by=user),
        lambda: share_session(session=fresh(live), with_user="charlie", by=user),
        lambda: share_session(session=fresh(live), with_user="nobody", by=user),
        lambda: unshare_session(session=fresh(live), with_user="bob", by=user),
    ]
    for attempt in attempts:
        with pytest.raises(refusal):
            attempt()
    assert list(SessionActivity.objects.values_list("session_id", "action")) == before
    assert (fresh(live).is_deleted, fresh(trashed).is_deleted, live.members.count()) == (False, True, 1)


def test_deleting_what_somebody_just_saved_is_refused(alice: User) -> None:
    session = make_session(by=alice)
    save_version(session=fresh(session), value={"note": "new"}, based_on=1, by=alice)
    with pytest.raises(VersionMoved) as moved:
        delete_session(session=session, based_on=1, by=alice)
    assert moved.value.facts["currentVersion"] == 2
    assert not fresh(session).is_deleted
    assert live_sessions_of(alice) == 1


def test_a_save_of_a_deleted_session_is_kept_as_a_conflict(alice: User) -> None:
    session = make_session(by=alice)
    delete_session(session=session, based_on=1, by=alice)
    for based_on, note in ((1, "an hour offline"), (2, "knows, and saves all the same")):
        assert isinstance(save_version(session=fresh(session), value={"note": note}, based_on=based_on, by=alice), Refused)
    assert Conflict.objects.count() == 2
    assert fresh(session).version == 2


def test_a_file_is_not_attached_to_what_is_in_the_trash(alice: User) -> None:
    session = make_session(by=alice)
    asset = make_asset(by=alice)
    first = attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice)
    assert attach_file(session=session, asset=asset, role=SessionFile.Role.ATTACHMENT, by=alice) == first
    delete_session(session=fresh(session), based_on=1, by=alice)
    with pytest.raises(SessionDeleted):
        attach_file(session=session, asset=make_asset(by=alice, name="late.png"), role=SessionFile.Role.ATTACHMENT, by=alice)


def test_what_is_deleted_cannot_be_deleted_nor_what_is_not_taken_back(alice: User) -> None:
    session = make_session(by=alice)
    with pytest.raises(InvalidInput):
        undelete_session(session=session, based_on=1, by=alice)
    delete_session(session=session, based_on=1, by=alice)
    with pytest.raises(SessionDeleted):
        delete_session(session=fresh(session), based_on=2, by=alice)
    with pytest.raises(SessionDeleted):
        restore_version(session=fresh(session), version=1, based_on=2, by=alice)


def test_what_was_read_before_it_was_deleted_is_not_deleted_twice(alice: User) -> None:
    """Twice deleted, it would be counted down twice, and the list of what is left would be wrong."""
    as_read = make_session(by=alice)
    delete_session(session=fresh(as_read), based_on=1, by=alice)
    for change in (delete_session, partial(restore_version, version=1)):
        with pytest.raises(SessionDeleted):
            change(session=as_read, based_on=2, by=alice)
    in_trash = fresh(as_read)
    undelete_session(session=fresh(as_read), based_on=2, by=alice)
    with pytest.raises(InvalidInput):
        undelete_session(session=in_trash, based_on=3, by=alice)
    assert live_sessions_of(alice) == 1


def test_an_old_version_comes_back_and_those_between_stay(alice: User) -> None:
    session = make_session(by=alice, note="first")
    save_version(session=session, value={"note": "second"}, based_on=1, by=alice)
    version = restore_version(session=session, version=1, based_on=2, by=alice)
    assert (version.version, version.cause, version.restored_from) == (3, "restored", 1)
    assert newest_value(fresh(session))["note"] == "first"
    with pytest.raises(NotFound):
        restore_version(session=fresh(session), version=9, based_on=3, by=alice)


def test_the_trash_is_emptied_after_its_days_and_not_before(alice: User, settings: Any) -> None:
    settings.HOLDFAST_TRASH_DAYS = 3
    session = make_session(by=alice)
    delete_session(session=session, based_on=1, by=alice)
    age(session, 2)
    assert purge_trash() == 0
    age(session, 3)
    assert purge_trash() == 1
    assert not Session.objects.exists()
    assert not SessionVersion.objects.exists()
    assert SessionActivity.objects.latest("seq").action == "purged"
    assert PurgedSession.objects.get().session_id == "checks-1"
    if connection.vendor == "sqlite":  # where nothing that a test does at the same time holds the feed back
        assert [change.action for change in changes_since(cursor="", limit=9, by=alice).changes][-1] == "purged"


def test_a_purged_capture_takes_its_pictures_but_not_its_files(alice: User) -> None:
    session = make_recording(by=alice, samples=5).session
    delete_session(session=fresh(session), based_on=fresh(session).version, by=alice)
    age(session, 20)
    assert purge_trash() == 1
    assert not Visualization.objects.exists()
    assert Asset.objects.filter(owner=alice).count() == 1


def test_a_purged_id_can_be_used_again_and_neither_log_disturbs_the_other(alice: User, bob: User) -> None:
    first = make_session(by=alice)
    delete_session(session=first, based_on=1, by=alice)
    age(first, 20)
    purge_trash()
    second = make_session(by=bob)
    assert SessionActivity.objects.filter(session_uuid=second.pk).count() == 1
    assert list(audit()) == []
