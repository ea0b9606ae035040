"""The admin is a window: everything can be looked at, nothing edited. Changes are actions that call operations."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

M = TypeVar("M", bound=Model)
P = TypeVar("P", bound=Model)


class WindowAdmin(admin.ModelAdmin[M]):
    """Read-only for everyone, whatever their permissions and whatever a forged form says."""

    actions_on_bottom = False
    show_full_result_count = False
    # Long fields that lists do not show, and therefore must not load.
    deferred: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return super().get_queryset(request).defer(*self.deferred)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class WindowInline(admin.TabularInline[M, P]):
    """Rows of a related table, read-only."""

    extra = 0
    can_delete = False
    show_change_link = True
    related: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        return super().get_queryset(request).select_related(*self.related).defer(*self.deferred)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def two_lines(first: str, second: str) -> SafeString:
    """In a cell of a list: the second line small and quiet."""
    return format_html('{}<small class="holdfast-second">{}</small>', first, second)


def sized(size_bytes: int) -> str:
    """A number of bytes for people: `1.8 MB`."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
