"""What makes a version without new content: restoring an old one, the trash and the way out of it; and deleting for good."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from assets_app.guarded import writing
from sessions_app.documents import Document
from sessions_app.errors import VersionMoved
from sessions_app.models import Conflict, PurgedSession, Session, SessionActivity, SessionVersion
from sessions_app.operations.activity import log_activity
from sessions_app.operations.commits import commit_version
from sessions_app.operations.counts import count_session
from sessions_app.operations.history import newest_value, read_version, value_of
from sessions_app.operations.locks import (
    check_deleted,
    check_may_manage,
    check_may_save,
    check_not_deleted,
    lock_session,
    trash_time,
)
from sessions_app.signals import session_purging

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
Cause = SessionVersion.Cause
PURGED_AT_ONCE = 100


def delete_session(*, session: Session, based_on: int, by: "User") -> SessionVersion:
    """Move a session to the trash, from where it can be taken back for `HOLDFAST_TRASH_DAYS`.

    Raises:
        VersionMoved: somebody saved since version `based_on`.
        SessionDeleted: it is there already.
        NotAllowed, NotFound: it is only shared with `by`, or not for them to see.
    """
    check_may_manage(session, by=by)
    with transaction.atomic():
        version = _advance(session, based_on, by=by, cause=Cause.DELETED, deleted_at=timezone.now())
        count_session(owner=session.owner, step=-1)
    return version


def undelete_session(*, session: Session, based_on: int, by: "User") -> SessionVersion:
    """Take a session out of the trash.

    Raises:
        VersionMoved: it changed since version `based_on`.
        InvalidInput: it is not in the trash.
        NotAllowed, NotFound: it is only shared with `by`, or not for them to see.
    """
    check_may_manage(session, by=by)
    with transaction.atomic():
        version = _advance(session, based_on, by=by, cause=Cause.UNDELETED)
        count_session(owner=session.owner, step=1)
    return version


def restore_version(*, session: Session, version: int, based_on: int, by: "User") -> SessionVersion:
    """Make an old version's content the newest version. The versions between stay.

    Raises:
        NotFound: there is no such version.
        VersionMoved: somebody saved since version `based_on`.
        SessionDeleted: the session is in the trash.
    """
    document = Document.of(value_of(read_version(session=session, version=version)), session_id=session.session_id)
    return _advance(session, based_on, by=by, cause=Cause.RESTORED, document=document, restored_from=version)


def purge_trash() -> int:
    """Delete for good what has been in the trash for long enough. Returns how many."""
    due = Session.objects.trashed().filter(deleted_at__lt=timezone.now() - trash_time()).order_by("deleted_at")
    return sum(_purged(pk) for pk in due.values_list("pk", flat=True)[:PURGED_AT_ONCE])


def _purged(session_pk: Any) -> bool:
    """One that cannot go yet does not keep the others."""
    try:
        return purge_session(session_pk=session_pk, by=None)
    except ProtectedError:
        log.exception("not_purged", session=str(session_pk))
        return False


def purge_session(*, session_pk: Any, by: "User | None") -> bool:
    """Delete a trashed session for good: its versions, conflicts, recordings and pictures. Its log stays, its files are their
    owner's assets still. False if it is not in the trash (any more).
    """
    with transaction.atomic(), writing():
        session = Session.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=session_pk).first()
        if session is None or session.deleted_at is None:
            return False
        log_activity(session, SessionActivity.Action.PURGED, by=by, at=timezone.now())
        session_purging.send(sender=Session, session=session)
        PurgedSession.objects.create(
            id=session.pk,
            session_id=session.session_id,
            owner=session.owner.get_username(),
            version=session.version,
            activity_seq=session.activity_seq,
            activity_hash=session.activity_hash,
        )
        session.recordings.all().delete()
        session.files.all().delete()
        session.versions.all().delete()
        Conflict.objects.filter(session=session).delete()
        session.delete()
    return True


def _advance(
    session: Session,
    based_on: int,
    *,
    by: "User",
    cause: SessionVersion.Cause,
    document: Document | None = None,
    deleted_at: datetime | None = None,
    **details: Any,
) -> SessionVersion:
    """A version for other reasons than a save: made from the newest one, or not at all."""
    with transaction.atomic():
        head = check_may_save(lock_session(session, by=by), by=by)
        if cause is Cause.UNDELETED:
            check_deleted(head)
        else:
            check_not_deleted(head)
        if head.version != based_on:
            raise VersionMoved.of(head.version, based_on)
        document = document or Document.of(newest_value(head), session_id=head.session_id)
        version = commit_version(head=head, document=document, by=by, cause=cause, deleted_at=deleted_at, **details)
        if version is None:  # under its lock nobody else can have moved it
            raise VersionMoved.of(head.version, based_on)
    session.version, session.deleted_at = head.version, head.deleted_at
    return version
