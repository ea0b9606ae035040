"""How many live sessions everybody owns: kept, not counted."""

from typing import TYPE_CHECKING

from django.db.models import Count, F, Q, Sum

from sessions_app.models import Session, SessionCount

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def count_session(*, owner: "User", step: int) -> None:
    """One more, or one less. Called in the transaction that makes it so."""
    # A new row first: of two that make it at once, the database keeps one.
    if step > 0:
        SessionCount.objects.bulk_create([SessionCount(owner=owner, live=0)], ignore_conflicts=True)
    SessionCount.objects.filter(owner=owner).update(live=F("live") + step)


def live_sessions_of(user: "User") -> int:
    return SessionCount.objects.filter(owner=user).values_list("live", flat=True).first() or 0


def live_sessions() -> int:
    return SessionCount.objects.aggregate(total=Sum("live"))["total"] or 0


def wrong_counts() -> list[tuple[int, int]]:
    """`(owner's pk, right number)` for every kept number that is not what counting gives."""
    kept = dict(SessionCount.objects.values_list("owner", "live"))
    found = Session.objects.values("owner").annotate(live=Count("pk", filter=Q(deleted_at=None))).values_list("owner", "live")
    counted = dict(found.order_by())
    return [(owner, counted.get(owner, 0)) for owner in kept | counted if kept.get(owner, 0) != counted.get(owner, 0)]


def repair_counts() -> None:
    for owner, live in wrong_counts():
        SessionCount.objects.update_or_create(owner_id=owner, defaults={"live": live})
