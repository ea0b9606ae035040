"""The staff door to sessions and to what happened to them."""

import json

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.windows import WindowAdmin, WindowInline, sized
from sessions_app.models import Conflict, Recording, Session, SessionActivity, SessionFile, SessionVersion
from sessions_app.operations.history import bytes_of, newest_bytes

SHOWN_CHARACTERS = 20_000


class VersionInline(WindowInline[SessionVersion, Session]):
    model = SessionVersion
    fields = ("version", "saved_at", "saved_by", "size", "sha256")
    related = ("saved_by",)
    deferred = ("packed",)
    readonly_fields = ("size",)

    @admin.display(description="Size")
    def size(self, version: SessionVersion) -> str:
        return sized(version.size_bytes)


class FileInline(WindowInline[SessionFile, Session]):
    model = SessionFile
    fields = ("role", "file", "size", "attached_at", "attached_by")
    related = ("asset__blob", "attached_by")
    readonly_fields = ("file", "size")

    @admin.display(description="File")
    def file(self, attached: SessionFile) -> SafeString:
        url = reverse("admin:assets_app_asset_change", args=[attached.asset_id])
        return format_html('<a href="{}">{}</a>', url, attached.asset.name)

    @admin.display(description="Size")
    def size(self, attached: SessionFile) -> str:
        return sized(attached.asset.blob.size_bytes)


class RecordingInline(WindowInline[Recording, Session]):
    model = Recording
    fields = ("layout", "started_at", "duration_s", "samples", "rate_hz", "time_source", "findings_in_words", "notes_in_words")
    readonly_fields = ("findings_in_words", "notes_in_words")

    @admin.display(description="Findings")
    def findings_in_words(self, recording: Recording) -> str:
        return "; ".join(f"{f['start']:.2f} s: {f['message']}" for f in recording.findings[:20]) or "none"

    @admin.display(description="Notes")
    def notes_in_words(self, recording: Recording) -> str:
        return " ".join(recording.notes)


class ConflictInline(WindowInline[Conflict, Session]):
    model = Conflict
    fields = ("state", "base_version", "current_version", "saved_by", "created_at", "sha256")
    related = ("saved_by",)
    deferred = ("packed",)


@admin.register(Session)
class SessionAdmin(WindowAdmin[Session]):
    list_display = ("session_name", "kind", "status", "version", "progress_percentage", "owner", "updated_at")
    list_filter = ("kind", "status", "updated_at")
    search_fields = ("session_id", "session_name", "filename", "owner__username")
    list_select_related = ("owner",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("session_id", "session_name", "filename", "kind", "status", "owner", "page")}),
        (
            "Progress",
            {"fields": ("progress_percentage", "device_count", "completed_device_count", "current_batch", "total_batches")},
        ),
        ("History", {"fields": ("version", "created_at", "updated_at", "expires_at")}),
        ("Document", {"classes": ("collapse",), "fields": ("readable",)}),
    )
    readonly_fields = ("readable", "page")
    inlines = (RecordingInline, FileInline, ConflictInline, VersionInline)

    @admin.display(description="Document")
    def readable(self, session: Session) -> SafeString:
        return _readable(newest_bytes(session))

    @admin.display(description="Page")
    def page(self, session: Session) -> SafeString:
        return format_html('<a href="{}">Open the session\'s page</a>', reverse("session", args=[session.session_id]))


@admin.register(SessionVersion)
class SessionVersionAdmin(WindowAdmin[SessionVersion]):
    list_display = ("session", "version", "saved_at", "saved_by", "sha256")
    search_fields = ("session__session_id", "sha256")
    ordering = ("-saved_at", "-pk")
    list_select_related = ("session", "saved_by")
    deferred = ("packed",)
    fields = ("session", "version", "saved_at", "saved_by", "sha256", "readable")
    readonly_fields = ("readable",)

    @admin.display(description="Document")
    def readable(self, version: SessionVersion) -> SafeString:
        return _readable(bytes_of(version, version.session_id))


@admin.register(Conflict)
class ConflictAdmin(WindowAdmin[Conflict]):
    list_display = ("session", "state", "base_version", "current_version", "saved_by", "created_at")
    list_filter = ("state",)
    search_fields = ("session__session_id", "saved_by__username")
    list_select_related = ("session", "saved_by")
    deferred = ("packed",)
    fields = ("session", "state", "base_version", "current_version", "saved_by", "created_at", "sha256", "readable")
    readonly_fields = ("readable",)

    @admin.display(description="What was refused")
    def readable(self, conflict: Conflict) -> SafeString:
        return _readable(bytes_of(conflict, conflict.session_id))


@admin.register(SessionActivity)
class SessionActivityAdmin(WindowAdmin[SessionActivity]):
    list_display = ("created_at", "action", "session_id", "user_id", "version", "metadata")
    list_filter = ("action", "created_at")
    search_fields = ("session_id", "user_id")
    list_per_page = 100


def _readable(text: bytes) -> SafeString:
    """JSON laid out for reading; of a very long one, the beginning."""
    pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    cut = "" if len(pretty) <= SHOWN_CHARACTERS else f"\n… {len(pretty) - SHOWN_CHARACTERS:,} more characters"
    return format_html('<pre class="holdfast-document">{}{}</pre>', pretty[:SHOWN_CHARACTERS], cut)
