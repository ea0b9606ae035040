"""The log for staff: looked through, checked and taken along."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.names import shown
from assets_app.spreadsheets import safe_cell
from assets_app.windows import WindowAdmin
from sessions_app.admin.filters import DoorFilter, UserFilter
from sessions_app.admin.readable import readable
from sessions_app.models import Session, SessionActivity
from sessions_app.operations.audit import first_broken
from sessions_app.review.words import device_name

SHORT = 24

EXPORTED = (
    "id", "created_at", "action", "session_id", "session_uuid", "seq", "version", "user_id", "door", "token", "address", "device",
    "request_id", "document_sha256", "entry_hash", "metadata",
)  # fmt: skip


@admin.register(SessionActivity)
class SessionActivityAdmin(WindowAdmin[SessionActivity]):
    list_display = (
        "when", "action", "session_id", "user_id", "version", "door", "token", "address", "short_device", "details",
    )  # fmt: skip
    list_filter = ("action", DoorFilter, UserFilter, "created_at")
    search_fields = ("session_id", "user_id", "=request_id")
    search_help_text = "Search by session, user, or a request's whole id."
    list_per_page = 100
    fields = (
        "created_at", "action", "session", "user_id", "version", "door", "token", "address", "device", "request_id",
        "readable_metadata", "document_sha256", "seq", "entry_hash", "chain",
    )  # fmt: skip
    readonly_fields = ("session", "readable_metadata", "chain")
    actions = ("export_chosen",)

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_all)
        return [path("export/", export, name="sessions_app_sessionactivity_export"), *super().get_urls()]

    @admin.display(description="When", ordering="created_at")
    def when(self, entry: SessionActivity) -> str:
        return f"{entry.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="Device")
    def short_device(self, entry: SessionActivity) -> str:
        return shown(device_name(entry.device), SHORT)

    @admin.display(description="Details")
    def details(self, entry: SessionActivity) -> str:
        return shown(", ".join(f"{name}: {value}" for name, value in entry.metadata.items()), 2 * SHORT)

    @admin.display(description="Session")
    def session(self, entry: SessionActivity) -> str | SafeString:
        if not Session.objects.filter(pk=entry.session_uuid).exists():
            return f"{entry.session_id} (deleted for good)"
        url = reverse("admin:sessions_app_session_change", args=[entry.session_uuid])
        return format_html('<a href="{}">{}</a>', url, entry.session_id)

    @admin.display(description="Metadata")
    def readable_metadata(self, entry: SessionActivity) -> SafeString:
        return readable(entry.metadata)

    @admin.display(description="Chain")
    def chain(self, entry: SessionActivity) -> SafeString:
        broken = first_broken(entry)
        if broken is None:
            return format_html(
                '<span class="holdfast-good">Verifies: entries 1 to {} are as they were written.</span>', entry.seq
            )
        return format_html('<strong class="holdfast-bad">Broken: {}.</strong>', broken.message)

    @admin.action(description="Export the selected entries as CSV", permissions=["view"])
    def export_chosen(self, request: HttpRequest, entries: QuerySet[SessionActivity]) -> StreamingHttpResponse:
        return as_csv(entries)

    def export_all(self, request: HttpRequest) -> StreamingHttpResponse:
        """Everything that the list's filters and search leave, page by page or not."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return as_csv(self.get_changelist_instance(request).get_queryset(request))


def as_csv(entries: QuerySet[SessionActivity]) -> StreamingHttpResponse:
    """A download that is sent while it is read."""
    name = f"activity-{timezone.now():%Y-%m-%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_lines(entries), content_type="text/csv; charset=utf-8", headers=headers)


class _Line:
    """What a CSV writer writes to, when each line shall be had by itself."""

    def write(self, line: str) -> str:
        return line


def _lines(entries: QuerySet[SessionActivity]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(EXPORTED)
    for entry in entries.iterator(chunk_size=500):
        yield writer.writerow(_cells(getattr(entry, name) for name in EXPORTED))


def _cells(values: Iterable[Any]) -> list[str]:
    return [safe_cell(_text(value)) for value in values]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
