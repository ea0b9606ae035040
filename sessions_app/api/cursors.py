"""Places in ordered lists of sessions: a page that begins behind a key costs the same however deep it is."""

import base64
import json
import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q

from assets_app.api import params
from assets_app.errors import InvalidInput
from assets_app.names import check_text


def _name(text: str) -> str:
    return check_text(text, what="cursor", max_length=255)


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise ValueError(text)
    return int(text)


def _percentage(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise ValueError(text)
    return value


# What a list may be ordered by, and how a cursor's text becomes its value again.
ORDERS: dict[str, Callable[[str], Any]] = {
    "updated_at": params.as_utc,
    "created_at": params.as_utc,
    "deleted_at": params.as_utc,
    "session_id": _name,
    "session_name": _name,
    "version": _whole,
    "progress_percentage": _percentage,
    "device_count": _whole,
}


def cursor_after(row: dict[str, Any], ordering: str) -> str:
    """The place behind a row, as clients hold it."""
    value = row[ordering.removeprefix("-")]
    place = [ordering, value.isoformat() if isinstance(value, datetime) else str(value), row["pk"].hex]
    text = json.dumps(place, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def rows_behind(cursor: str, ordering: str) -> Q:
    """What comes after a place in the order.

    Raises:
        InvalidInput: no cursor of this list, or of another order.
    """
    field, is_falling = ordering.removeprefix("-"), ordering.startswith("-")
    try:
        sent_ordering, text, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if sent_ordering != ordering or not isinstance(text, str):
            raise ValueError(sent_ordering)
        value, own = ORDERS[field](text), uuid.UUID(hex=pk)
    except (ValueError, TypeError, AttributeError, RecursionError, InvalidInput):
        raise InvalidInput("'cursor' is no place in this list. Follow the `next` link as it came.", field="cursor") from None
    side, near = ("lt", "lte") if is_falling else ("gt", "gte")
    # The first condition is what an index can seek to; the key tells apart what has the same value.
    return Q(**{f"{field}__{near}": value}) & (Q(**{f"{field}__{side}": value}) | Q(**{f"pk__{side}": own}))
