"""The one place where a version is made: compared and set in one UPDATE, together with its bytes, its log entry and its change.

PostgreSQL does all of it in a single statement. The database compares two numbers with what was read before: the version that
the document was made from, and how many entries the log has. If either moved, nothing at all is written.
"""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from assets_app.strict_json import canonical
from sessions_app.documents import Document
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.activity import new_entry
from sessions_app.operations.history import read_keyframe
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
# Who may no longer see the session may not save it either, from the moment on that this was decided.
MAY_SAVE = """(owner_id = %(by)s OR %(is_staff)s OR EXISTS (
    SELECT 1 FROM session_members m WHERE m.session_id = sessions.id AND m.user_id = %(by)s))"""
UPDATE = f"""UPDATE sessions SET version = %(version)s, keyframe = %(keyframe)s, sha256 = %(sha256)s, updated_at = %(at)s,
    deleted_at = %(deleted_at)s, deleted_by = %(deleted_by)s, activity_seq = %(seq)s, activity_hash = %(entry_hash)s,
    {", ".join(f"{column} = %({column})s" for column in SHOWN)}
    WHERE id = %(session)s AND version = %(based_on)s AND activity_seq = %(seq)s - 1 AND {MAY_SAVE}"""  # noqa: S608  (columns of ours)
KEPT = {
    "session_id": "session", "version": "version", "cause": "cause", "restored_from": "restored_from", "conflict_id": "conflict",
    "sha256": "sha256", "size_bytes": "size_bytes", "keyframe": "told_from", "packed": "packed", "saved_at": "at",
    "saved_by_id": "by",
}  # fmt: skip
LOGGED = {
    "session_id": "name", "session_uuid": "session", "seq": "seq", "user_id": "username", "action": "action",
    "version": "version", "metadata": "metadata", "created_at": "at", "document_sha256": "sha256", "door": "door",
    "token": "token", "address": "address", "device": "device", "request_id": "request_id", "entry_hash": "entry_hash",
}  # fmt: skip
CHANGED = {"kind": "kind", "ref": "session", "key": "name", "action": "action", "version": "version", "at": "at"}


def _insert(table: str, columns: dict[str, str], source: str) -> str:
    # What an untyped literal would not become by itself.
    casts = {"metadata": "::jsonb", "restored_from": "::int", "told_from": "::int", "conflict": "::bigint"} if source else {}
    values = ", ".join(f"%({name})s{casts.get(name, '')}" for name in columns.values())
    return f"INSERT INTO {table} ({', '.join(columns)}) " + (f"SELECT {values} FROM {source}" if source else f"VALUES ({values})")  # noqa: S608  (names of ours)


TABLES = [("session_versions", KEPT), ("session_activity_log", LOGGED), ("changes", CHANGED)]
ONE_STATEMENT = (
    f"WITH head AS ({UPDATE} RETURNING id), kept AS ({_insert(*TABLES[0], 'head')}), "
    f"logged AS ({_insert(*TABLES[1], 'head')}) {_insert(*TABLES[2], 'head')}"
)
STATEMENTS = [_insert(table, columns, "") for table, columns in TABLES]


def commit_version(
    *,
    head: Session,
    document: Document,
    by: "User",
    cause: SessionVersion.Cause = Cause.SAVED,
    restored_from: int | None = None,
    conflict: Conflict | None = None,
    deleted_at: datetime | None = None,
    **metadata: Any,
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
        **metadata,
    )
    with _together():
        if not _write(head, version, entry, document.columns, deleted_at):
            return None
        _bring_up_to_date(head, version, entry, document, deleted_at)
        version_saved.send(sender=Session, session=head, version=version, by=by)
    return version


def _together() -> AbstractContextManager[Any]:
    """A single statement needs no transaction around it, unless others write with it."""
    alone = connection.vendor == "postgresql" and not version_saved.has_listeners(Session)
    return nullcontext() if alone else transaction.atomic()


def _write(
    head: Session, version: SessionVersion, entry: SessionActivity, columns: dict[str, Any], deleted_at: datetime | None
) -> bool:
    """Compare and set. Did it?"""
    parameters = _parameters(head, version, entry, columns, deleted_at)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(ONE_STATEMENT, parameters)
            return bool(cursor.rowcount == 1)
        cursor.execute(UPDATE, parameters)
        if cursor.rowcount != 1:
            return False
        for statement in STATEMENTS:
            cursor.execute(statement, parameters)
        return True


def _parameters(
    head: Session, version: SessionVersion, entry: SessionActivity, columns: dict[str, Any], deleted_at: datetime | None
) -> dict[str, Any]:
    moment = connection.ops.adapt_datetimefield_value
    by = version.saved_by
    return {
        **{name: columns[name] for name in SHOWN},
        "progress_percentage": connection.ops.adapt_decimalfield_value(columns["progress_percentage"], 5, 2),
        "session": head.pk if connection.vendor == "postgresql" else head.pk.hex,
        "name": head.session_id,
        "based_on": head.version,
        "version": version.version,
        "keyframe": version.keyframe or version.version,
        "told_from": version.keyframe,
        "cause": str(version.cause),
        "restored_from": version.restored_from,
        "conflict": version.conflict_id,
        "sha256": version.sha256,
        "size_bytes": version.size_bytes,
        "packed": version.packed,
        "at": moment(version.saved_at),
        "deleted_at": moment(deleted_at),
        "deleted_by": by.get_username() if deleted_at else "",
        "by": by.pk,
        "username": by.get_username(),
        "is_staff": by.is_staff,
        "kind": "session",
        "action": str(entry.action),
        "metadata": canonical(entry.metadata),
        **{name: getattr(entry, name) for name in ("seq", "door", "token", "address", "device", "request_id", "entry_hash")},
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
