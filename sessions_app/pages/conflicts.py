"""Conflicts for collectors: those of the sessions that they can see."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from sessions_app.models import Conflict
from sessions_app.operations.conflicts import may_settle
from sessions_app.pages.found import user_of
from sessions_app.review.desk import Done, act, page_of
from sessions_app.review.words import device_name

PAGE_SIZE = 25


@login_required
@require_safe
def conflict_list(request: HttpRequest) -> HttpResponse:
    """Open conflicts, or with `?state=` settled ones, the newest first."""
    state = request.GET.get("state")
    if state not in Conflict.State.values:
        state = str(Conflict.State.OPEN)
    conflicts = Conflict.objects.visible_to(user_of(request)).with_people()
    counts = dict(conflicts.order_by().values_list("state").annotate(Count("pk")))
    page = Paginator(conflicts.filter(state=state).defer("packed"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "conflicts": [(conflict, device_name(conflict.device)) for conflict in page],
        "state": state,
        "states": [(name, counts.get(name, 0)) for name in Conflict.State.values],
    }
    return render(request, "sessions_app/conflict_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def conflict(request: HttpRequest, conflict_id: uuid.UUID) -> HttpResponse:
    """One conflict: its differences and a form to settle it; of a settled one what came of it, and the way back."""
    user = user_of(request)
    found = get_object_or_404(Conflict.objects.visible_to(user).with_people(), uuid=conflict_id)
    sheet = None
    if request.method == "POST":
        if not may_settle(user, found.session):
            raise PermissionDenied
        result = act(found, request.POST, by=user)
        if isinstance(result, Done):
            messages.add_message(request, messages.DEFAULT_LEVELS[result.level.upper()], result.message)
            return redirect("conflict", conflict_id)
        sheet = result
    session_url = reverse("session", args=[found.session.session_id])
    context = page_of(found, sheet, by=user) | {"session_url": session_url}
    return render(request, "sessions_app/conflict.html", context, status=sheet.status if sheet else 200)
