"""Filters of the lists of files and bytes. Their choices are known: none is looked up in a long table."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from assets_app import kinds, parsing, storage

Choice = tuple[str, Callable[[], Q]]


class ChoiceFilter(admin.SimpleListFilter):
    """One of some named conditions."""

    conditions: ClassVar[dict[str, Choice]] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, title) for value, (title, _) in self.conditions.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.conditions.get(self.value() or "")
        return queryset.filter(chosen[1]()) if chosen else queryset


class AssetStateFilter(ChoiceFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        "live": ("Live", lambda: Q(deleted_at=None)),
        "trash": ("In the trash", lambda: Q(deleted_at__isnull=False)),
        "published": ("Published", lambda: Q(published_at__isnull=False, deleted_at=None)),
    }


def waiting_facts() -> Q:
    return Q(facts_version=0, facts_error="", format__in=[name for name in kinds.KINDS if parsing.has_facts(name)])


class ProblemFilter(ChoiceFilter):
    title = "problems"
    parameter_name = "problem"
    conditions = {
        "any": ("Any problem", lambda: ~Q(facts_error="") | Q(blob__damaged_at__isnull=False)),
        "facts": ("Facts cannot be read", lambda: ~Q(facts_error="")),
        "damaged": ("Damaged bytes", lambda: Q(blob__damaged_at__isnull=False)),
        "waiting": ("Facts not read yet", waiting_facts),
    }


class FormatFilter(admin.SimpleListFilter):
    """Those of the type that is chosen: all of them would be a long list."""

    title = "format"
    parameter_name = "format"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = (request.GET.get("type__exact"), request.GET.get("format"))
        return [(kind.format, kind.format) for kind in kinds.KINDS.values() if kind.type == chosen[0] or kind.format == chosen[1]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(format=self.value()) if self.value() else queryset


class StoreFilter(admin.SimpleListFilter):
    title = "store"
    parameter_name = "store"
    field = "store"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(store, store) for store in storage.STORES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class AssetStoreFilter(StoreFilter):
    field = "blob__store"


class DamageFilter(ChoiceFilter):
    title = "bytes"
    parameter_name = "bytes"
    conditions = {
        "damaged": ("Damaged", lambda: Q(damaged_at__isnull=False)),
        "right": ("Right when last read", lambda: Q(damaged_at=None)),
    }


class LinkStateFilter(ChoiceFilter):
    title = "state"
    parameter_name = "state"
    conditions = {
        "open": ("Not taken back, not expired", lambda: Q(revoked_at=None, expires_at__gt=timezone.now())),
        "expired": ("Expired", lambda: Q(revoked_at=None, expires_at__lte=timezone.now())),
        "revoked": ("Taken back", lambda: Q(revoked_at__isnull=False)),
    }
