"""Session documents: JSON in one canonical text, whose digest identifies what was saved."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings

from assets_app import strict_json
from assets_app.errors import InvalidInput
from assets_app.names import check_text
from sessions_app.errors import DocumentTooLarge

# The hub's own words about a session. A client that sends back what it read must not freeze them into the document.
SERVER_FIELDS = frozenset({"_version", "id", "owner", "created_at", "updated_at", "last_updated", "recordings"})
COMPLETE = frozenset({"approved", "custom_selected", "rejected"})
LARGEST_INTEGER = 2**31 - 1
MAX_VALUES = 500_000


def max_document_bytes() -> int:
    return int(settings.HOLDFAST_MAX_DOCUMENT_MB) * 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A document as it is kept: canonical JSON text, and what lists show of it.

    Clients' fields are kept as they came, but for a few: `session_id` stands in its one spelling, `session_name` is filled in,
    and what the hub says itself is left out: `SERVER_FIELDS`, and `progress_percentage` where there are devices to count.
    """

    value: dict[str, Any]
    columns: dict[str, Any]

    @classmethod
    def of(cls, value: dict[str, Any], *, session_id: str) -> "Document":
        """From a value that `strict_json.parse` read.

        Raises:
            InvalidInput: a field that lists rely on has the wrong type or range.
            DocumentTooLarge: over `HOLDFAST_MAX_DOCUMENT_MB`.
        """
        columns = columns_of(value, session_id=session_id)
        kept = {key: item for key, item in value.items() if key not in SERVER_FIELDS}
        if columns["device_count"]:
            kept.pop("progress_percentage", None)
        document = cls(kept | {"session_id": session_id, "session_name": columns["session_name"]}, columns)
        if document.size_bytes > max_document_bytes():
            raise document_too_large()
        return document

    @cached_property
    def data(self) -> bytes:
        return strict_json.canonical(self.value).encode()

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def size_bytes(self) -> int:
        return len(self.data)


def parse_json_body(data: bytes) -> Any:
    """A request's JSON.

    Raises:
        InvalidInput: see `strict_json.parse`; facts hold the `pointer` when there is one.
        DocumentTooLarge: over `HOLDFAST_MAX_DOCUMENT_MB`.
    """
    if len(data) > max_document_bytes():
        raise document_too_large()
    # Counted before it is read: a small text of many tiny values, or of many empty lists, fills the memory.
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_VALUES:
        raise too_many_values()
    try:
        return strict_json.parse(data)
    except strict_json.JsonRefused as refused:
        facts = {"pointer": refused.pointer} if refused.pointer is not None else {}
        raise InvalidInput(refused.message, **facts) from None


def check_composed(value: Any) -> Any:
    """A value that was put together from others, each of which was within the limits.

    Raises:
        InvalidInput: nested too deep.
        DocumentTooLarge: too many values.
    """
    try:
        strict_json.check_depth(value)
    except strict_json.JsonRefused as refused:
        raise InvalidInput(refused.message) from None
    text = strict_json.canonical(value)
    if text.count(",") + text.count("[") + text.count("{") > MAX_VALUES:
        raise too_many_values()
    return value


def too_many_values() -> DocumentTooLarge:
    return DocumentTooLarge(f"The document holds more than {MAX_VALUES:,} values. Send large data as files.")


def document_too_large() -> DocumentTooLarge:
    limit = max_document_bytes()
    return DocumentTooLarge(
        f"The document is over {limit // 1024 // 1024} MB. Send large data as files and keep the document to what people edit.",
        limit_bytes=limit,
    )


def columns_of(value: dict[str, Any], *, session_id: str) -> dict[str, Any]:
    """What lists show and filter by, computed from a document: values of the session row's columns.

    A session without a name is called by its file's name, and one without a file by its id.

    Raises:
        InvalidInput: a field that lists rely on has the wrong type or range.
    """
    devices = value.get("devices")
    if devices is not None and not (isinstance(devices, list) and all(isinstance(device, dict) for device in devices)):
        raise InvalidInput("'devices' must be an array of objects.", pointer="/devices")
    devices = devices or []
    batches = value.get("completed_batches")
    if batches is not None and not isinstance(batches, list):
        raise InvalidInput("'completed_batches' must be an array.", pointer="/completed_batches")
    # A status may be anything that the client likes, also something that cannot be hashed.
    completed = sum(isinstance(device.get("status"), str) and device["status"] in COMPLETE for device in devices)
    filename = _name(value, "filename")
    return {
        "session_name": _name(value, "session_name") or filename or session_id,
        "filename": filename,
        "total_rows": _integer(value, "total_rows", default=len(devices)),
        "current_batch": _integer(value, "current_batch", default=1),
        "total_batches": _integer(value, "total_batches", default=1),
        "completed_batches_count": len(batches or []),
        "device_count": len(devices),
        "completed_device_count": completed,
        "progress_percentage": _progress(value, completed, len(devices)),
    }


def _name(value: dict[str, Any], field: str) -> str:
    text = value.get(field)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InvalidInput(f"'{field}' must be a text.", pointer=f"/{field}")
    return check_text(text, what=field, max_length=255)


def _integer(value: dict[str, Any], field: str, *, default: int) -> int:
    number = value.get(field)
    if number is None:
        return default
    if type(number) is not int or not 0 <= number <= LARGEST_INTEGER:
        raise InvalidInput(f"'{field}' must be a whole number from 0 to {LARGEST_INTEGER}.", pointer=f"/{field}")
    return number


def _progress(value: dict[str, Any], completed: int, total: int) -> Decimal:
    """Counted here when there are devices: a client's own figure is only believed when there is nothing to count."""
    if total:
        return (Decimal(100 * completed) / total).quantize(Decimal("0.01"))
    told = value.get("progress_percentage")
    if told is None:
        return Decimal(0)
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told <= 100:
        raise InvalidInput("'progress_percentage' must be a number from 0 to 100.", pointer="/progress_percentage")
    return Decimal(str(told)).quantize(Decimal("0.01"))
