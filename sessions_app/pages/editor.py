"""The editor of a checklist: one batch as a form, which the page's script makes more of; and the checked list as CSV."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from assets_app import strict_json
from assets_app.errors import InvalidInput
from sessions_app.documents import parse_json_body
from sessions_app.exports import ExportOptions, checked_csv
from sessions_app.models import Session
from sessions_app.operations.history import newest_value, value_at
from sessions_app.operations.leases import others_at
from sessions_app.operations.locks import check_not_deleted
from sessions_app.operations.saves import Refused, save_version
from sessions_app.pages.found import sent_version, user_of, visible_session
from sessions_app.pages.panel import panel_of
from sessions_app.pages.rows import batch_count, batch_number, batch_rows, row_of, with_form
from sessions_app.pages.words import paths_in_words

AUTOSAVE_SECONDS = 60
HEARTBEAT_SECONDS = 60
# Named ahead, so that a slow line is not asked for one after the other.
MODULES = (
    "asking", "conflict_dialog", "conflict_view", "conflict_words", "drafts", "editor_keys", "editor_words", "edits",
    "presence", "rows", "saving",
)  # fmt: skip


def edit_checklist(request: HttpRequest, session: Session) -> HttpResponse:
    """`?batch=2` as a form; its POST saves what was changed in it."""
    if request.method == "POST":
        return _save_batch(request, session)
    document = newest_value(session)
    batch = batch_number(request.GET.get("batch"), document)
    last = batch_count(document["devices"])
    context = {
        "session": session,
        "rows": batch_rows(document["devices"], batch),
        "empty_row": row_of({}, "new"),
        "batch": batch,
        "batches": last,
        "previous": batch - 1 if batch > 1 else None,
        "next": batch + 1 if batch < last else None,
        "others": others_at(session=session, by=user_of(request)),
        "autosave_seconds": AUTOSAVE_SECONDS,
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "modules": [f"holdfast/{name}.js" for name in MODULES],
        "merge_keys": ",".join(settings.HOLDFAST_MERGE_KEYS),
        **panel_of(request, session),
    }
    return render(request, "sessions_app/editor.html", context)


def _save_batch(request: HttpRequest, session: Session) -> HttpResponse:
    based_on = sent_version(request)
    before = value_at(session, based_on)
    if not isinstance(before.get("devices"), list):
        raise InvalidInput("That version has no devices. Reload the page and send the form again.", field="version")
    batch = batch_number(request.POST.get("batch"), before)
    after = with_form(before, request.POST.dict(), batch)
    page = f"{reverse('session', args=[session.session_id])}?batch={batch}"
    if after == before:
        messages.info(request, "Nothing had been changed on this page.")
        return HttpResponseRedirect(page)
    after = parse_json_body(strict_json.canonical(after).encode())  # by the rules for programs
    saved = save_version(session=session, value=after, based_on=based_on, by=user_of(request))
    if isinstance(saved, Refused):
        return _refused(request, saved, batch)
    together = ", together with what others had saved meanwhile" if saved.is_merged else ""
    messages.success(request, f"Saved as version {saved.version}{together}.")
    return HttpResponseRedirect(page)


def _refused(request: HttpRequest, refused: Refused, batch: int) -> HttpResponse:
    """Somebody saved first. What was typed is kept; the page says where."""
    changes = refused.dispute.changes()
    names = refused.dispute.theirs
    context: dict[str, Any] = {
        "session": refused.session,
        "conflict": refused.conflict,
        "attempted_version": refused.attempted_version,
        "batch": batch,
        "sides": [
            ("Changed by both, and not alike", paths_in_words(changes["both"], names)),
            ("Changed by you only", paths_in_words(changes["yours"], names)),
            ("Changed by others only", paths_in_words(changes["theirs"], names)),
        ],
    }
    return render(request, "sessions_app/save_refused.html", context, status=409)


@login_required
@require_safe
def checked_list(request: HttpRequest, session_id: str) -> HttpResponse:
    """The newest version as CSV. By query: `only_completed=true`, `include_notes=false`, `include_images=selected`."""
    session = check_not_deleted(visible_session(request, session_id))
    if not session.device_count:
        raise Http404
    options = ExportOptions(
        only_completed=_choice(request, "only_completed", "false", "true"),
        has_notes=_choice(request, "include_notes", "false", "true", default="true"),
        has_candidates=_choice(request, "include_images", "selected", "all", default="all"),
    )
    text = checked_csv(newest_value(session)["devices"], options)
    name = (session.filename or session.session_name).removesuffix(".csv").replace("/", "_")
    headers = {"Content-Disposition": content_disposition_header(True, f"{name}_checked.csv") or "attachment"}
    return HttpResponse(text.encode("utf-8", "replace"), content_type="text/csv; charset=utf-8", headers=headers)


def _choice(request: HttpRequest, name: str, off: str, on: str, *, default: str | None = None) -> bool:
    value = request.GET.get(name, default or off)
    if value not in (off, on):
        raise InvalidInput(f"'{name}' must be '{off}' or '{on}'.", field=name)
    return value == on
