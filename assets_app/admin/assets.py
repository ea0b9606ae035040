"""Files for staff: what they are, where their bytes are, and who has what of them."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import smart_split, unescape_string_literal

from assets_app.admin.asset_actions import AssetActions
from assets_app.admin.dashboard import dashboard
from assets_app.admin.filters import AssetStateFilter, AssetStoreFilter, FormatFilter, ProblemFilter
from assets_app.admin.inlines import LinkInline, ShareInline
from assets_app.admin.words import short_facts, state_in_words
from assets_app.models import Asset, AssetTag, Blob, Change, Thumbnail
from assets_app.operations.assets import uses_of
from assets_app.windows import sized, two_lines
from assets_app.words import counted, facts_in_words

MOST_CHANGES = 100
# Whoever is here may see everything.
STAFF = User(is_staff=True)
MOST_WORDS = 8


@admin.register(Asset)
class AssetAdmin(AssetActions):
    list_display = ("thumbnail", "file", "what", "size_and_store", "owner", "state", "when")
    list_display_links = ("file",)
    list_filter = (AssetStateFilter, "type", FormatFilter, AssetStoreFilter, ProblemFilter, "uploaded_at")
    search_fields = ("name",)  # so that there is a field; `get_search_results` looks in more
    search_help_text = "Search by name, owner, client, campaign, tag, the beginning of the SHA-256, or the whole id."
    list_select_related = ("blob", "owner")
    list_per_page = 50
    fieldsets = (
        (None, {"fields": ("preview", "name", "shown_state", "owner", "shown_tags", "client_id", "campaign_id", "uploaded_at")}),
        ("What it is", {"fields": ("type", "format", "content_type", "facts_told", "facts_read", "thumbnails_told", "jobs")}),
        ("Where it is kept", {"fields": ("exact_size", "sha256", "stored_in", "verified", "damage", "same_bytes")}),
        ("Who uses it", {"fields": ("used_by", "public_address")}),
        ("What happened to it", {"fields": ("history",)}),
    )
    readonly_fields = (
        "preview", "shown_state", "shown_tags", "facts_told", "facts_read", "thumbnails_told", "jobs", "exact_size", "sha256",
        "stored_in", "verified", "damage", "same_bytes", "used_by", "public_address", "history",
    )  # fmt: skip
    inlines = (ShareInline, LinkInline)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.dashboard)
        return [path("dashboard/", view, name="assets_app_asset_dashboard"), *super().get_urls()]

    def dashboard(self, request: HttpRequest) -> Any:
        return dashboard(self, request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        made = Thumbnail.objects.filter(asset=OuterRef("pk"))
        return super().get_queryset(request).annotate(has_thumbnail=Exists(made))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Asset], search_term: str
    ) -> tuple[QuerySet[Asset], bool]:
        """Every word (or phrase in quotes) is in the name, the owner's name and so on; none of it makes a row come twice."""
        for bit in list(smart_split(search_term))[:MOST_WORDS]:
            queryset = queryset.filter(_found_by(unescape_string_literal(bit) if bit[0] in "\"'" and bit[0] == bit[-1] else bit))
        return queryset, False

    # --- the list ----------------------------------------------------------------------------------------------------

    @admin.display(description="")
    def thumbnail(self, asset: Asset) -> str | SafeString:
        if not _can_be_shown(asset):
            return format_html('<span class="holdfast-thumbnail none">{}</span>', asset.format)
        css = "holdfast-thumbnail"
        return format_html('<img class="{}" loading="lazy" width="72" height="54" src="{}" alt="">', css, _smaller(asset, 160))

    @admin.display(description="Name, facts", ordering="name")
    def file(self, asset: Asset) -> SafeString:
        return two_lines(asset.name, short_facts(asset))

    @admin.display(description="Kind", ordering="type")
    def what(self, asset: Asset) -> SafeString:
        return two_lines(asset.type, asset.format)

    @admin.display(description="Size, store", ordering="blob__size_bytes")
    def size_and_store(self, asset: Asset) -> SafeString:
        return two_lines(sized(asset.blob.size_bytes), asset.blob.store)

    @admin.display(description="State", ordering="deleted_at")
    def state(self, asset: Asset) -> SafeString:
        return format_html_join(" ", '<span class="holdfast-mark {}">{}</span>', _marks(asset))

    @admin.display(description="Uploaded", ordering="uploaded_at")
    def when(self, asset: Asset) -> SafeString:
        return two_lines(f"{asset.uploaded_at:%Y-%m-%d}", f"{asset.uploaded_at:%H:%M}")

    # --- one file ----------------------------------------------------------------------------------------------------

    @admin.display(description="Preview")
    def preview(self, asset: Asset) -> str | SafeString:
        if asset.deleted_at is not None:
            return "It is in the trash. Bring it back to look at it."
        data = reverse("asset-data", args=[asset.pk])
        link = format_html('<a class="holdfast-open" href="{}">{}</a>', data, "Open" if asset.shows_inline else "Download")
        return format_html("{}{}", _preview(asset, data), link)

    @admin.display(description="State")
    def shown_state(self, asset: Asset) -> SafeString:
        return self.state(asset)

    @admin.display(description="Tags")
    def shown_tags(self, asset: Asset) -> str:
        return ", ".join(map(str, asset.tags)) or "-"

    @admin.display(description="Facts")
    def facts_told(self, asset: Asset) -> str | SafeString:
        rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", facts_in_words(asset))
        return format_html('<dl class="holdfast-facts">{}</dl>', rows) if rows else "-"

    @admin.display(description="Reading them")
    def facts_read(self, asset: Asset) -> str:
        return state_in_words(asset)

    @admin.display(description="Thumbnails")
    def thumbnails_told(self, asset: Asset) -> str:
        made = asset.thumbnails.select_related("blob").order_by("width")
        return ", ".join(f"{each.width} px ({sized(each.blob.size_bytes)})" for each in made) or "none"

    @admin.display(description="Jobs")
    def jobs(self, asset: Asset) -> SafeString:
        url = reverse("admin:assets_app_job_changelist")
        return format_html('<a href="{}?q={}">What workers did with it, and why it failed</a>', url, asset.pk)

    @admin.display(description="Size")
    def exact_size(self, asset: Asset) -> str:
        return f"{sized(asset.blob.size_bytes)} ({asset.blob.size_bytes:,} bytes)"

    @admin.display(description="SHA-256")
    def sha256(self, asset: Asset) -> SafeString:
        return format_html('<code class="holdfast-digest">{}</code>', asset.blob.sha256)

    @admin.display(description="Stored in")
    def stored_in(self, asset: Asset) -> SafeString:
        url = reverse("admin:assets_app_blob_change", args=[asset.blob_id])
        return format_html('{}, as <a class="holdfast-digest" href="{}">{}</a>', asset.blob.store, url, asset.blob.key)

    @admin.display(description="Last read and right")
    def verified(self, asset: Asset) -> str:
        return f"{asset.blob.verified_at:%Y-%m-%d %H:%M}"

    @admin.display(description="Damage")
    def damage(self, asset: Asset) -> str | SafeString:
        return damage_of(asset.blob)

    @admin.display(description="Same bytes")
    def same_bytes(self, asset: Asset) -> str | SafeString:
        others = Asset.objects.filter(blob=asset.blob_id).exclude(pk=asset.pk).count()
        if not others:
            return "No other file has them."
        url = reverse("admin:assets_app_asset_changelist")
        return format_html('<a href="{}?blob={}">{}</a> with the same bytes', url, asset.blob_id, counted(others, "more file"))

    @admin.display(description="Used by")
    def used_by(self, asset: Asset) -> str | SafeString:
        uses = uses_of(asset, by=STAFF)
        if not uses:
            return "Nothing is built on it."
        return format_html('<ul class="holdfast-list">{}</ul>', format_html_join("", "<li>{}</li>", ([words] for words in uses)))

    @admin.display(description="Public address")
    def public_address(self, asset: Asset) -> str | SafeString:
        if asset.published_at is None:
            return "It is not published."
        address = reverse("published", args=[asset.blob.sha256])
        since = f"{asset.published_at:%Y-%m-%d %H:%M}"
        return format_html('<a class="holdfast-digest" href="{0}">{0}</a>, since {1}', address, since)

    @admin.display(description="Newest first")
    def history(self, asset: Asset) -> str | SafeString:
        changes = Change.objects.filter(kind="asset", ref=asset.pk).order_by("-pk")[:MOST_CHANGES]
        rows = [(f"{change.at:%Y-%m-%d %H:%M:%S}", change.action) for change in changes]
        told = format_html_join("", "<li><time>{}</time> {}</li>", rows)
        return format_html('<ul class="holdfast-list">{}</ul>', told) if rows else "-"


def damage_of(blob: Blob) -> str | SafeString:
    if blob.damaged_at is None:
        return "none known"
    return format_html('<strong class="holdfast-bad">Found at {}: {}</strong>', f"{blob.damaged_at:%Y-%m-%d %H:%M}", blob.damage)


def _found_by(word: str) -> Q:
    tagged = AssetTag.objects.filter(tag__icontains=word).values("asset")
    found = Q(name__icontains=word) | Q(blob__sha256__startswith=word.lower()) | Q(owner__username__icontains=word)
    found |= Q(client_id__icontains=word) | Q(campaign_id__icontains=word) | Q(pk__in=tagged)
    try:
        return found | Q(pk=UUID(word))
    except ValueError:
        return found


def _can_be_shown(asset: Asset) -> bool:
    """Of what is in the trash, nothing is given out."""
    return asset.has_thumbnail and asset.deleted_at is None  # type: ignore[attr-defined]  # annotated


def _smaller(asset: Asset, width: int) -> str:
    return f"{reverse('asset-thumbnail', args=[asset.pk])}?w={width}"


def _preview(asset: Asset, data: str) -> str | SafeString:
    """Never a whole image: it may be as large as a file may be."""
    picture = _smaller(asset, 1280) if _can_be_shown(asset) else ""
    shown = format_html('<img class="holdfast-preview" src="{}" alt="{}">', picture, asset.name) if picture else ""
    if asset.type == "video" and asset.shows_inline:
        return format_html(
            '<video class="holdfast-preview" controls preload="metadata" poster="{}" src="{}"></video>', picture, data
        )
    if asset.type == "audio" and asset.shows_inline:
        return format_html('{}<audio class="holdfast-preview" controls preload="metadata" src="{}"></audio>', shown, data)
    return shown


def _marks(asset: Asset) -> list[tuple[str, str]]:
    """Classes and words."""
    marks = [("soft", "live")]
    if asset.trash_ends_at is not None:
        marks = [("quiet", f"in the trash until {asset.trash_ends_at:%Y-%m-%d}")]
    elif asset.published_at is not None:
        marks = [("soft", "published")]
    return marks + ([("hard", "damaged")] if asset.blob.damaged_at is not None else [])
