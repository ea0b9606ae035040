"""Saving: every accepted save is a version, every refused one a conflict. Nothing is overwritten, nothing dropped.

A save first tries to commit against what it has read. Only who loses takes the row's lock, looks again, and is then either
saved, merged, or kept as a conflict. A conflict is returned, never raised: raising would roll back the row that keeps it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from assets_app.errors import InvalidInput, NotFound
from assets_app.guarded import writing
from assets_app.prepared import fetch_one
from sessions_app.documents import LARGEST_INTEGER, Document, check_composed
from sessions_app.errors import DocumentTooLarge, Leased, VersionRequired
from sessions_app.ids import canonical_id, check_new_id
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.activity import log_activity
from sessions_app.operations.commits import commit_version
from sessions_app.operations.counts import count_session
from sessions_app.operations.disputes import Dispute, dispute_over, keep_merged, refuse, settle
from sessions_app.operations.heads import find_session
from sessions_app.operations.leases import others_at
from sessions_app.operations.locks import check_may_save, check_not_deleted, lock_session
from sessions_app.packing import pack
from sessions_app.policies import MergePolicy, policy_for
from sessions_app.signals import version_saved

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SEEN_BEFORE = """SELECT 1 FROM session_versions WHERE session_id = %s AND sha256 = %s AND saved_by_id = %s AND version = %s
    UNION ALL SELECT 1 FROM session_conflicts
    WHERE session_id = %s AND sha256 = %s AND saved_by_id = %s AND base_version = %s AND state <> 'dismissed'"""
MERGED = "Both sides fitted together, and were merged on saving."
MAY_NOT_SEE = "There is no session of that id that you may save. Choose another session_id."


@dataclass(frozen=True)
class Saved:
    """It is stored. `is_repeat`: it was stored before, and only the answer had been lost. `is_merged`: together with theirs."""

    session: Session
    version: int
    saved_at: datetime
    is_repeat: bool = False
    is_merged: bool = False


@dataclass(frozen=True)
class Refused:
    """Somebody saved first. The losing document is kept in `conflict`, and `dispute` tells the two sides apart."""

    conflict: Conflict
    session: Session
    attempted_version: int
    dispute: Dispute
    policy: MergePolicy = MergePolicy.REFUSE


def save_session(
    *,
    session_id: str,
    value: dict[str, Any],
    based_on: int | None,
    by: "User",
    policy: MergePolicy | None = None,
    respect_lease: bool = False,
) -> Saved | Refused:
    """Create a session, or save a new version of an existing one.

    Args:
        session_id: the client's own name for it.
        value: the document's fields; the hub's own fields in it are ignored.
        based_on: the version that the document was made from; needed unless the session is new.
        policy: what to do if somebody saved first; the policy of its kind when None.
        respect_lease: refuse while somebody else has it open.

    Raises:
        InvalidInput, DocumentTooLarge: the document cannot be kept.
        VersionRequired: the session exists and `based_on` is None.
        NotFound, NotAllowed: the session exists, but is not for `by` to see, or only to look at.
        Leased: somebody else is at it, and `respect_lease`.
    """
    check_version_number(based_on)
    session_id = canonical_id(session_id)
    session = find_session(session_id, by=by)
    if session is None:
        created = create_session(session_id=session_id, value=value, kind=Session.Kind.DOCUMENT, by=by)
        if created is not None:
            return Saved(created, created.version, created.updated_at)
        session = find_session(session_id, by=by)
    if session is None:
        raise NotFound(MAY_NOT_SEE)
    if respect_lease and (others := others_at(session=session, by=by)):
        raise Leased.by(others[0])
    if based_on is None:
        repeated = _seen_before(session, 0, Document.of(value, session_id=session_id), by=by)
        if isinstance(repeated, Saved):
            return repeated
        check_not_deleted(session)
        raise VersionRequired.of(session.version)
    return save_version(session=session, value=value, based_on=based_on, by=by, policy=policy)


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
    session_id = check_new_id(session_id)
    document = Document.of(value, session_id=session_id)
    now = timezone.now()
    draft = Session(
        session_id=session_id,
        kind=kind,
        status=status,
        owner=by,
        sha256=document.sha256,
        created_at=now,
        updated_at=now,
        **document.columns,
    )
    with transaction.atomic(), writing():
        # A row that does not exist cannot be locked: of two creators, the unique constraint picks one.
        Session.objects.bulk_create([draft], ignore_conflicts=True)
        session = Session.objects.filter(pk=draft.pk).first()
        if session is not None:
            _append_first_version(session, document, by=by)
            count_session(owner=by, step=1)
    return session


def save_version(
    *, session: Session, value: dict[str, Any], based_on: int, by: "User", policy: MergePolicy | None = None
) -> Saved | Refused:
    """Save `value` as the version after `based_on`, if that is still the newest one.

    `session` is as it was read; it is brought up to date.

    Raises:
        InvalidInput, DocumentTooLarge: the document cannot be kept.
        NotFound: `by` may no longer see the session.
        NotAllowed: they may only look at it.
    """
    document = Document.of(value, session_id=session.session_id)
    policy = policy or policy_for(session.kind)
    if outcome := _attempt(session, document, based_on, by=by, policy=policy):
        return outcome
    with transaction.atomic():
        head = check_may_save(lock_session(session, by=by), by=by)
        outcome = _attempt(head, document, based_on, by=by, policy=policy, is_locked=True)
        if outcome is None:  # under its lock nobody else can have moved it; if all the same, nothing half-done may stay
            raise NotFound(MAY_NOT_SEE)
    return outcome


def _attempt(
    head: Session, document: Document, based_on: int, *, by: "User", policy: MergePolicy, is_locked: bool = False
) -> Saved | Refused | None:
    """Save, merge or refuse, by what `head` says. None if that is not how the session is any more: nothing was written then."""
    if head.version == based_on and not head.is_deleted:
        version = commit_version(head=head, document=document, by=by)
        return Saved(head, version.version, version.saved_at) if version is not None else None
    seen = _seen_before(head, based_on, document, by=by)
    if isinstance(seen, Saved):
        return seen
    dispute = dispute_over(head, document, based_on)
    if policy is MergePolicy.AUTO and not head.is_deleted and (merged := _mergeable(head, dispute)) is not None:
        return _merge(head, document, merged, based_on, dispute, kept=seen, by=by) if is_locked else None
    conflict = seen or refuse(head, document, based_on, dispute, by=by)
    return Refused(conflict, head, based_on, dispute, policy) if conflict is not None else None


def check_version_number(number: int | None) -> None:
    if number is not None and not 0 <= number < LARGEST_INTEGER - 1:  # the next one must fit, too
        raise InvalidInput(f"'_version' must be a whole number from 0 to {LARGEST_INTEGER - 2}.", pointer="/_version")


def _append_first_version(session: Session, document: Document, *, by: "User") -> None:
    version = SessionVersion.objects.create(
        session=session,
        version=1,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        packed=pack(document.data),
        saved_at=session.created_at,
        saved_by=by,
    )
    log_activity(
        session,
        SessionActivity.Action.CREATED,
        by=by,
        at=session.created_at,
        document_sha256=document.sha256,
        device_count=session.device_count,
        progress=float(session.progress_percentage),
    )
    version_saved.send(sender=Session, session=session, version=version, by=by)


def _seen_before(head: Session, based_on: int, document: Document, *, by: "User") -> Saved | Conflict | None:
    """What became of a save that this user already made, and whose answer was perhaps lost: a version, or an open conflict.

    Nothing, if the session is in the trash by now: who saves again then wants it there, and it is not.
    """
    same = (head.pk if connection.vendor == "postgresql" else head.pk.hex, document.sha256, by.pk)
    if fetch_one(SEEN_BEFORE, (*same, based_on + 1, *same, based_on)) is None:
        return None
    mine = {"session": head, "sha256": document.sha256, "saved_by": by}
    before = SessionVersion.objects.filter(**mine, version=based_on + 1).defer("packed").first()
    if before is not None and not head.is_deleted:
        return Saved(head, before.version, before.saved_at, is_repeat=True)
    conflict = (
        Conflict.objects.filter(**mine, base_version=based_on).exclude(state=Conflict.State.DISMISSED).order_by("-pk").first()
    )
    if conflict is None or conflict.state == Conflict.State.OPEN:
        return conflict
    if head.is_deleted:
        return None
    by_itself = SessionVersion.objects.filter(session=head, conflict=conflict, cause=SessionVersion.Cause.MERGED).defer("packed")
    merged = by_itself.first()
    if merged is None:  # somebody decided otherwise, perhaps against it: then this is a new save, and a new conflict
        return None
    return Saved(head, merged.version, merged.saved_at, is_repeat=True, is_merged=True)


def _mergeable(head: Session, dispute: Dispute) -> Document | None:
    """Both sides together, if they fit: also into the limits of what is kept."""
    if not dispute.is_soft or not dispute.has_base:  # made from a version that never was: nothing tells what was changed
        return None
    try:
        return Document.of(check_composed(dispute.merged), session_id=head.session_id)
    except (InvalidInput, DocumentTooLarge):
        return None


def _merge(
    head: Session, document: Document, merged: Document, based_on: int, dispute: Dispute, *, kept: Conflict | None, by: "User"
) -> Saved | None:
    """Somebody was faster, and both sides fit together: what came too late is kept, and merged. `head` is locked."""
    conflict = kept or keep_merged(head, document, based_on, dispute, by=by)
    version = commit_version(
        head=head,
        document=merged,
        by=by,
        cause=SessionVersion.Cause.MERGED,
        conflict=conflict,
        metadata={"conflict": str(conflict.uuid), "based_on": based_on},
    )
    if version is None:
        return None
    settle(conflict, Conflict.State.RESOLVED, by=by, at=version.saved_at, result_version=version.version, reason=MERGED)
    return Saved(head, version.version, version.saved_at, is_merged=True)
