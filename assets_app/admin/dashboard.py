"""How much is kept, on one page."""

from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from assets_app import kinds, storage
from assets_app.admin.charts import bars, file_columns, percent, size_columns
from assets_app.models import Asset, PendingObject
from assets_app.operations.statistics import Amount, Statistics, read_statistics
from assets_app.windows import sized


def dashboard(window: ModelAdmin[Asset], request: HttpRequest) -> TemplateResponse:
    if not window.has_view_permission(request):
        raise PermissionDenied
    now = timezone.now()
    told = read_statistics(now)
    charts = [size_columns(told.weeks), file_columns(told.weeks)]
    context = {
        **window.admin_site.each_context(request),
        "opts": window.opts,
        "title": "How much is kept",
        "now": now,
        "numbers": _numbers(told),
        "tables": _tables(told),
        "charts": charts,
        "weeks": [(week.monday, week.files, sized(week.size)) for week in reversed(told.weeks)],
        "saved": _saved(told),
    }
    return TemplateResponse(request, "admin/assets_app/asset/dashboard.html", context)


def _numbers(told: Statistics) -> list[dict[str, Any]]:
    """Title, number, the list that it leads to, and whether somebody should look at it."""
    assets, blobs = reverse("admin:assets_app_asset_changelist"), reverse("admin:assets_app_blob_changelist")
    pending = reverse("admin:assets_app_pendingobject_changelist")
    new, sweep = (told.pending.get(state, 0) for state in (PendingObject.State.NEW, PendingObject.State.SWEEP))
    return [
        _number("Files", told.files, assets),
        _number("Stored", sized(told.stored_size), blobs),
        _number("In the trash", told.in_trash, f"{assets}?state=trash"),
        _number("Published", told.published, f"{assets}?state=published"),
        _number("Damaged bytes", told.damaged, f"{blobs}?bytes=damaged", is_bad=told.damaged > 0),
        _number("Facts unreadable", told.unreadable, f"{assets}?problem=facts"),
        _number("Being stored, or replaced", new, f"{pending}?state__exact=new"),
        _number("Unused, soon deleted", told.condemned, f"{blobs}?state__exact=condemned"),
        _number("Being deleted", sweep, f"{pending}?state__exact=sweep"),
        {"title": "Oldest verification", "moment": told.oldest_verification, "href": f"{blobs}?o=6"},
    ]


def _number(title: str, value: int | str, href: str, *, is_bad: bool = False) -> dict[str, Any]:
    return {"title": title, "value": f"{value:,}" if isinstance(value, int) else value, "href": href, "is_bad": is_bad}


def _tables(told: Statistics) -> list[dict[str, Any]]:
    assets, blobs = reverse("admin:assets_app_asset_changelist"), reverse("admin:assets_app_blob_changelist")
    stores = {store: f"{blobs}?store={store}" for store in storage.STORES}
    types = {type_: f"{assets}?type__exact={type_}" for type_ in kinds.TYPES}
    kept = [Amount("As files", told.files, told.size), Amount("As bytes, each once", told.used_blobs, told.used_size)]
    small = told.stored_size - told.used_size
    if small > 0:
        count = sum(store.files for store in told.stores) - told.used_blobs
        kept.append(Amount("Thumbnails, and what nothing uses", count, small))
    return [
        {"title": "By store", "unit": "Objects", "first": "Store", "bars": bars(told.stores, stores)},
        {"title": "By kind", "unit": "Files", "first": "Kind", "bars": bars(told.types, types)},
        {"title": "By owner", "unit": "Files", "first": "Owner", "bars": bars(told.owners)},
        {"title": "Kept once", "unit": "Number", "first": "Counted", "bars": bars(kept), "without_share": True},
    ]


def _saved(told: Statistics) -> str:
    """What deduplication saves, in words."""
    if not told.shared_files:
        return "No two files have the same bytes."
    files = f"{told.shared_files:,} file{' has' if told.shared_files == 1 else 's have'}"
    return (
        f"{files} bytes that another file has, too: {sized(told.saved_size)} ({percent(told.saved_size, told.size)}) are saved."
    )
