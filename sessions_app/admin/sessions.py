"""Sessions and their versions for staff: with the trash, who has them open, and what waits to be decided."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.errors import InvalidInput, NotFound
from assets_app.windows import WindowAdmin, WindowInline, sized
from sessions_app.admin.filters import TrashFilter
from sessions_app.admin.readable import readable
from sessions_app.errors import SessionDeleted, VersionMoved
from sessions_app.models import Conflict, Lease, Recording, Session, SessionFile, SessionMember, SessionVersion
from sessions_app.operations.history import bytes_of, newest_bytes
from sessions_app.operations.leases import release_leases
from sessions_app.operations.locks import days_remaining
from sessions_app.operations.trash import delete_session, undelete_session

SHOWN_VERSIONS = 100


class VersionInline(WindowInline[SessionVersion, Session]):
    model = SessionVersion
    verbose_name_plural = f"Session versions (the newest {SHOWN_VERSIONS})"
    fields = ("version", "cause", "saved_at", "saved_by", "size", "sha256")
    related = ("saved_by",)
    deferred = ("packed",)
    readonly_fields = ("size",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionVersion]:
        return super().get_queryset(request).filter(version__gt=F("session__version") - SHOWN_VERSIONS)

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
    verbose_name_plural = "Conflicts that are open"
    fields = ("review", "severity", "base_version", "current_version", "saved_by", "created_at", "assignee")
    related = ("saved_by", "assignee")
    deferred = ("packed",)
    readonly_fields = ("review",)
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conflict]:
        return super().get_queryset(request).filter(state=Conflict.State.OPEN)

    @admin.display(description="Review")
    def review(self, conflict: Conflict) -> SafeString:
        url = reverse("admin:sessions_app_conflict_review", args=[conflict.pk])
        return format_html('<a href="{}">Review</a>', url)


class MemberInline(WindowInline[SessionMember, Session]):
    model = SessionMember
    verbose_name_plural = "Members"
    fields = ("user", "added_at", "added_by")
    related = ("user",)
    show_change_link = False


class LeaseInline(WindowInline[Lease, Session]):
    model = Lease
    verbose_name_plural = "Open at"
    fields = ("user", "device", "since", "expires_at")
    related = ("user",)
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lease]:
        return super().get_queryset(request).filter(expires_at__gt=timezone.now())


@admin.register(Session)
class SessionAdmin(WindowAdmin[Session]):
    list_display = (
        "session_name", "kind", "seen_version", "progress", "owner", "opened_by", "conflicts", "trash", "updated_at", "status",
    )  # fmt: skip
    list_filter = (TrashFilter, "kind", "status", "updated_at")
    search_fields = ("session_id", "session_name", "filename", "owner__username")
    list_select_related = ("owner",)
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("session_id", "session_name", "filename", "kind", "status", "owner", "page", "conflicts")}),
        (
            "Progress",
            {"fields": ("progress_percentage", "device_count", "completed_device_count", "current_batch", "total_batches")},
        ),
        ("History", {"fields": ("version", "created_at", "updated_at", "expires_at", "trash", "deleted_by")}),
        ("Document", {"classes": ("collapse",), "fields": ("readable",)}),
    )
    readonly_fields = ("readable", "page", "conflicts", "trash")
    inlines = (RecordingInline, ConflictInline, FileInline, LeaseInline, MemberInline, VersionInline)
    actions = ("move_to_trash", "restore", "release")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Session]:
        unsettled = Conflict.objects.unsettled().filter(session=OuterRef("pk")).order_by()
        count = unsettled.values("session").annotate(count=Count("pk")).values("count")
        leases = Lease.objects.filter(expires_at__gt=timezone.now()).select_related("user")
        annotated = super().get_queryset(request).annotate(open_conflicts=Coalesce(Subquery(count), 0))
        return annotated.prefetch_related(Prefetch("leases", leases, to_attr="current_leases"))

    def has_change_sessions_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_app.change_session")

    @admin.display(description="Version", ordering="version")
    def seen_version(self, session: Session) -> SafeString:
        """With a field for the actions, so that they change nothing that is not as this page shows it."""
        return format_html('{}<input type="hidden" name="version-{}" value="{}">', session.version, session.pk, session.version)

    @admin.display(description="Progress", ordering="progress_percentage")
    def progress(self, session: Session) -> str:
        return f"{session.progress_percentage:.0f} %"

    @admin.display(description="Open at")
    def opened_by(self, session: Session) -> str:
        return ", ".join(lease.user.get_username() for lease in session.current_leases)  # type: ignore[attr-defined]  # prefetched

    @admin.display(description="Conflicts", ordering="open_conflicts")
    def conflicts(self, session: Session) -> str | SafeString:
        count = session.open_conflicts  # type: ignore[attr-defined]  # annotated
        if not count:
            return "none"
        url = reverse("admin:sessions_app_conflict_changelist")
        return format_html('<a href="{}?session={}">{} open</a>', url, session.pk, count)

    @admin.display(description="Trash", ordering="deleted_at")
    def trash(self, session: Session) -> str:
        if not session.is_deleted:
            return "no"
        days = days_remaining(session)
        return f"{days} day{'' if days == 1 else 's'} remaining"

    @admin.display(description="Document")
    def readable(self, session: Session) -> SafeString:
        return readable(json.loads(newest_bytes(session)))

    @admin.display(description="Page")
    def page(self, session: Session) -> SafeString:
        return format_html('<a href="{}">Open the session\'s page</a>', reverse("session", args=[session.session_id]))

    @admin.action(description="Move to the trash", permissions=["change_sessions"])
    def move_to_trash(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        self._each(request, sessions, delete_session, done="moved to the trash")

    @admin.action(description="Restore from the trash", permissions=["change_sessions"])
    def restore(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        self._each(request, sessions, undelete_session, done="restored from the trash")

    @admin.action(description="Release leases: nobody has it open", permissions=["change_sessions"])
    def release(self, request: HttpRequest, sessions: QuerySet[Session]) -> None:
        released = sum(release_leases(session=session, by=cast(User, request.user)) for session in sessions)
        self.message_user(request, f"{released} lease(s) released.", messages.SUCCESS)

    def _each(self, request: HttpRequest, sessions: QuerySet[Session], operation: Callable[..., Any], *, done: str) -> None:
        """Do it to those that still are as the page showed them."""
        outcomes: Counter[str] = Counter()
        for session in sessions:
            outcomes[
                _advance(session, request.POST.get(f"version-{session.pk}", ""), operation, by=cast(User, request.user))
            ] += 1
        if outcomes["done"]:
            self.message_user(request, f"{outcomes['done']} session(s) {done}.", messages.SUCCESS)
        if outcomes["moved"]:
            told = f"{outcomes['moved']} session(s) left alone: they changed since this page was made, or were not on it."
            self.message_user(request, f"{told} Look at them again.", messages.WARNING)
        if outcomes["unfit"]:
            self.message_user(request, f"{outcomes['unfit']} session(s) left alone: they are there already.", messages.INFO)


def _advance(session: Session, seen: str, operation: Callable[..., Any], *, by: User) -> str:
    if not (seen.isascii() and seen.isdigit()) or len(seen) > 10:
        return "moved"
    try:
        operation(session=session, based_on=int(seen), by=by)
    except (VersionMoved, NotFound):
        return "moved"
    except (SessionDeleted, InvalidInput):
        return "unfit"
    return "done"


@admin.register(SessionVersion)
class SessionVersionAdmin(WindowAdmin[SessionVersion]):
    list_display = ("session", "version", "cause", "saved_at", "saved_by", "sha256")
    list_filter = ("cause",)
    search_fields = ("session__session_id", "sha256")
    ordering = ("-saved_at", "-pk")
    list_select_related = ("session", "saved_by")
    deferred = ("packed",)
    fields = ("session", "version", "cause", "restored_from", "conflict", "saved_at", "saved_by", "sha256", "readable")
    readonly_fields = ("readable",)

    @admin.display(description="Document")
    def readable(self, version: SessionVersion) -> SafeString:
        return readable(json.loads(bytes_of(version, version.session_id)))
