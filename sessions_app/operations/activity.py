"""The log: appended under the session's lock, each entry chained to the one before it."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from assets_app.guarded import writing
from assets_app.operations.changes import record_change
from assets_app.origin import current_origin
from assets_app.strict_json import canonical
from sessions_app.models import Session, SessionActivity

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORMAT = b"\x01"
CHAINED = (
    "session_uuid", "seq", "session_id", "user_id", "action", "version", "metadata", "created_at", "document_sha256",
    "door", "token", "address", "device", "request_id",
)  # fmt: skip


def new_entry(
    session: Session,
    action: str,
    *,
    by: "User | None",
    at: datetime,
    version: int | None = None,
    document_sha256: str = "",
    **metadata: Any,
) -> SessionActivity:
    """The entry that would follow the newest one that `session` knows of. Not stored."""
    origin = current_origin()
    entry = SessionActivity(
        session_id=session.session_id,
        session_uuid=session.pk,
        seq=session.activity_seq + 1,
        user_id=by.get_username() if by is not None else "",
        action=action,
        version=session.version if version is None else version,
        metadata=metadata,
        created_at=at,
        document_sha256=document_sha256,
        door=origin.door,
        token=origin.token,
        address=origin.address,
        device=origin.device,
        request_id=origin.request_id,
    )
    entry.entry_hash = chained_hash(session.activity_hash, entry)
    return entry


def log_activity(
    session: Session,
    action: SessionActivity.Action,
    *,
    by: "User | None",
    at: datetime,
    document_sha256: str = "",
    **metadata: Any,
) -> SessionActivity:
    """Append to the log, and to the feed of changes. `session` was read under its lock, in the caller's transaction."""
    entry = new_entry(session, action, by=by, at=at, document_sha256=document_sha256, **metadata)
    with writing():
        entry.save(force_insert=True)
        session.activity_seq, session.activity_hash = entry.seq, entry.entry_hash
        Session.objects.filter(pk=session.pk).update(activity_seq=entry.seq, activity_hash=entry.entry_hash)
    record_change(kind="session", ref=session.pk, key=session.session_id, action=entry.action, version=entry.version, at=at)
    return entry


def chained_hash(previous: str, entry: SessionActivity) -> str:
    """SHA-256 over the previous entry's hash and every field, each with its length before it: none can slide into another."""
    digest = hashlib.sha256(FORMAT)
    for text in (previous, *(_as_text(getattr(entry, field)) for field in CHAINED)):
        data = text.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, uuid.UUID):
        return value.hex
    return canonical(value) if isinstance(value, dict) else str(value)
