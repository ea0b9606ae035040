"""The one place where a version is made: compared and set in one UPDATE, with its bytes, its log entry and its change."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from sessions_app.documents import Document
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.activity import new_entry
from sessions_app.operations.history import read_keyframe
from sessions_app.operations.statements import LOGGED, Appending, entry_parameters, together
from sessions_app.packing import pack_version
from sessions_app.signals import version_saved

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Cause, Action = SessionVersion.Cause, SessionActivity.Action
ACTIONS = {
    Cause.SAVED: Action.UPDATED,
    Cause.MERGED: Action.MERGED,
    Cause.RESOLVED: Action.RESOLVED,
    Cause.UNDONE: Action.REOPENED,
    Cause.RESTORED: Action.RESTORED,
    Cause.DELETED: Action.DELETED,
    Cause.UNDELETED: Action.UNDELETED,
}
SHOWN = (
    "session_name", "filename", "total_rows", "current_batch", "total_batches", "completed_batches_count", "device_count",
    "completed_device_count", "progress_percentage",
)  # fmt: skip
COMMIT = Appending(
    [
        "version = %(version)s", "keyframe = %(keyframe)s", "sha256 = %(sha256)s", "updated_at = %(at)s",
        "deleted_at = %(deleted_at)s", "deleted_by = %(deleted_by)s", *(f"{column} = %({column})s" for column in SHOWN),
    ],
    [
        (
            "session_versions",
            {
                "session_id": "session", "version": "version", "cause": "cause", "restored_from": "restored_from",
                "conflict_id": "conflict", "sha256": "sha256", "size_bytes": "size_bytes", "keyframe": "told_from",
                "packed": "packed", "saved_at": "at", "saved_by_id": "by",
            },
        ),
        LOGGED,
        (
            "changes",
            {"kind": "kind", "ref": "session", "key": "name", "action": "action", "version": "version", "at": "at"},
        ),
    ],
)  # fmt: skip


def commit_version(
    *,
    head: Session,
    document: Document,
    by: "User",
    cause: SessionVersion.Cause = Cause.SAVED,
    restored_from: int | None = None,
    conflict: Conflict | None = None,
    deleted_at: datetime | None = None,
    metadata: dict[str, Any] | None = None,
) -> SessionVersion | None:
    """Make `document` the version after `head.version`, if the session still is as `head` was read. `head` is brought up to date.

    Returns None if somebody was faster, or if `by` may no longer save it; nothing is written then.
    """
    at = max(timezone.now(), head.updated_at)  # no version is older than the one before it, whatever the clocks say
    packed, is_whole = pack_version(document.data, keyframe=read_keyframe(head.pk, head.keyframe))
    version = SessionVersion(
        session=head,
        version=head.version + 1,
        cause=cause,
        restored_from=restored_from,
        conflict=conflict,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        keyframe=None if is_whole else head.keyframe,
        packed=packed,
        saved_at=at,
        saved_by=by,
    )
    entry = new_entry(
        head,
        ACTIONS[cause],
        by=by,
        at=at,
        version=version.version,
        document_sha256=document.sha256,
        device_count=document.columns["device_count"],
        progress=float(document.columns["progress_percentage"]),
        **(metadata or {}),
    )
    with together(is_alone=not version_saved.has_listeners(Session)):
        if not COMMIT.execute(_parameters(head, version, entry, document.columns, deleted_at)):
            return None
        _bring_up_to_date(head, version, entry, document, deleted_at)
        version_saved.send(sender=Session, session=head, version=version, by=by)
    return version


def _parameters(
    head: Session, version: SessionVersion, entry: SessionActivity, columns: dict[str, Any], deleted_at: datetime | None
) -> dict[str, Any]:
    return {
        **entry_parameters(head, entry, version.saved_by),
        **{name: columns[name] for name in SHOWN},
        "progress_percentage": connection.ops.adapt_decimalfield_value(columns["progress_percentage"], 5, 2),
        "keyframe": version.keyframe or version.version,
        "told_from": version.keyframe,
        "cause": str(version.cause),
        "restored_from": version.restored_from,
        "conflict": version.conflict_id,
        "size_bytes": version.size_bytes,
        "packed": version.packed,
        "deleted_at": connection.ops.adapt_datetimefield_value(deleted_at),
        "deleted_by": entry.user_id if deleted_at else "",
        "kind": "session",
    }


def _bring_up_to_date(
    head: Session, version: SessionVersion, entry: SessionActivity, document: Document, deleted_at: datetime | None
) -> None:
    head.version = version.version
    head.sha256 = version.sha256
    head.updated_at = version.saved_at
    head.deleted_at = deleted_at
    head.activity_seq, head.activity_hash = entry.seq, entry.entry_hash
    for column, value in document.columns.items():
        setattr(head, column, value)
    if version.keyframe is None:
        head.keyframe = version.version
