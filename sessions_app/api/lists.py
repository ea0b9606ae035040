"""Lists of sessions: filters and orders by allow-list, pages by cursor."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from assets_app.api import params
from assets_app.api.cursors import cursor_after, link_to, rows_behind
from assets_app.api.moments import moment
from sessions_app.api.bodies import LISTED, session_items
from sessions_app.api.cursors import ORDERS
from sessions_app.api.found import user_of
from sessions_app.models import Session, SessionMember, SessionQuerySet
from sessions_app.operations.counts import live_sessions, live_sessions_of
from sessions_app.operations.devices import sessions_with_device

LIVE_ORDERS = [sign + name for name in ORDERS if name != "deleted_at" for sign in ("", "-")]
TRASH_ORDERS = [*LIVE_ORDERS, "deleted_at", "-deleted_at"]
PARAMETERS = [
    OpenApiParameter("user", OpenApiTypes.BOOL, description="`true` (default): yours. `false`: everybody's; staff only."),
    OpenApiParameter("shared", OpenApiTypes.BOOL, description="`true`: those that others share with you, instead of yours."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 1000; default 100."),
    OpenApiParameter("offset", OpenApiTypes.INT, description="For jumping; `next` is quicker for going on."),
    OpenApiParameter("cursor", description="From `next`."),
    OpenApiParameter("search", description="Part of the id, name or file name."),
    OpenApiParameter("device", description="Sessions whose newest version has a device of this `device_id`."),
    OpenApiParameter("kind", enum=Session.Kind.values),
    OpenApiParameter("status", enum=Session.Status.values),
    OpenApiParameter("updated_since", OpenApiTypes.DATETIME),
    OpenApiParameter("ordering", enum=LIVE_ORDERS),
]


def listed(request: Request) -> dict[str, Any]:
    """One page of the live sessions that the parameters ask for."""
    sessions, total = _scope(request)
    filtered = _filtered(sessions.live(), request)
    known = total if filtered is None else None
    return _page(filtered if filtered is not None else sessions.live(), request, known, orders=LIVE_ORDERS, default="-updated_at")


def listed_trash(request: Request) -> dict[str, Any]:
    """One page of the trash."""
    sessions, _total = _scope(request)
    return _page(sessions.trashed(), request, None, orders=TRASH_ORDERS, default="-deleted_at")


def _scope(request: Request) -> tuple[SessionQuerySet, int | None]:
    """Whose sessions, and how many live ones that are, where this is known without counting."""
    user = user_of(request)
    everybody = params.choice(request, "user", ["true", "false"], default="true") == "false"
    if everybody and not user.is_staff:
        raise PermissionDenied
    if everybody:
        return Session.objects.visible_to(user), live_sessions()
    if params.choice(request, "shared", ["true", "false"], default="false") == "true":
        return Session.objects.filter(pk__in=SessionMember.objects.filter(user=user).values("session")), None
    return Session.objects.filter(owner=user), live_sessions_of(user)


def _filtered(sessions: SessionQuerySet, request: Request) -> SessionQuerySet | None:
    """None if nothing is filtered."""
    wanted = Q()
    if kind := params.choice(request, "kind", Session.Kind.values):
        wanted &= Q(kind=kind)
    if status := params.choice(request, "status", Session.Status.values):
        wanted &= Q(status=status)
    if since := params.moment(request, "updated_since"):
        wanted &= Q(updated_at__gte=since)
    if words := params.text(request, "search"):
        wanted &= Q(session_id__icontains=words) | Q(session_name__icontains=words) | Q(filename__icontains=words)
    device = params.text(request, "device")
    if not wanted and not device:
        return None
    filtered = sessions.filter(wanted)
    return sessions_with_device(filtered, device) if device else filtered


def _page(sessions: SessionQuerySet, request: Request, total: int | None, *, orders: list[str], default: str) -> dict[str, Any]:
    limit = params.integer(request, "limit", default=100, least=1, most=1000)
    offset = params.integer(request, "offset", default=0, least=0, most=10_000_000)
    ordering = params.choice(request, "ordering", orders, default=default)
    is_falling = ordering.startswith("-")
    if total is None:
        total = sessions.count()
    ordered = sessions.order_by(ordering, "-pk" if is_falling else "pk")
    if cursor := request.query_params.get("cursor", ""):
        ordered, offset = ordered.filter(rows_behind(cursor, ordering, ORDERS)), 0
    columns = [*LISTED, "deleted_at", "deleted_by"] if orders is TRASH_ORDERS else LISTED
    rows = list(ordered.values(*columns)[offset : offset + limit + 1])
    page, has_more = rows[:limit], len(rows) > limit
    return {
        "success": True,
        "sessions": session_items(page, request),
        "total": total,
        "count": len(page),
        "next": link_to(request, cursor_after(page[-1], ordering)) if has_more else None,
        "generatedAt": moment(timezone.now()),
    }
