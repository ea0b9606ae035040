"""The queue of conflicts: what waits for a decision, settled one by one on the review page, or many at once by one rule."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.errors import InvalidInput
from assets_app.names import check_text
from assets_app.strict_json import parse
from assets_app.windows import WindowAdmin
from sessions_app.admin.filters import AgeFilter, AssigneeFilter, StateFilter
from sessions_app.admin.readable import readable
from sessions_app.models import Conflict
from sessions_app.operations.conflicts import MOST_REASON, Rule, assign_conflict, may_settle, settle_many
from sessions_app.operations.history import bytes_of
from sessions_app.review.desk import Done, act, page_of
from sessions_app.review.words import device_name

MOST_AT_ONCE = 1000
DEVICE_LENGTH = 24
RULES: dict[Rule, str] = {
    "merge": "Merge those in which both sides fit together",
    "theirs": "Take theirs: the content stays as it is now",
    "yours": "Take yours: everything as it was sent",
    "dismiss": "Dismiss: the sessions stay as they are",
}
OUTCOMES = {
    "settled": ("Would be settled", "settled"),
    "hard": ("Left alone: both sides changed the same", "left alone, because both sides changed the same"),
    "moved": ("Left alone: settled or changed meanwhile", "left alone, because somebody was faster"),
    "trashed": ("Left alone: the session is in the trash", "left alone, because the session is in the trash"),
}


@admin.register(Conflict)
class ConflictAdmin(WindowAdmin[Conflict]):
    list_display = (
        "where", "who", "when", "door", "short_device", "kind", "state", "assignee", "versions", "moved_since",
    )  # fmt: skip
    list_filter = (StateFilter, "severity", AssigneeFilter, AgeFilter, ("door", admin.AllValuesFieldListFilter))
    show_facets = admin.ShowFacets.ALWAYS
    search_fields = ("session__session_id", "session__session_name", "saved_by__username")
    search_help_text = "Search by the session's id or name, or by who saved."
    list_select_related = ("session", "saved_by", "assignee")
    list_per_page = 50
    deferred = ("packed",)
    fields = (
        "review_link", "session", "state", "severity", "base_version", "current_version", "saved_by", "created_at", "door",
        "device", "assignee", "settled_by", "settled_at", "reason", "result_version", "uuid", "sha256", "readable",
    )  # fmt: skip
    readonly_fields = ("review_link", "readable")
    actions = ("assign_to_me", "unassign", "merge_fitting", "take_theirs", "take_yours", "dismiss")

    def get_urls(self) -> list[URLPattern]:
        review = self.admin_site.admin_view(self.review)
        return [path("<int:pk>/review/", review, name="sessions_app_conflict_review"), *super().get_urls()]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("sessions_app.change_conflict")

    # --- the list ----------------------------------------------------------------------------------------------------

    @admin.display(description="Session", ordering="session__session_name")
    def where(self, conflict: Conflict) -> SafeString:
        return format_html('<a href="{}">{}</a>', _review_url(conflict), conflict.session.session_name)

    @admin.display(description="Saved by", ordering="saved_by__username")
    def who(self, conflict: Conflict) -> str:
        return conflict.saved_by.get_username()

    @admin.display(description="When", ordering="created_at")
    def when(self, conflict: Conflict) -> str:
        return f"{conflict.created_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Severity", ordering="severity")
    def kind(self, conflict: Conflict) -> SafeString:
        title = conflict.get_severity_display()
        return format_html('<span class="holdfast-mark {0}" title="{1}">{0}</span>', conflict.severity, title)

    @admin.display(description="Device")
    def short_device(self, conflict: Conflict) -> str:
        device = device_name(conflict.device)
        return device if len(device) <= DEVICE_LENGTH else device[: DEVICE_LENGTH - 1] + "…"

    @admin.display(description="From → met", ordering="current_version")
    def versions(self, conflict: Conflict) -> str:
        return f"{conflict.base_version} → {conflict.current_version}"

    @admin.display(description="Since", ordering=F("session__version") - F("current_version"))
    def moved_since(self, conflict: Conflict) -> int:
        return max(0, conflict.session.version - conflict.current_version)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        is_open = Conflict.objects.unsettled()
        queue = is_open.aggregate(
            hard=Count("pk", filter=Q(severity=Conflict.Severity.HARD)),
            soft=Count("pk", filter=Q(severity=Conflict.Severity.SOFT)),
            mine=Count("pk", filter=Q(assignee=request.user.pk)),
            oldest=Min("created_at"),
        )
        return super().changelist_view(request, {"queue": queue, **(extra_context or {})})

    # --- one conflict ------------------------------------------------------------------------------------------------

    @admin.display(description="Review")
    def review_link(self, conflict: Conflict) -> SafeString:
        text = "Review and settle it" if conflict.state == Conflict.State.OPEN else "See what came of it, or undo that"
        return format_html('<a class="button" href="{}">{}</a>', _review_url(conflict), text)

    @admin.display(description="What was refused")
    def readable(self, conflict: Conflict) -> SafeString:
        return readable(parse(bytes_of(conflict, conflict.session_id)))

    def review(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Side by side, with a form to settle it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        user = cast(User, request.user)
        conflict = get_object_or_404(Conflict.objects.with_people(), pk=pk)
        sheet = None
        if request.method == "POST":
            if not self.has_settle_permission(request) or not may_settle(user, conflict.session):
                raise PermissionDenied
            result = act(conflict, request.POST, by=user)
            if isinstance(result, Done):
                self.message_user(request, result.message, result.level)
                return redirect(_review_url(conflict))
            sheet = result
        context = {
            **self.admin_site.each_context(request),
            **page_of(conflict, sheet, by=user),
            "may_settle": self.has_settle_permission(request),
            "opts": self.opts,
            "title": f"Two versions of {conflict.session.session_name}",
            "session_url": reverse("admin:sessions_app_session_change", args=[conflict.session_id]),
        }
        status = sheet.status if sheet else 200
        return TemplateResponse(request, "admin/sessions_app/conflict/review.html", context, status=status)

    # --- many at once ------------------------------------------------------------------------------------------------

    @admin.action(description="Assign to me", permissions=["settle"])
    def assign_to_me(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> None:
        self._assign(request, conflicts, cast(User, request.user))

    @admin.action(description="Unassign", permissions=["settle"])
    def unassign(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> None:
        self._assign(request, conflicts, None)

    @admin.action(description="Merge those that fit (soft)…", permissions=["settle"])
    def merge_fitting(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> HttpResponse | None:
        return self._settle(request, conflicts, "merge")

    @admin.action(description="Take theirs…", permissions=["settle"])
    def take_theirs(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> HttpResponse | None:
        return self._settle(request, conflicts, "theirs")

    @admin.action(description="Take yours…", permissions=["settle"])
    def take_yours(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> HttpResponse | None:
        return self._settle(request, conflicts, "yours")

    @admin.action(description="Dismiss…", permissions=["settle"])
    def dismiss(self, request: HttpRequest, conflicts: QuerySet[Conflict]) -> HttpResponse | None:
        return self._settle(request, conflicts, "dismiss")

    def _assign(self, request: HttpRequest, conflicts: QuerySet[Conflict], to: User | None) -> None:
        chosen = list(conflicts.select_related("session")[:MOST_AT_ONCE])
        for conflict in chosen:
            assign_conflict(conflict=conflict, to=to, by=cast(User, request.user))
        name = "you" if to is not None else "nobody in particular"
        self.message_user(request, f"{len(chosen)} conflict(s) assigned to {name}.", messages.SUCCESS)

    def _settle(self, request: HttpRequest, conflicts: QuerySet[Conflict], rule: Rule) -> HttpResponse | None:
        """First what would happen, with a form for the reason; then, sent from there, the thing itself."""
        user = cast(User, request.user)
        if "confirmed" not in request.POST:
            chosen = _oldest_first(conflicts)
            return self._ask(request, chosen, rule, total=conflicts.count())
        # By their numbers: those that somebody settled meanwhile left the list, but shall be told of.
        numbers = [int(number) for number in request.POST.getlist(ACTION_CHECKBOX_NAME) if number.isdecimal()]
        chosen = _oldest_first(Conflict.objects.filter(pk__in=numbers[:MOST_AT_ONCE]))
        reason = request.POST.get("reason", "")
        try:
            check_text(reason.strip(), what="reason", max_length=MOST_REASON)
        except InvalidInput as refused:
            return self._ask(request, chosen, rule, total=len(chosen), problem=refused.message)
        outcomes = settle_many(conflicts=chosen, rule=rule, by=user, reason=reason)
        told = [f"{outcomes[name]} {words}" for name, (_, words) in OUTCOMES.items() if outcomes[name]]
        level = messages.SUCCESS if outcomes["settled"] else messages.WARNING
        self.message_user(request, f"{'; '.join(told) or 'Nothing was chosen'}.", level)
        return None

    def _ask(
        self, request: HttpRequest, chosen: list[Conflict], rule: Rule, *, total: int, problem: str = ""
    ) -> TemplateResponse:
        outcomes = settle_many(conflicts=chosen, rule=rule, by=cast(User, request.user), is_dry_run=True)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": RULES[rule],
            "rule": rule,
            "chosen": chosen,
            "left_out": total - len(chosen),
            "outcomes": [(words, outcomes[name]) for name, (words, _) in OUTCOMES.items() if outcomes[name] or name == "settled"],
            "settled": outcomes["settled"],
            "action": request.POST.get("action", ""),
            "checkbox": ACTION_CHECKBOX_NAME,
            "reason": request.POST.get("reason", ""),
            "problem": problem,
        }
        return TemplateResponse(request, "admin/sessions_app/conflict/settle.html", context, status=400 if problem else 200)


def _oldest_first(conflicts: QuerySet[Conflict]) -> list[Conflict]:
    """In the order in which they came: later ones are looked at against what became of the earlier ones."""
    found: Iterable[Conflict] = conflicts.select_related("session").defer(None).order_by("created_at", "pk")[:MOST_AT_ONCE]
    return list(found)


def _review_url(conflict: Conflict) -> str:
    return reverse("admin:sessions_app_conflict_review", args=[conflict.pk])
