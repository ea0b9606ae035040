"""Links for staff: which are open, and taking them back. Their addresses are nowhere kept."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.admin.asset_actions import ActingAdmin, take_back
from assets_app.admin.filters import LinkStateFilter
from assets_app.admin.inlines import link_uses, marked
from assets_app.models import ShareLink


@admin.register(ShareLink)
class ShareLinkAdmin(ActingAdmin[ShareLink]):
    list_display = ("label", "state", "created_by", "created_at", "expires_at", "shown_uses", "last_used_at")
    list_filter = (LinkStateFilter, "created_at")
    search_fields = ("asset__name", "created_by__username")
    search_help_text = "Search by the file's name, or by who made the link."
    list_select_related = ("asset", "created_by")
    list_per_page = 50
    deferred = ("digest",)
    fields = ("file", "shown_state", "created_by", "created_at", "expires_at", "shown_uses", "last_used_at", "revoked_at")
    readonly_fields = ("file", "shown_state", "shown_uses")
    actions = ("take_back",)

    def has_take_back_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("assets_app.change_sharelink")

    def unfit_for(self, row: ShareLink) -> set[str]:
        return set() if row.revoked_at is None else {"take_back"}

    @admin.display(description="File", ordering="asset__name")
    def label(self, link: ShareLink) -> str:
        return link.asset.name

    @admin.display(description="File")
    def file(self, link: ShareLink) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:assets_app_asset_change", args=[link.asset_id]), link.asset.name)

    @admin.display(description="State")
    def state(self, link: ShareLink) -> SafeString:
        return marked(link.state, good="open")

    @admin.display(description="State")
    def shown_state(self, link: ShareLink) -> SafeString:
        return self.state(link)

    @admin.display(description="Uses", ordering="uses")
    def shown_uses(self, link: ShareLink) -> str:
        return link_uses(link)

    @admin.action(description="Take back: it opens nothing any more", permissions=["take_back"])
    def take_back(self, request: HttpRequest, links: QuerySet[ShareLink]) -> None:
        take_back(request, links)
