"""Pages of long lists, newest first, each of which begins at a row: they cost the same however deep they are."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest

from assets_app.errors import InvalidInput
from assets_app.models import Asset, AssetQuerySet

SIZE = 48
MOMENT = "%Y%m%dT%H%M%S.%f"


@dataclass(frozen=True)
class Page:
    """Some rows of a list, and the addresses of the pages beside it ("" if there is none)."""

    rows: list[Asset]
    newer: str
    older: str


def page_of(found: AssetQuerySet, request: HttpRequest, *, field: str = "uploaded_at") -> Page:
    """The page that the address asks for: `?before=` a place in the list, or `?after=` one; else the first.

    Raises:
        InvalidInput: no place in a list.
    """
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    if after and not before:
        rows = list(found.filter(_beyond(after, field, "gt")).order_by(field, "pk")[: SIZE + 1])
        if len(rows) > SIZE:
            return _page(rows[SIZE - 1 :: -1], request, field, has_newer=True, has_older=True)
    behind = found.filter(_beyond(before, field, "lt")) if before else found
    rows = list(behind.order_by(f"-{field}", "-pk")[: SIZE + 1])
    return _page(rows[:SIZE], request, field, has_newer=bool(before), has_older=len(rows) > SIZE)


def _page(rows: list[Asset], request: HttpRequest, field: str, *, has_newer: bool, has_older: bool) -> Page:
    return Page(
        rows,
        newer=_address(request, after=_place(rows[0], field) if rows else "") if has_newer else "",
        older=_address(request, before=_place(rows[-1], field)) if has_older else "",
    )


def _address(request: HttpRequest, **place: str) -> str:
    """This list with the same filters, at another place."""
    kept = [(name, value) for name, value in request.GET.items() if name not in ("before", "after") and value]
    return f"?{urlencode(kept + [(name, value) for name, value in place.items() if value])}"


def _place(asset: Asset, field: str) -> str:
    moment: datetime = getattr(asset, field)
    return f"{moment.astimezone(UTC).strftime(MOMENT)}-{asset.pk.hex}"


def _beyond(place: str, field: str, side: str) -> Q:
    moment, _, own = place.partition("-")
    try:
        value, pk = datetime.strptime(moment, MOMENT).replace(tzinfo=UTC), UUID(hex=own)
    except ValueError:
        raise InvalidInput("That is no place in this list. Go back to its first page.", field="before") from None
    # The first condition is what an index can seek to; the key tells apart what has the same value.
    return Q(**{f"{field}__{side}e": value}) & (Q(**{f"{field}__{side}": value}) | Q(**{f"pk__{side}": pk}))
