"""The feed of changes: appended by whoever changes something, read by programs that keep up with the hub."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q

from assets_app.errors import CursorGone, InvalidInput
from assets_app.models import Asset, Change, PurgedAsset

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from django.contrib.auth.models import User
    from django.db.models import QuerySet

# What of each kind somebody may see, as a subquery of ids. Upper floors add theirs when they start.
VISIBLE: dict[str, "list[Callable[[User], QuerySet[Any, Any]]]"] = {
    "asset": [
        lambda user: Asset.objects.visible_to(user).values("pk"),
        # That something went is news, too.
        lambda user: Asset.objects.in_trash_of(user).values("pk"),
        lambda user: PurgedAsset.objects.filter(owner=user).values("pk"),
    ],
}


@dataclass(frozen=True)
class Page:
    """Some changes in order, and the cursor to ask for those after them."""

    changes: list[Change]
    cursor: str
    has_more: bool


def record_change(*, kind: str, ref: "uuid.UUID", key: str, action: str, at: "datetime", version: int | None = None) -> None:
    """Append to the feed. Called inside the transaction of the change."""
    Change.objects.create(kind=kind, ref=ref, key=key, action=action, version=version, at=at)


def changes_since(*, cursor: str, limit: int, by: "User") -> Page:
    """What `by` may see of what changed after the cursor; from the beginning without one.

    Of overlapping transactions, an entry is handed out only when no earlier one can still appear before it.

    Raises:
        InvalidInput: no cursor of this feed.
        CursorGone: a cursor of another database.
    """
    place = _read_cursor(cursor) if cursor else (0, 0)
    settled = _settled(Change.objects.filter(Q(txid=place[0], id__gt=place[1]) | Q(txid__gt=place[0])))
    end = settled.order_by("-txid", "-id").values_list("txid", "id").first() or place
    # Nothing beyond what was the end a moment ago: what others may see only in between is then behind the cursor for good.
    up_to_end = settled.filter(Q(txid=end[0], id__lte=end[1]) | Q(txid__lt=end[0]))
    found = list(up_to_end.filter(_visible_to(by)).order_by("txid", "id")[: limit + 1])
    page, has_more = found[:limit], len(found) > limit
    last = (page[-1].txid, page[-1].pk) if has_more else end
    return Page(page, _write_cursor(*last), has_more)


def _visible_to(user: "User") -> Q:
    if user.is_staff:
        return Q()
    visible = Q(pk__in=[])
    for kind, sources in VISIBLE.items():
        for ids in sources:
            visible |= Q(kind=kind, ref__in=ids(user))
    return visible


def _settled(rows: "QuerySet[Change]") -> "QuerySet[Change]":
    """Those before the oldest transaction that is still under way. SQLite has one writer at a time, so nothing overlaps."""
    if connection.vendor != "postgresql":
        return rows
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return rows.filter(txid__lt=cursor.fetchone()[0])


def _write_cursor(txid: int, number: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([_database_name(), txid, number]).encode()).decode().rstrip("=")


def _read_cursor(text: str) -> tuple[int, int]:
    try:
        name, *place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(place) != 2 or not all(type(part) is int and 0 <= part < 2**63 for part in place):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise InvalidInput("'since' is no cursor of this feed. Leave it out to begin at the beginning.", field="since") from None
    if name != _database_name():
        raise CursorGone("The hub's data has moved to another database since. Leave 'since' out and begin at the beginning.")
    return place[0], place[1]


def _database_name() -> str:
    """Tells clusters apart: transactions are numbered by each on its own."""
    if connection.vendor != "postgresql":
        return "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
        return str(cursor.fetchone()[0])
