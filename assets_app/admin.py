"""The staff door to assets, tokens and jobs."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.models import ApiToken, Asset, Job
from assets_app.operations.jobs import run_again
from assets_app.operations.tokens import revoke_token
from assets_app.windows import WindowAdmin, sized

admin.site.site_header = "Holdfast"
admin.site.site_title = "Holdfast"
admin.site.index_title = "What is kept, and what happened"


@admin.register(Asset)
class AssetAdmin(WindowAdmin[Asset]):
    list_display = ("thumbnail", "name", "type", "format", "size", "owner", "uploaded_at")
    list_display_links = ("name",)
    list_filter = ("type", "format", "uploaded_at")
    search_fields = ("name", "blob__sha256", "owner__username")
    list_select_related = ("blob", "owner")
    list_per_page = 50
    fields = (
        "preview", "name", "type", "format", "content_type", "size", "sha256", "stored_in", "owner", "tags", "client_id",
        "campaign_id", "uploaded_at",
    )  # fmt: skip
    readonly_fields = ("preview", "size", "sha256", "stored_in")

    @admin.display(description="")
    def thumbnail(self, asset: Asset) -> str | SafeString:
        return _image(asset, "holdfast-thumbnail")

    @admin.display(description="Preview")
    def preview(self, asset: Asset) -> str | SafeString:
        link = format_html('<a href="{}">{}</a>', _data_url(asset), "Open" if asset.shows_inline else "Download")
        if not asset.shows_inline:
            return link
        if asset.type == "image":
            return format_html("{}<br>{}", _image(asset, "holdfast-preview"), link)
        if asset.type in ("video", "audio"):
            media = '<{0} class="holdfast-preview" controls preload="metadata" src="{1}"></{0}><br>{2}'
            return format_html(media, asset.type, _data_url(asset), link)
        return link

    @admin.display(description="Size", ordering="blob__size_bytes")
    def size(self, asset: Asset) -> str:
        return sized(asset.blob.size_bytes)

    @admin.display(description="SHA-256")
    def sha256(self, asset: Asset) -> str:
        return asset.blob.sha256

    @admin.display(description="Stored in")
    def stored_in(self, asset: Asset) -> str:
        return f"{asset.blob.store}, as {asset.blob.key}"


def _data_url(asset: Asset) -> str:
    return reverse("asset-data", args=[asset.pk])


def _image(asset: Asset, css_class: str) -> str | SafeString:
    if asset.type != "image" or not asset.shows_inline:
        return ""
    return format_html('<img class="{}" loading="lazy" src="{}" alt="{}">', css_class, _data_url(asset), asset.name)


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
    list_display = ("subject", "task", "state", "attempts", "next_attempt_at", "finished_at", "last_error")
    list_filter = ("state", "task")
    search_fields = (
        "subject", "task", "payload", "state", "attempts", "next_attempt_at", "lease", "lease_until", "last_error", "reason",
        "created_at", "finished_at",
    )  # fmt: skip
    fields = (
        "subject", "task", "payload", "state", "attempts", "next_attempt_at", "lease", "lease_until", "last_error", "reason",
        "created_at", "finished_at",
    )  # fmt: skip
    actions = ("do_again",)

    @admin.action(description="Run again", permissions=["run"])
    def do_again(self, request: HttpRequest, chosen: QuerySet[Job]) -> None:
        started = sum(run_again(job=job) for job in chosen)
        left = len(chosen) - started
        self.message_user(request, f"{started} job(s) queued again.", messages.SUCCESS if started else messages.WARNING)
        if left:
            self.message_user(request, f"{left} job(s) left alone: they are queued or running already.", messages.INFO)

    def has_run_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_job")
