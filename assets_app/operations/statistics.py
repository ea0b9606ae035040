"""How much is kept, as numbers: by store, kind, owner and week. A constant number of queries; every sum is the database's."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Func, IntegerField, Min, OuterRef, Q, Sum
from django.utils import timezone

from assets_app.models import Asset, Blob, PendingObject, StorageUse

WEEKS = 26
TOP_OWNERS = 10
WEEK_SECONDS = 7 * 24 * 3600
# The first of January 1970 was a Thursday; weeks begin on Mondays.
TO_MONDAY_SECONDS = 3 * 24 * 3600


@dataclass(frozen=True)
class Amount:
    """Of whom or what, how many files, and how many bytes they have."""

    name: str
    files: int
    size: int


@dataclass(frozen=True)
class Week:
    monday: date
    files: int
    size: int


@dataclass(frozen=True)
class Statistics:
    """What is kept at one moment.

    `stores` count blobs; everything else counts files, those in the trash included. `shared_files` are files whose bytes
    another file has, too; `used_size` is that of the bytes of all files, each counted once.
    """

    stores: list[Amount]
    types: list[Amount]
    owners: list[Amount]
    weeks: list[Week]
    files: int
    size: int
    in_trash: int
    published: int
    unreadable: int
    used_blobs: int
    used_size: int
    condemned: int
    damaged: int
    oldest_verification: datetime | None
    pending: dict[str, int] = field(default_factory=dict)

    @property
    def stored_size(self) -> int:
        return sum(store.size for store in self.stores)

    @property
    def saved_size(self) -> int:
        return self.size - self.used_size

    @property
    def shared_files(self) -> int:
        return self.files - self.used_blobs


def read_statistics(now: datetime | None = None) -> Statistics:
    blobs, types = _by_store(), _by_type()
    used = Blob.objects.filter(Exists(Asset.objects.filter(blob=OuterRef("pk")))).aggregate(
        files=Count("pk"), size=Sum("size_bytes")
    )
    pending = PendingObject.objects.order_by().values("state").annotate(count=Count("pk"))
    return Statistics(
        stores=_amounts(blobs, "store"),
        types=_amounts(types, "type"),
        owners=_owners(),
        weeks=_weeks(now or timezone.now()),
        files=_sum(types, "files"),
        size=_sum(types, "size"),
        in_trash=_sum(types, "trashed"),
        published=_sum(types, "published"),
        unreadable=_sum(types, "unreadable"),
        used_blobs=used["files"],
        used_size=used["size"] or 0,
        condemned=_sum(blobs, "condemned"),
        damaged=_sum(blobs, "damaged"),
        oldest_verification=min((row["oldest"] for row in blobs if row["oldest"]), default=None),
        pending={row["state"]: row["count"] for row in pending},
    )


def _by_store() -> list[dict[str, Any]]:
    is_live = Q(state=Blob.State.LIVE)
    rows: Any = (
        Blob.objects.order_by()
        .values("store")
        .annotate(
            files=Count("pk"),
            size=Sum("size_bytes"),
            condemned=Count("pk", filter=~is_live),
            damaged=Count("pk", filter=Q(damaged_at__isnull=False)),
            oldest=Min("verified_at", filter=is_live),
        )
    )
    return list(rows)


def _by_type() -> list[dict[str, Any]]:
    rows: Any = (
        Asset.objects.order_by()
        .values("type")
        .annotate(
            files=Count("pk"),
            size=Sum("blob__size_bytes"),
            trashed=Count("pk", filter=Q(deleted_at__isnull=False)),
            published=Count("pk", filter=Q(published_at__isnull=False, deleted_at=None)),
            unreadable=Count("pk", filter=~Q(facts_error="")),
        )
    )
    return list(rows)


def _owners() -> list[Amount]:
    """Those who keep most, and all others as one. From what is noted for their limits, which is checked by `fsck`."""
    uses = StorageUse.objects.filter(files__gt=0)
    top = [
        Amount(row["user__username"], row["files"], row["bytes"])
        for row in uses.order_by("-bytes", "pk").values("user__username", "files", "bytes")[:TOP_OWNERS]
    ]
    everybody = uses.aggregate(count=Count("pk"), files=Sum("files"), size=Sum("bytes"))
    others = everybody["count"] - len(top)
    if others <= 0:
        return top
    files = everybody["files"] - sum(owner.files for owner in top)
    size = everybody["size"] - sum(owner.size for owner in top)
    return [*top, Amount(f"{others:,} other{'' if others == 1 else 's'}", files, size)]


class WeekNumber(Func):
    """Of a moment, how many Mondays there were since 1970. Reckoned by the database itself: a function of ours would be called
    for every row."""

    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST((julianday(%(expressions)s) - 2440584.5) / 7 AS INTEGER)"
        return super().as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"FLOOR((EXTRACT(EPOCH FROM %(expressions)s) + {TO_MONDAY_SECONDS}) / {WEEK_SECONDS})::integer"
        return super().as_sql(compiler, connection, template=template, **context)


def _weeks(now: datetime) -> list[Week]:
    """The last 26, this one included, also those in which nothing came."""
    this_week = (int(now.timestamp()) + TO_MONDAY_SECONDS) // WEEK_SECONDS
    first = this_week - WEEKS + 1
    rows = (
        Asset.objects.filter(uploaded_at__gte=_monday(first), uploaded_at__lt=_monday(this_week + 1))
        .order_by()
        .values(week=WeekNumber(F("uploaded_at")))
        .annotate(files=Count("pk"), size=Sum("blob__size_bytes"))
    )
    found = {row["week"]: (row["files"], row["size"]) for row in rows}
    return [Week(_monday(week).date(), *found.get(week, (0, 0))) for week in range(first, this_week + 1)]


def _monday(week: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=week * WEEK_SECONDS - TO_MONDAY_SECONDS)


def _amounts(rows: list[dict[str, Any]], name: str) -> list[Amount]:
    return sorted((Amount(row[name], row["files"], row["size"] or 0) for row in rows), key=lambda amount: -amount.size)


def _sum(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name] or 0 for row in rows)
