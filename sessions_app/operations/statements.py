"""The statements that append to a session's history. Each begins by moving the session itself, from exactly what was read before.

PostgreSQL does all of it in a single statement; elsewhere the same steps follow one another in a transaction. If the session is
not as it was read, or its log has grown, or the user may no longer save it, nothing at all is written.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection, transaction

from assets_app.prepared import execute
from assets_app.strict_json import canonical
from sessions_app.models import Session, SessionActivity
from sessions_app.operations.locks import may_change_all

Table = tuple[str, dict[str, str]]

# Whoever loses the permission loses it with an entry in the log, so that a statement that read the log before fails.
UNMOVED = """WHERE id = %(session)s AND version = %(based_on)s AND activity_seq = %(seq)s - 1
    AND (%(may_change_all)s OR owner_id = %(by)s OR EXISTS (
        SELECT 1 FROM session_members m WHERE m.session_id = sessions.id AND m.user_id = %(by)s))"""
LOGGED: Table = (
    "session_activity_log",
    {
        "session_id": "name", "session_uuid": "session", "seq": "seq", "user_id": "username", "action": "action",
        "version": "version", "metadata": "metadata", "created_at": "at", "document_sha256": "sha256", "door": "door",
        "token": "token", "address": "address", "device": "device", "request_id": "request_id", "entry_hash": "entry_hash",
    },
)  # fmt: skip
CASTS = {  # what PostgreSQL would otherwise take for texts
    "metadata": "::jsonb", "restored_from": "::int", "told_from": "::int", "conflict": "::bigint", "nothing": "::int",
}  # fmt: skip


class Appending:
    """An update of the session's row, and the rows that are inserted if it finds the session as it was read."""

    def __init__(self, assignments: Sequence[str], tables: Sequence[Table]) -> None:
        moved = [*assignments, "activity_seq = %(seq)s", "activity_hash = %(entry_hash)s"]
        self.update = f"UPDATE sessions SET {', '.join(moved)} {UNMOVED}"  # noqa: S608  (names of ours)
        self.inserts = [_insert(table, is_selected=False) for table in tables]
        steps = [f"head AS ({self.update} RETURNING id)"]
        steps += [f"step{number} AS ({_insert(table, is_selected=True)})" for number, table in enumerate(tables[:-1])]
        self.whole = f"WITH {', '.join(steps)} {_insert(tables[-1], is_selected=True)}"

    def execute(self, parameters: dict[str, Any]) -> bool:
        """Was the session still as it was read?"""
        if connection.vendor == "postgresql":
            return execute(self.whole, parameters) == 1
        with transaction.atomic():
            if execute(self.update, parameters) != 1:
                return False
            for statement in self.inserts:
                execute(statement, parameters)
        return True


def together(*, is_alone: bool) -> AbstractContextManager[Any]:
    """A transaction, unless a single statement is all there is to do."""
    return nullcontext() if is_alone and connection.vendor == "postgresql" else transaction.atomic()


def entry_parameters(head: Session, entry: SessionActivity, by: Any) -> dict[str, Any]:
    """What every such statement says: which session, as it was read; who; and the entry in the log."""
    return {
        "session": head.pk if connection.vendor == "postgresql" else head.pk.hex,
        "name": head.session_id,
        "based_on": head.version,
        "version": entry.version,
        "at": connection.ops.adapt_datetimefield_value(entry.created_at),
        "by": by.pk,
        "username": entry.user_id,
        "may_change_all": may_change_all(by),
        "action": str(entry.action),
        "metadata": canonical(entry.metadata),
        "sha256": entry.document_sha256,
        **{name: getattr(entry, name) for name in ("seq", "door", "token", "address", "device", "request_id", "entry_hash")},
    }


def _insert(table: Table, *, is_selected: bool) -> str:
    name, columns = table
    into = f"INSERT INTO {name} ({', '.join(columns)})"
    if not is_selected:
        return f"{into} VALUES ({', '.join(f'%({value})s' for value in columns.values())})"
    values = ", ".join(f"%({value})s{CASTS.get(value, '')}" for value in columns.values())
    return f"{into} SELECT {values} FROM head"  # noqa: S608  (names of ours)
