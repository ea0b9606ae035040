"""Sharing a session: its members may read and save it."""

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from assets_app.errors import InvalidInput, NotFound
from assets_app.names import shown
from sessions_app.models import Lease, Session, SessionActivity, SessionMember
from sessions_app.operations.activity import log_activity
from sessions_app.operations.locks import check_may_manage, lock_session

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def share_session(*, session: Session, with_user: str, by: "User") -> SessionMember:
    """Let somebody read and save the session. Said twice, nothing changes.

    Raises:
        NotAllowed, NotFound: it is only shared with `by`, or not for them to see.
        NotFound: there is no user of that name.
        InvalidInput: it is their own.
    """
    check_may_manage(session, by=by)
    user = get_user_model().objects.filter(username=with_user, is_active=True).first()
    if user is None:
        raise NotFound(f"There is nobody here by the name of {shown(with_user)!r}. Check the spelling.", field="user")
    if user.pk == session.owner_id:
        raise InvalidInput(f"{user.get_username()} owns this session already.", field="user")
    with transaction.atomic():
        head = lock_session(session, by=by)
        known = SessionMember.objects.filter(session=head, user=user).first()
        if known is not None:
            return known
        member = SessionMember.objects.create(session=head, user=user, added_by=by.get_username())
        log_activity(head, SessionActivity.Action.SHARED, by=by, at=timezone.now(), user=user.get_username())
    return member


def unshare_session(*, session: Session, with_user: str, by: "User") -> bool:
    """From now on that user sees it no more; a save of theirs that is under way fails. False if it was not shared with them.

    Raises:
        NotAllowed, NotFound: it is only shared with `by`, or not for them to see.
    """
    check_may_manage(session, by=by)
    with transaction.atomic():
        head = lock_session(session, by=by)
        removed = SessionMember.objects.filter(session=head, user__username=with_user).delete()[0]
        if removed:
            Lease.objects.filter(session=head, user__username=with_user).delete()
            log_activity(head, SessionActivity.Action.UNSHARED, by=by, at=timezone.now(), user=with_user)
    return bool(removed)
