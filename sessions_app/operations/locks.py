"""Taking a session's lock, who may do what with it, and what every change asks first."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from assets_app.errors import InvalidInput, NotAllowed, NotFound
from sessions_app.errors import SessionDeleted
from sessions_app.models import Session

if TYPE_CHECKING:
    from django.contrib.auth.models import User


UNSEEN = "There is no such session, or you may no longer see it."


def lock_session(session: Session, *, by: "User") -> Session:
    """The session as it is now, locked until the end of the transaction.

    Raises:
        NotFound: `by` may no longer see it.
    """
    head = Session.objects.visible_to(by).select_for_update(of=("self",)).filter(pk=session.pk).first()
    if head is None:
        raise NotFound(UNSEEN)
    return head


def may_change_all(user: "User") -> bool:
    """Whether they are staff who may change sessions, and not only look at them."""
    return user.is_staff and user.has_perm("sessions_app.change_session")


def may_save(user: "User", session: Session) -> bool:
    """Its owner, those whom it is shared with, and staff who may change sessions."""
    return session.owner_id == user.pk or may_change_all(user) or session.members.filter(user=user).exists()


def check_may_save(session: Session, *, by: "User") -> Session:
    """The session, which `by` sees, if they may also save it.

    Raises:
        NotAllowed: they may only look at it.
    """
    if not may_save(by, session):
        raise NotAllowed("You may look at this session, but not change it.")
    return session


def may_manage(user: "User", session: Session) -> bool:
    """Whether they may delete, restore and share it: its owner, and staff who may change sessions."""
    return session.owner_id == user.pk or may_change_all(user)


def check_may_manage(session: Session, *, by: "User") -> Session:
    """The session, if `by` may delete, restore and share it.

    Raises:
        NotAllowed: it is only shared with them.
        NotFound: they may not even see it.
    """
    if may_manage(by, session):
        return session
    if not Session.objects.visible_to(by).filter(pk=session.pk).exists():
        raise NotFound(UNSEEN)
    raise NotAllowed("Only its owner, and staff who may change sessions, may do that with it.")


def trash_time() -> timedelta:
    return timedelta(days=settings.HOLDFAST_TRASH_DAYS)


def days_remaining(session: Session) -> int:
    """Whole days until a trashed session is deleted for good."""
    if session.deleted_at is None:
        return 0
    return max(0, -(-(session.deleted_at + trash_time() - timezone.now()) // timedelta(days=1)))


def check_deleted(session: Session) -> Session:
    """The session, if it is in the trash.

    Raises:
        InvalidInput: it is not.
    """
    if session.deleted_at is not None:
        return session
    raise InvalidInput("This session is not in the trash, so there is nothing to take out.")


def check_not_deleted(session: Session) -> Session:
    """The session, if it is not in the trash.

    Raises:
        SessionDeleted: it is.
    """
    if session.deleted_at is None:
        return session
    raise SessionDeleted(
        f"{session.deleted_by or 'Somebody'} moved this session to the trash. Restore it to go on with it.",
        deletedAt=session.deleted_at.isoformat().replace("+00:00", "Z"),
        daysRemaining=days_remaining(session),
        currentVersion=session.version,
    )
