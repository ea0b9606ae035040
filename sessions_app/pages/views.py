"""The pages for people: collecting files, and looking at sessions."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_http_methods, require_safe

from assets_app.errors import HoldfastError, InvalidInput
from assets_app.names import shown
from assets_app.requests import wants_json
from assets_app.uploads import ReceivedFile, bytes_of
from sessions_app.models import Conflict, Session
from sessions_app.operations.collect import Collected, collect_file
from sessions_app.operations.history import newest_value
from sessions_app.pages.editor import edit_checklist
from sessions_app.pages.forms import CollectForm
from sessions_app.pages.found import user_of, visible_session
from sessions_app.pages.panel import panel_of

log = structlog.get_logger(__name__)
RECENT = 50
PAGE_SIZE = 25
SHOWN_DEVICES = 1000
WHAT = {
    "recording": "Recording",
    "labels": "Labels",
    "checklist": "Checklist",
    "image": "Image",
    "video": "Video",
    "audio": "Sound",
    "document": "Document",
    "data": "Data file",
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def collect(request: HttpRequest) -> HttpResponse:
    """The collect page: a form that takes many files, and, with JavaScript, sends them one by one."""
    user = user_of(request)
    recent = Session.objects.filter(owner=user).live()
    form = CollectForm(
        request.POST if request.method == "POST" else None, sessions=recent, initial={"batch": get_random_string(16).lower()}
    )
    if request.method != "POST":
        return _collect_page(request, form, [])
    files = request.FILES.getlist("files")
    if wants_json(request):
        return _collect_one(request, form, files)
    results = [_result_for_page(form, file, by=user) for file in _captures_first(files)]
    if not results:
        form.add_error(None, "Choose at least one file.")
    return _collect_page(request, form, results)


def _collect_page(request: HttpRequest, form: CollectForm, results: list[dict[str, Any]]) -> HttpResponse:
    form.fields["session"].queryset = form.fields["session"].queryset[:RECENT]  # type: ignore[attr-defined]  # a ModelChoiceField
    refused = bool(form.errors) or any("message" in result for result in results)
    context = {"form": form, "results": results, "max_mb": settings.HOLDFAST_MAX_ASSET_MB}
    return render(request, "sessions_app/collect.html", context, status=400 if refused else 200)


def _collect_one(request: HttpRequest, form: CollectForm, files: list[Any]) -> HttpResponse:
    """For the page's script: one file, answered like an API call. Refusals go out by the one error table."""
    if len(files) != 1:
        raise InvalidInput(f"Send one file in the field 'files'; {len(files)} came.", field="files")
    collected = _collect(form, files[0], by=user_of(request))
    return JsonResponse(_told(files[0], collected), status=200 if collected.is_repeat else 201)


def _result_for_page(form: CollectForm, file: ReceivedFile, *, by: User) -> dict[str, Any]:
    """For the plain form: what became of one of its files, or why it was refused. One refusal does not stop the rest."""
    try:
        return _told(file, _collect(form, file, by=by))
    except HoldfastError as refusal:
        log.info("refused", door="collect", reason=refusal.message)
        return {"name": shown(file.sent_name), "message": refusal.message}


def _collect(form: CollectForm, file: ReceivedFile, *, by: User) -> Collected:
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise InvalidInput(f"{field}: {problems[0]}", field=field)
    target = form.cleaned_data["session"]
    return collect_file(
        bytes_of(file),
        name=file.sent_name,
        by=by,
        session_id=target.session_id if target else "",
        batch=form.cleaned_data["batch"],
    )


def _told(file: ReceivedFile, collected: Collected) -> dict[str, Any]:
    return {
        "name": shown(file.sent_name),
        "what": WHAT[collected.what],
        "session": collected.session.session_name,
        "url": reverse("session", args=[collected.session.session_id]),
        "repeat": collected.is_repeat,
    }


def _captures_first(files: list[Any]) -> list[ReceivedFile]:
    """A label file can only be taken in once its recording is here."""
    return sorted(files, key=lambda file: file.sent_name.endswith(".meta.json"))


@login_required
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """Sessions that the visitor may see, newest first."""
    words = request.GET.get("q", "").strip()[:200]
    sessions = Session.objects.visible_to(request.user).live().select_related("owner")
    if words:
        sessions = sessions.filter(Q(session_name__icontains=words) | Q(session_id__icontains=words))
    page = Paginator(sessions, PAGE_SIZE).get_page(request.GET.get("page"))
    conflicts = Conflict.objects.visible_to(user_of(request)).unsettled().count()
    return render(request, "sessions_app/session_list.html", {"page": page, "words": words, "conflicts": conflicts})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_detail(request: HttpRequest, session_id: str) -> HttpResponse:
    """One session: a checklist to be edited; of others the facts, pictures, files and history."""
    session = visible_session(request, session_id)
    if session.device_count and (request.method == "POST" or not session.is_deleted):
        return edit_checklist(request, session)
    if request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    document = newest_value(session)
    context = {
        "session": session,
        "document": document,
        "shown_devices": (document.get("devices") or [])[:SHOWN_DEVICES],
        "recordings": session.recordings.select_related("asset__blob"),
        "files": session.files.select_related("asset__blob"),
        **panel_of(request, session),
    }
    return render(request, "sessions_app/session_detail.html", context)
