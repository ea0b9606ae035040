"""What lists of sessions may be ordered by."""

from decimal import Decimal, InvalidOperation

from assets_app.api import params
from assets_app.api.cursors import Orders
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


ORDERS: Orders = {
    "updated_at": params.as_utc,
    "created_at": params.as_utc,
    "deleted_at": params.as_utc,
    "session_id": _name,
    "session_name": _name,
    "version": _whole,
    "progress_percentage": _percentage,
    "device_count": _whole,
}
