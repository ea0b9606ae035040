"""What belongs to one file, below its page."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assets_app.models import Asset, AssetShare, ShareLink
from assets_app.windows import WindowInline


def link_uses(link: ShareLink) -> str:
    if link.max_uses is None:
        return f"{link.uses:,}"
    return f"{link.uses:,} of {link.max_uses:,}"


def marked(state: str, *, good: str) -> SafeString:
    """A word that can be told at a glance, by its colour and by itself."""
    return format_html('<span class="holdfast-mark {}">{}</span>', "soft" if state == good else "quiet", state)


class ShareInline(WindowInline[AssetShare, Asset]):
    model = AssetShare
    verbose_name_plural = "Shared with"
    fields = ("user", "shared_at", "shared_by")
    related = ("user", "shared_by")
    show_change_link = False


class LinkInline(WindowInline[ShareLink, Asset]):
    model = ShareLink
    verbose_name_plural = "Links"
    fields = ("shown_state", "created_by", "created_at", "expires_at", "shown_uses", "last_used_at")
    related = ("created_by",)
    deferred = ("digest",)
    readonly_fields = ("shown_state", "shown_uses")

    @admin.display(description="State")
    def shown_state(self, link: ShareLink) -> SafeString:
        return marked(link.state, good="open")

    @admin.display(description="Uses")
    def shown_uses(self, link: ShareLink) -> str:
        return link_uses(link)
