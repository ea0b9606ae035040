"""Adding files. The page's script sends each by itself to the API; without it, this form takes them all."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from assets_app.errors import HoldfastError
from assets_app.names import shown
from assets_app.operations.intake import store_asset
from assets_app.operations.places import sessions_of
from assets_app.pages.forms import AddForm, lines_of
from assets_app.pages.found import user_of
from assets_app.uploads import ReceivedFile, bytes_of

log = structlog.get_logger(__name__)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A form for several files; after it was sent, what became of each."""
    user = user_of(request)
    form = AddForm(request.POST if request.method == "POST" else None, sessions=sessions_of(user))
    results: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid():
        results = [_result(form, file, by=user) for file in _sent_files(request)]
        if not results:
            form.add_error(None, "Choose at least one file.")
    refused = bool(form.errors) or any("message" in result for result in results)
    context = {"add": form, "results": results, "max_mb": settings.HOLDFAST_MAX_ASSET_MB}
    return render(request, "assets_app/add.html", context, status=400 if refused else 200)


def _sent_files(request: HttpRequest) -> list[ReceivedFile]:
    """Without those that a browser sends for a field in which nothing was chosen."""
    files = [file for file in request.FILES.getlist("files") if isinstance(file, ReceivedFile)]
    return [file for file in files if file.sent_name or file.size]


def _result(form: AddForm, file: ReceivedFile, *, by: User) -> dict[str, Any]:
    """What became of one file, or why it was refused. One refusal does not stop the rest."""
    try:
        asset = store_asset(
            bytes_of(file),
            name=file.sent_name,
            by=by,
            tags=lines_of(form.cleaned_data["tags"]),
            session_id=form.cleaned_data["session"],
        )
    except HoldfastError as refusal:
        log.info("refused", door="assets", reason=refusal.message)
        return {"name": shown(file.sent_name), "message": refusal.message}
    return {"name": asset.name, "asset": asset}
