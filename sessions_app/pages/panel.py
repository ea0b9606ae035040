"""What every session's page has beside its content: who it is shared with, its versions, the trash. Plain forms."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assets_app.errors import InvalidInput, NotFound
from assets_app.names import check_text
from sessions_app.errors import SessionDeleted, VersionMoved
from sessions_app.models import Session
from sessions_app.operations.history import read_version, value_of
from sessions_app.operations.locks import check_may_manage, days_remaining, may_manage
from sessions_app.operations.members import share_session, unshare_session
from sessions_app.operations.trash import delete_session, restore_version, undelete_session
from sessions_app.pages.found import sent_version, user_of, visible_session
from sessions_app.pages.words import changes_in_words

SHOWN_VERSIONS = 20
PAGE_SIZE = 50
LARGEST = 2**31 - 2


def panel_of(request: HttpRequest, session: Session) -> dict[str, Any]:
    """The template's context for the panel."""
    return {
        "versions": session.versions.select_related("saved_by").defer("packed")[:SHOWN_VERSIONS],
        "members": session.members.select_related("user"),
        "is_own": may_manage(user_of(request), session),
        "conflicts": session.conflicts.unsettled().select_related("saved_by").defer("packed")[:SHOWN_VERSIONS],
        "days_remaining": days_remaining(session),
    }


@login_required
@require_POST
def members(request: HttpRequest, session_id: str) -> HttpResponse:
    """Share the session with `add`, or no more with `remove`: names of users."""
    session = visible_session(request, session_id)
    if gone := request.POST.get("remove"):
        if unshare_session(session=session, with_user=check_text(gone, what="name"), by=user_of(request)):
            messages.success(request, f"{gone} does not see this session any more.")
        else:
            messages.info(request, f"It was not shared with {gone}.")
    else:
        _share(request, session, request.POST.get("add", "").strip())
    return _to_session(session, "sharing")


def _share(request: HttpRequest, session: Session, name: str) -> None:
    try:
        member = share_session(session=session, with_user=check_text(name, what="name"), by=user_of(request))
    except (NotFound, InvalidInput) as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{member.user.get_username()} may read and save this session now.")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def version(request: HttpRequest, session_id: str, number: int) -> HttpResponse:
    """One version: what it changed. POST makes its content the newest version."""
    session = visible_session(request, session_id)
    if not 1 <= number <= LARGEST:
        raise Http404
    if request.method == "POST":
        return _restore_version(request, session, number)
    shown = read_version(session=session, version=number)
    before = read_version(session=session, version=number - 1) if number > 1 else None
    context = {
        "session": session,
        "version": shown,
        "before": before,
        "sections": changes_in_words(value_of(before), value_of(shown)) if before else [],
        "is_newest": number == session.version,
    }
    return render(request, "sessions_app/version.html", context)


def _restore_version(request: HttpRequest, session: Session, number: int) -> HttpResponse:
    try:
        made = restore_version(session=session, version=number, based_on=sent_version(request), by=user_of(request))
    except VersionMoved as refusal:
        messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("session-version", args=[session.session_id, number]))
    messages.success(request, f"The content of version {number} is the newest again, as version {made.version}.")
    return _to_session(session)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, session_id: str) -> HttpResponse:
    """Asks, then moves the session to the trash."""
    session = check_may_manage(visible_session(request, session_id), by=user_of(request))
    if request.method == "POST":
        try:
            delete_session(session=session, based_on=sent_version(request), by=user_of(request))
        except VersionMoved as refusal:
            messages.error(request, refusal.message)
            return HttpResponseRedirect(request.path)
        except SessionDeleted:
            pass  # by a second click, or by somebody else: what was wanted has happened
        messages.success(request, f"“{session.session_name}” is in the trash.")
        return HttpResponseRedirect(reverse("trash"))
    return render(request, "sessions_app/session_delete.html", {"session": session, "trash_days": settings.HOLDFAST_TRASH_DAYS})


@login_required
@require_POST
def undelete(request: HttpRequest, session_id: str) -> HttpResponse:
    """Takes the session out of the trash."""
    session = visible_session(request, session_id)
    try:
        undelete_session(session=session, based_on=sent_version(request), by=user_of(request))
    except (VersionMoved, InvalidInput) as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "It is out of the trash.")
    return _to_session(session)


@login_required
@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    """What the visitor could take out of the trash, the newest there first."""
    sessions = Session.objects.owned_by(user_of(request)).trashed().select_related("owner").order_by("-deleted_at")
    page = Paginator(sessions, PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(session, days_remaining(session)) for session in page]
    return render(request, "sessions_app/trash.html", {"page": page, "rows": rows, "trash_days": settings.HOLDFAST_TRASH_DAYS})


def _to_session(session: Session, place: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("session", args=[session.session_id]) + (f"#{place}" if place else ""))
