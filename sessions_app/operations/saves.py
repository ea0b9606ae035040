"""Saving: every accepted save is a version, every refused one a conflict. Nothing is overwritten, nothing dropped.

The version is compared in the UPDATE itself. Whoever loses takes the row's lock too, so that the log rows of one session stand
in one order. A conflict is returned, never raised: raising would roll back the row that keeps the losing document.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from assets_app.errors import InvalidInput, NotFound
from sessions_app.documents import LARGEST_INTEGER, Document, columns_of
from sessions_app.errors import VersionRequired
from sessions_app.ids import canonical_id
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.signals import version_saved

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Saved:
    """It is stored. `is_repeat`: it was stored before, and only the answer had been lost."""

    session: Session
    version: int
    saved_at: datetime
    is_repeat: bool = False


@dataclass(frozen=True)
class Refused:
    """Somebody saved first. The losing document is kept in `conflict`."""

    conflict: Conflict
    current_version: int
    attempted_version: int


def save_session(*, session_id: str, value: dict[str, Any], based_on: int | None, by: "User") -> Saved | Refused:
    """Create a session, or save a new version of an existing one.

    Args:
        session_id: the client's own name for it.
        value: the document's fields; the hub's own fields in it are ignored.
        based_on: the version that the document was made from; needed unless the session is new.

    Raises:
        InvalidInput, DocumentTooLarge: the document cannot be kept.
        VersionRequired: the session exists and `based_on` is None.
        NotFound: the session exists, but is not for `by` to see.
    """
    if based_on is not None and not 0 <= based_on < LARGEST_INTEGER:  # the next one must fit, too
        raise InvalidInput(f"'_version' must be a whole number from 0 to {LARGEST_INTEGER - 1}.", pointer="/_version")
    session_id = canonical_id(session_id)
    created = create_session(session_id=session_id, value=value, kind=Session.Kind.DOCUMENT, by=by)
    if created is not None:
        return Saved(created, created.version, created.updated_at)
    session = Session.objects.visible_to(by).summaries().filter(session_id=session_id).first()
    if session is None:
        raise NotFound("There is no session of that id that you may save. Choose another session_id.")
    if based_on is None:
        if repeated := _repeat_of(session, 1, Document.of(value), by=by):
            return repeated
        raise VersionRequired(
            f"This session exists at version {session.version}. Send the version that you changed as _version, "
            "so that nobody's work is overwritten.",
            currentVersion=session.version,
        )
    return save_version(session=session, value=value, based_on=based_on, by=by)


def create_session(
    *,
    session_id: str,
    value: dict[str, Any],
    kind: Session.Kind,
    by: "User",
    status: Session.Status = Session.Status.OPEN,
) -> Session | None:
    """A new session at version 1, or None if the id is taken (also by somebody else, at this very moment).

    Raises:
        InvalidInput, DocumentTooLarge: the document cannot be kept.
    """
    session_id = canonical_id(session_id)
    document = Document.of(value)
    columns = columns_of(value, session_id=session_id)
    now = timezone.now()
    draft = Session(
        session_id=session_id,
        kind=kind,
        status=status,
        owner=by,
        document=document.text,
        created_at=now,
        updated_at=now,
        **columns,
    )
    with transaction.atomic():
        # A row that does not exist cannot be locked: of two creators, the unique constraint picks one.
        Session.objects.bulk_create([draft], ignore_conflicts=True)
        session = Session.objects.filter(pk=draft.pk).first()
        if session is not None:
            _append_version(session, 1, document, by=by, at=now)
            log_activity(session, SessionActivity.Action.CREATED, by=by, at=now, **_counts(session))
    return session


def save_version(*, session: Session, value: dict[str, Any], based_on: int, by: "User") -> Saved | Refused:
    """Save `value` as the version after `based_on`, if that is still the newest one.

    Raises:
        InvalidInput, DocumentTooLarge: the document cannot be kept.
        NotFound: `by` may no longer see the session.
    """
    document = Document.of(value)
    columns = columns_of(value, session_id=session.session_id)
    now = timezone.now()
    with transaction.atomic():
        visible = Session.objects.visible_to(by).filter(pk=session.pk)
        won = visible.filter(version=based_on).update(version=based_on + 1, document=document.text, updated_at=now, **columns)
        current = visible.summaries().select_for_update(of=("self",)).first()
        if current is None:
            raise NotFound("There is no such session, or you may no longer see it.")
        if won:
            _append_version(current, based_on + 1, document, by=by, at=now)
            log_activity(current, SessionActivity.Action.UPDATED, by=by, at=now, **_counts(current))
            return Saved(current, based_on + 1, now)
        return _repeat_of(current, based_on + 1, document, by=by) or _keep_conflict(current, based_on, document, by=by, at=now)


def log_activity(
    session: Session, action: SessionActivity.Action, *, by: "User", at: datetime, **metadata: Any
) -> SessionActivity:
    """Append to the log. Called inside the transaction of what it tells."""
    return SessionActivity.objects.create(
        session_id=session.session_id,
        user_id=by.get_username(),
        action=action,
        version=session.version,
        metadata=metadata,
        created_at=at,
    )


def _append_version(session: Session, number: int, document: Document, *, by: "User", at: datetime) -> None:
    version = SessionVersion.objects.create(
        session=session,
        version=number,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        compressed=document.compressed,
        saved_at=at,
        saved_by=by,
    )
    version_saved.send(sender=Session, session=session, version=version, by=by)


def _repeat_of(session: Session, number: int, document: Document, *, by: "User") -> Saved | None:
    """The answer to a save that this user already made, and whose answer was lost on the way."""
    before = SessionVersion.objects.filter(session=session, version=number, sha256=document.sha256, saved_by=by).first()
    return Saved(session, number, before.saved_at, is_repeat=True) if before is not None else None


def _keep_conflict(session: Session, based_on: int, document: Document, *, by: "User", at: datetime) -> Refused:
    activity = log_activity(
        session,
        SessionActivity.Action.CONFLICT,
        by=by,
        at=at,
        attempted_version=based_on,
        current_version=session.version,
        sha256=document.sha256,
    )
    conflict = Conflict.objects.create(
        session=session,
        activity=activity,
        base_version=based_on,
        current_version=session.version,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        compressed=document.compressed,
        saved_by=by,
        created_at=at,
    )
    return Refused(conflict, session.version, based_on)


def _counts(session: Session) -> dict[str, Any]:
    return {"device_count": session.device_count, "progress": float(session.progress_percentage)}
