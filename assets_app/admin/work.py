"""Tokens and jobs for staff."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from assets_app.models import ApiToken, Job
from assets_app.names import shown
from assets_app.operations.jobs import run_again
from assets_app.operations.tokens import revoke_token
from assets_app.windows import WindowAdmin, two_lines

SHOWN_ERROR = 200


@admin.register(ApiToken)
class ApiTokenAdmin(WindowAdmin[ApiToken]):
    list_display = ("name", "user", "scopes", "created", "expiry", "last_used_at")
    search_fields = ("name", "user__username")
    list_select_related = ("user",)
    fields = ("name", "user", "scopes", "created", "expiry", "last_used_at")
    actions = ("revoke",)

    @admin.action(description="Revoke: the token stops working at once", permissions=["revoke"])
    def revoke(self, request: HttpRequest, tokens: QuerySet[ApiToken]) -> None:
        for token in tokens:
            revoke_token(token=token)
        self.message_user(request, f"{len(tokens)} token(s) revoked.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_apitoken")


@admin.register(Job)
class JobAdmin(WindowAdmin[Job]):
    list_display = ("subject", "task", "state", "tried", "finished", "failure")
    list_filter = ("state", "task")
    search_fields = ("subject", "task", "payload", "last_error", "reason")
    search_help_text = "Search by what it is about, by an id in what it was given, or by what went wrong."
    list_per_page = 50
    fields = (
        "subject", "task", "payload", "state", "attempts", "next_attempt_at", "lease", "lease_until", "last_error", "reason",
        "created_at", "finished_at",
    )  # fmt: skip
    actions = ("do_again",)

    @admin.display(description="Attempts", ordering="attempts")
    def tried(self, job: Job) -> SafeString:
        is_waiting = job.state == Job.State.QUEUED
        return two_lines(str(job.attempts), f"next {job.next_attempt_at:%Y-%m-%d %H:%M}" if is_waiting else "")

    @admin.display(description="Finished", ordering="finished_at")
    def finished(self, job: Job) -> str | SafeString:
        return two_lines(f"{job.finished_at:%Y-%m-%d}", f"{job.finished_at:%H:%M}") if job.finished_at else "-"

    @admin.display(description="Last error")
    def failure(self, job: Job) -> SafeString:
        """What went wrong, and what those who wait for it are told."""
        return two_lines(shown(job.last_error, SHOWN_ERROR), "" if job.reason == job.last_error else job.reason)

    @admin.action(description="Run again", permissions=["run"])
    def do_again(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        started = sum(run_again(job=job) for job in chosen)
        left = len(chosen) - started
        self.message_user(request, f"{started} job(s) queued again.", messages.SUCCESS if started else messages.WARNING)
        if left:
            self.message_user(request, f"{left} job(s) left alone: they are queued or running already.", messages.INFO)

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_job")
