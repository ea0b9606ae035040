"""Bytes for staff: where they are, who uses them, whether they are right; and what is only begun or about to go."""

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from assets_app.admin.asset_actions import ActingAdmin
from assets_app.admin.assets import damage_of
from assets_app.admin.filters import DamageFilter, StoreFilter
from assets_app.admin.inlines import marked
from assets_app.admin.verifying import repair_now, verify_now
from assets_app.models import Asset, Blob, PendingObject, Thumbnail
from assets_app.windows import WindowAdmin, sized
from assets_app.words import counted

SHOWN_ASSETS = 50


def _count(model: type[Asset] | type[Thumbnail]) -> Coalesce:
    """How many refer to the row, as a part of its own query."""
    rows = model._base_manager.filter(blob=OuterRef("pk")).order_by().values("blob")
    return Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count"), output_field=IntegerField()), 0)


@admin.register(Blob)
class BlobAdmin(ActingAdmin[Blob]):
    list_display = ("short_sha256", "size", "store", "shown_state", "uses", "verified", "damage_found")
    list_filter = (DamageFilter, "state", StoreFilter)
    search_fields = ("sha256__startswith", "key__startswith")
    search_help_text = "Search by the beginning of the SHA-256 (in small letters), or of the object's name in its store."
    ordering = ("-pk",)
    list_per_page = 50
    fields = (
        "digest", "exact_size", "store", "key", "shown_state", "created_at", "used_at", "verified_at", "shown_damage", "assets",
        "smaller_pictures",
    )  # fmt: skip
    readonly_fields = ("digest", "exact_size", "shown_state", "shown_damage", "assets", "smaller_pictures")
    actions = ("verify_bytes", "repair_bytes")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blob]:
        return super().get_queryset(request).annotate(asset_count=_count(Asset), thumbnail_count=_count(Thumbnail))

    def has_change_blobs_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_blob")

    def unfit_for(self, row: Blob) -> set[str]:
        return set() if row.damaged_at is not None else {"repair_bytes"}

    @admin.display(description="SHA-256")
    def short_sha256(self, blob: Blob) -> SafeString:
        return format_html('<code title="{}">{}</code>', blob.sha256, blob.sha256[:12])

    @admin.display(description="SHA-256")
    def digest(self, blob: Blob) -> SafeString:
        return format_html('<code class="holdfast-digest">{}</code>', blob.sha256)

    @admin.display(description="Size", ordering="size_bytes")
    def size(self, blob: Blob) -> str:
        return sized(blob.size_bytes)

    @admin.display(description="Size")
    def exact_size(self, blob: Blob) -> str:
        return f"{sized(blob.size_bytes)} ({blob.size_bytes:,} bytes)"

    @admin.display(description="State", ordering="state")
    def shown_state(self, blob: Blob) -> SafeString:
        return marked(blob.state, good="live")

    @admin.display(description="Used by")
    def uses(self, blob: Blob) -> str:
        files, pictures = blob.asset_count, blob.thumbnail_count  # type: ignore[attr-defined]  # annotated
        told = [counted(files, "file")] if files else []
        return ", ".join(told + ([counted(pictures, "thumbnail")] if pictures else [])) or "nothing"

    @admin.display(description="Verified", ordering="verified_at")
    def verified(self, blob: Blob) -> str:
        return f"{blob.verified_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Damaged", ordering="damaged_at")
    def damage_found(self, blob: Blob) -> str | SafeString:
        return format_html('<strong class="holdfast-bad">{}</strong>', blob.damage) if blob.damaged_at else "no"

    @admin.display(description="Damage")
    def shown_damage(self, blob: Blob) -> str | SafeString:
        return damage_of(blob)

    @admin.display(description="Files")
    def assets(self, blob: Blob) -> str | SafeString:
        found = blob.assets.select_related("owner").order_by("pk")[:SHOWN_ASSETS]
        rows = [(reverse("admin:assets_app_asset_change", args=[a.pk]), a.name, a.owner.get_username()) for a in found]
        if not rows:
            return "none"
        listed = format_html_join("", '<li><a href="{}">{}</a> of {}</li>', rows)
        more = format_html('<a href="{}?blob={}">All of them</a>', reverse("admin:assets_app_asset_changelist"), blob.pk)
        return format_html('<ul class="holdfast-list">{}</ul>{}', listed, more)

    @admin.display(description="Thumbnails")
    def smaller_pictures(self, blob: Blob) -> str | SafeString:
        found = blob.thumbnails.select_related("asset").order_by("pk")[:SHOWN_ASSETS]
        rows = [(reverse("admin:assets_app_asset_change", args=[t.asset_id]), t.asset.name, t.width) for t in found]
        listed = format_html_join("", '<li><a href="{}">{}</a> at {} px</li>', rows)
        return format_html('<ul class="holdfast-list">{}</ul>', listed) if rows else "none"

    @admin.action(description="Verify the bytes now", permissions=["change_blobs"])
    def verify_bytes(self, request: HttpRequest, blobs: QuerySet[Blob]) -> None:
        verify_now(request, blobs)

    @admin.action(description="Repair from another copy", permissions=["change_blobs"])
    def repair_bytes(self, request: HttpRequest, blobs: QuerySet[Blob]) -> None:
        repair_now(request, blobs)


@admin.register(PendingObject)
class PendingObjectAdmin(WindowAdmin[PendingObject]):
    list_display = ("key", "store", "purpose", "created_at", "removed_at")
    list_filter = ("state", StoreFilter)
    search_fields = ("key__startswith",)
    search_help_text = "Search by the beginning of the object's name."
    ordering = ("-pk",)
    list_per_page = 50
    fields = ("key", "store", "purpose", "created_at", "removed_at")
    readonly_fields = ("purpose",)

    @admin.display(description="What for", ordering="state")
    def purpose(self, pending: PendingObject) -> str:
        if pending.state == PendingObject.State.NEW:
            return "being stored, or replaced and kept for a while"
        return "about to be deleted" if pending.removed_at is None else "deleted; looked at once more"
