"""Settling conflicts: choosing per path, taking a side, dismissing; and taking that back. Nothing is ever thrown away."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from django.db import transaction
from django.utils import timezone

from assets_app.errors import InvalidInput, NotAllowed, NotFound
from assets_app.guarded import writing
from assets_app.names import check_text
from assets_app.operations.changes import record_change
from sessions_app.documents import Document, check_composed
from sessions_app.errors import AlreadySettled, DocumentTooLarge, SessionDeleted, VersionMoved
from sessions_app.merge import BadChoice, Merge, UnknownPath, merge
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.activity import log_activity
from sessions_app.operations.commits import commit_version
from sessions_app.operations.disputes import Dispute, dispute_of, settle
from sessions_app.operations.history import newest_value, value_at
from sessions_app.operations.locks import check_not_deleted, lock_session, may_change_all
from sessions_app.policies import identity_keys

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Side = Literal["theirs", "yours"]
Rule = Literal["merge", "theirs", "yours", "dismiss"]
Action, State = SessionActivity.Action, Conflict.State
MOST_REASON = 1000


def may_settle(user: "User", session: Session) -> bool:
    """Whoever may save the session; of staff who neither own it nor share it, those who may change conflicts."""
    is_theirs = session.owner_id == user.pk or session.members.filter(user=user).exists()
    return is_theirs or (may_change_all(user) and user.has_perm("sessions_app.change_conflict"))


def preview_resolution(
    *, conflict: Conflict, session: Session, choices: dict[str, Any] | None = None, take: Side | None = None
) -> Merge:
    """What `resolve_conflict` would save now. Nothing is written.

    Raises:
        InvalidInput: a choice for a path that does not differ, or no choice at all.
    """
    return _decide(dispute_of(conflict, session), choices or {}, take)


def resolve_conflict(
    *,
    conflict: Conflict,
    based_on: int,
    by: "User",
    choices: dict[str, Any] | None = None,
    take: Side | None = None,
    reason: str = "",
) -> SessionVersion:
    """Save the two sides of a conflict as one version with two parents.

    Args:
        based_on: the session's version that the choices were made about.
        choices: by path: `"theirs"`, `"yours"`, `"base"` or `{"value": ...}`. Paths that only one side changed need none.
        take: everything from one side.

    Raises:
        VersionMoved: the session is not at `based_on` any more: look again, and choose again.
        AlreadySettled: somebody was faster.
        InvalidInput: paths without a choice (facts: `undecided`), or choices that fit nothing.
        SessionDeleted: the session is in the trash.
    """
    reason = check_text(reason.strip(), what="reason", max_length=MOST_REASON)
    with transaction.atomic():
        head, conflict = _lock(conflict, by=by)
        _check_open(conflict)
        check_not_deleted(head)
        if head.version != based_on:
            raise VersionMoved.of(head.version, based_on)
        merged = _decide(dispute_of(conflict, head), choices or {}, take)
        if merged.undecided:
            raise InvalidInput(
                f"{len(merged.undecided)} paths were changed by both sides and need a choice.", undecided=merged.undecided[:1000]
            )
        document = Document.of(check_composed(merged.value), session_id=head.session_id)
        told = {"conflict": str(conflict.uuid), "reason": reason}
        version = _commit(head, document, by=by, cause=SessionVersion.Cause.RESOLVED, conflict=conflict, metadata=told)
        settle(conflict, State.RESOLVED, by=by, at=version.saved_at, reason=reason, result_version=version.version)
    return version


def dismiss_conflict(*, conflict: Conflict, by: "User", reason: str = "") -> None:
    """Leave the session as it is, and the conflict closed. What it kept stays readable.

    Raises:
        AlreadySettled: somebody was faster.
    """
    reason = check_text(reason.strip(), what="reason", max_length=MOST_REASON)
    with transaction.atomic():
        head, conflict = _lock(conflict, by=by)
        _check_open(conflict)
        entry = log_activity(head, Action.DISMISSED, by=by, at=timezone.now(), conflict=str(conflict.uuid), reason=reason)
        settle(conflict, State.DISMISSED, by=by, at=entry.created_at, reason=reason)


def assign_conflict(*, conflict: Conflict, to: "User | None", by: "User") -> None:
    """Say who will look at it; nobody in particular with None.

    Raises:
        NotAllowed: `by` is not staff, or staff who may only look.
        NotFound: `by` may no longer see the session.
    """
    if not by.is_staff:
        raise NotAllowed("Only staff say who looks at a conflict.")
    with transaction.atomic(), writing():
        head, conflict = _lock(conflict, by=by)
        Conflict.objects.filter(pk=conflict.pk).update(assignee=to)
        name = to.get_username() if to is not None else ""
        log_activity(head, Action.ASSIGNED, by=by, at=timezone.now(), conflict=str(conflict.uuid), assignee=name)


def reopen_conflict(*, conflict: Conflict, by: "User") -> SessionVersion | None:
    """Undo a resolution or a dismissal: the session is again as it was without it, and the conflict open.

    What was saved after the resolution stays. Returns the new version; None for a dismissal, which had made none.

    Raises:
        InvalidInput: it is open.
        VersionMoved: later saves changed what the resolution had changed: undo it by hand.
    """
    with transaction.atomic(), writing():
        head, conflict = _lock(conflict, by=by)
        if conflict.state == State.OPEN:
            raise InvalidInput("This conflict is open: there is nothing to undo.")
        version = None
        if conflict.result_version is not None:
            check_not_deleted(head)
            document = Document.of(_without(head, conflict.result_version), session_id=head.session_id)
            version = _commit(
                head,
                document,
                by=by,
                cause=SessionVersion.Cause.UNDONE,
                restored_from=conflict.result_version - 1,
                metadata={"conflict": str(conflict.uuid)},
            )
        else:
            log_activity(head, Action.REOPENED, by=by, at=timezone.now(), conflict=str(conflict.uuid))
        Conflict.objects.filter(pk=conflict.pk).update(
            state=State.OPEN, settled_at=None, settled_by=None, result_version=None, reason=""
        )
        record_change(
            kind="conflict", ref=conflict.uuid, key=str(conflict.uuid), action="reopened", version=head.version, at=timezone.now()
        )
    return version


def settle_many(
    *, conflicts: Iterable[Conflict], rule: Rule, by: "User", reason: str = "", is_dry_run: bool = False
) -> Counter[str]:
    """Settle many by one rule, session by session, each conflict in a transaction of its own.

    Counts by outcome: `settled`, `hard`, `moved`, `trashed`.

    `merge` settles only those whose sides fit together. A dry run writes nothing and counts what would happen now.
    """
    outcomes: Counter[str] = Counter()
    for conflict in sorted(conflicts, key=lambda conflict: (conflict.session_id, conflict.pk)):
        outcomes[_settle_one(conflict, rule, by=by, reason=reason, is_dry_run=is_dry_run)] += 1
    return outcomes


def _settle_one(conflict: Conflict, rule: Rule, *, by: "User", reason: str, is_dry_run: bool) -> str:
    head = Session.objects.visible_to(by).filter(pk=conflict.session_id).first()
    if head is None or conflict.state != State.OPEN:
        return "moved"
    if rule != "dismiss" and head.is_deleted:
        return "trashed"
    if rule == "merge" and not dispute_of(conflict, head).is_soft:
        return "hard"
    if not is_dry_run:
        try:
            _apply(rule, conflict, head, by=by, reason=reason)
        except (DocumentTooLarge, NotAllowed):
            return "hard"
        except (VersionMoved, AlreadySettled, InvalidInput, NotFound, SessionDeleted):
            return "moved"
    return "settled"


def _apply(rule: Rule, conflict: Conflict, head: Session, *, by: "User", reason: str) -> None:
    if rule == "dismiss":
        dismiss_conflict(conflict=conflict, by=by, reason=reason)
    else:
        take: Side | None = None if rule == "merge" else rule
        resolve_conflict(conflict=conflict, based_on=head.version, by=by, take=take, reason=reason)


def _lock(conflict: Conflict, *, by: "User") -> tuple[Session, Conflict]:
    """Both as they are now. The session's lock is also the conflict's: nobody settles one without it."""
    head = lock_session(conflict.session, by=by)
    if not may_settle(by, head):
        raise NotAllowed("You may look at this conflict, but not settle it.")
    current = Conflict.objects.filter(pk=conflict.pk).first()
    if current is None:
        raise NotFound("There is no such conflict any more.")
    return head, current


def _check_open(conflict: Conflict) -> None:
    if conflict.state != State.OPEN:
        raise AlreadySettled(f"This conflict was {conflict.state} already. Undo that first.", state=conflict.state)


def _decide(dispute: Dispute, choices: dict[str, Any], take: Side | None) -> Merge:
    if take is not None:
        choices = {difference.path: take for difference in dispute.merge.differences}
    try:
        return merge(dispute.base, dispute.theirs, dispute.yours, keys=identity_keys(), choices=choices)
    except (UnknownPath, BadChoice) as error:
        raise InvalidInput(str(error), path=error.path) from None


def _commit(head: Session, document: Document, *, by: "User", **details: Any) -> SessionVersion:
    version = commit_version(head=head, document=document, by=by, **details)
    if version is None:  # under its lock nobody else can have moved it
        raise VersionMoved.of(head.version, head.version)
    return version


def _without(head: Session, number: int) -> dict[str, Any]:
    """The newest document without what version `number` had changed."""
    undone = merge(value_at(head, number), newest_value(head), value_at(head, number - 1), keys=identity_keys())
    if not undone.is_disjoint:
        raise VersionMoved(
            "Later saves changed what this resolution had changed. Compare the versions, and put right by hand what is wrong.",
            currentVersion=head.version,
            paths=undone.undecided[:100],
        )
    value: dict[str, Any] = undone.value
    return value
