"""Filters of lists that show a part of them unless asked otherwise."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from sessions_app.models import Conflict
from sessions_app.review.words import DOORS

MOST_USERS = 100
ALL = "all"


class StartingFilter(admin.SimpleListFilter):
    """A filter whose first choice holds when nothing was asked, and whose last choice is everything."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        counted = self.get_facet_queryset(changelist) if changelist.add_facets else {}
        for index, (value, title) in enumerate(self.lookup_choices):
            count = counted.get(f"{index}__c")
            yield {
                "selected": (self.value() or self.lookup_choices[0][0]) == value,
                "query_string": changelist.get_query_string({str(self.parameter_name): value}),
                "display": title if count is None else f"{title} ({count})",
            }


class StateFilter(StartingFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((str(value), str(label)) for value, label in Conflict.State.choices), (ALL, "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.value() or Conflict.State.OPEN
        return queryset if state == ALL else queryset.filter(state=state)


class AssigneeFilter(admin.SimpleListFilter):
    title = "assignee"
    parameter_name = "assignee"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "Me"), ("nobody", "Nobody"), ("others", "Others")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "me": Q(assignee=request.user.pk),
            "nobody": Q(assignee=None),
            "others": Q(assignee__isnull=False) & ~Q(assignee=request.user.pk),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


class AgeFilter(admin.SimpleListFilter):
    title = "age"
    parameter_name = "age"
    HOURS: ClassVar = {"day": 24, "week": 7 * 24, "month": 30 * 24}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("new", "Less than a day"), ("day", "Over a day"), ("week", "Over a week"), ("month", "Over 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == "new":
            return queryset.filter(created_at__gt=timezone.now() - timedelta(days=1))
        if value in self.HOURS:
            return queryset.filter(created_at__lte=timezone.now() - timedelta(hours=self.HOURS[value]))
        return queryset


class TrashFilter(StartingFilter):
    title = "trash"
    parameter_name = "trash"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("trashed", "In the trash"), (ALL, "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or "live"
        return queryset if value == ALL else queryset.filter(deleted_at__isnull=value != "trashed")


class DoorFilter(admin.SimpleListFilter):
    """The doors that there are. Asking a long log for those that occur in it would read all of it."""

    title = "door"
    parameter_name = "door"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(door, door) for door in DOORS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(door=self.value()) if self.value() else queryset


class UserFilter(admin.SimpleListFilter):
    """By name: the log holds no keys, so that it outlives the users."""

    title = "user"
    parameter_name = "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = User.objects.order_by("username").values_list("username", flat=True)[:MOST_USERS]
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(user_id=self.value()) if self.value() else queryset
