"""Leases: who has a session open. Advice to others, and never a substitute for the version."""

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from assets_app.errors import NotFound
from assets_app.origin import current_origin
from sessions_app.models import Lease, Session

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)


def hold_lease(*, session: Session, by: "User") -> None:
    """Say that `by` has the session open, for as long as `HOLDFAST_LEASE_SECONDS`. Said again, it lasts on.

    Raises:
        NotFound: it was deleted for good at this moment.
    """
    now = timezone.now()
    until = now + timedelta(seconds=settings.HOLDFAST_LEASE_SECONDS)
    lease = Lease(session=session, user=by, since=now, expires_at=until, device=current_origin().device)
    try:
        with transaction.atomic():
            Lease.objects.filter(session=session, user=by, expires_at__lte=now).delete()
            Lease.objects.bulk_create(
                [lease], update_conflicts=True, unique_fields=["session", "user"], update_fields=["expires_at", "device"]
            )
    except IntegrityError:
        raise NotFound("The session was deleted for good meanwhile.") from None


def drop_lease(*, session: Session, by: "User") -> bool:
    """Say that `by` has left. False if they were not there."""
    return bool(Lease.objects.filter(session=session, user=by).delete()[0])


def release_leases(*, session: Session, by: "User") -> int:
    """Say for everybody that they have left: of windows that somebody forgot. Returns how many there were."""
    released = Lease.objects.filter(session=session).delete()[0]
    log.info("leases_released", session=session.session_id, by=by.get_username(), count=released)
    return released


def leases_on(session: Session) -> list[Lease]:
    """Everybody who is there, the first comer first."""
    return list(Lease.objects.filter(session=session, expires_at__gt=timezone.now()).select_related("user"))


def others_at(*, session: Session, by: "User") -> list[Lease]:
    return [lease for lease in leases_on(session) if lease.user_id != by.pk]


def sweep_leases() -> int:
    return Lease.objects.filter(expires_at__lte=timezone.now()).delete()[0]
