"""Places in ordered lists: a page that begins behind a key costs the same however deep it is."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.db.models import Q
from rest_framework.request import Request

from assets_app.errors import InvalidInput

# What a list may be ordered by, and how a cursor's text becomes its value again.
Orders = Mapping[str, Callable[[str], Any]]


def cursor_after(row: Mapping[str, Any], ordering: str) -> str:
    """The place behind a row, as clients hold it."""
    value = row[ordering.removeprefix("-")]
    place = [ordering, value.isoformat() if isinstance(value, datetime) else str(value), row["pk"].hex]
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def rows_behind(cursor: str, ordering: str, orders: Orders) -> Q:
    """What comes after a place in the order.

    Raises:
        InvalidInput: no cursor of this list, or of another order.
    """
    field, is_falling = ordering.removeprefix("-"), ordering.startswith("-")
    try:
        sent_ordering, text, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sent_ordering != ordering or not isinstance(text, str):
            raise ValueError(sent_ordering)
        value, own = orders[field](text), uuid.UUID(hex=pk)
    except (ValueError, TypeError, AttributeError, RecursionError, InvalidInput):
        raise InvalidInput("'cursor' is no place in this list. Follow the `next` link as it came.", field="cursor") from None
    side, near = ("lt", "lte") if is_falling else ("gt", "gte")
    # The first condition is what an index can seek to; the key tells apart what has the same value.
    return Q(**{f"{field}__{near}": value}) & (Q(**{f"{field}__{side}": value}) | Q(**{f"pk__{side}": own}))


def link_to(request: Request, cursor: str) -> str:
    """The address of the page behind a cursor, with the same filters."""
    query = request.query_params.copy()
    query.pop("offset", None)
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{quote(request.path, safe='/:@')}?{query.urlencode()}")
