"""Two changed documents over one base: what each side changed, whether they fit together, and keeping the side that came late."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from assets_app.guarded import writing
from assets_app.operations.changes import record_change
from assets_app.origin import current_origin
from sessions_app.documents import Document
from sessions_app.merge import Merge, merge
from sessions_app.models import Conflict, Session, SessionActivity
from sessions_app.operations.activity import new_entry
from sessions_app.operations.history import bytes_of, newest_value, read_keyframe, value_at
from sessions_app.operations.statements import LOGGED, Appending, entry_parameters
from sessions_app.packing import pack_version
from sessions_app.policies import identity_keys

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SHOWN_PATHS = 1000
REFUSAL = Appending(
    [],
    [
        (
            "session_conflicts",
            {
                "uuid": "uuid", "session_id": "session", "base_version": "attempted", "current_version": "based_on",
                "severity": "severity", "state": "state", "sha256": "sha256", "size_bytes": "size_bytes",
                "keyframe": "told_from", "packed": "packed", "saved_by_id": "by", "created_at": "at", "door": "door",
                "device": "device", "reason": "empty",
            },
        ),
        LOGGED,
        ("changes", {"kind": "kind", "ref": "uuid", "key": "key", "action": "opened", "version": "version", "at": "at"}),
    ],
)  # fmt: skip


@dataclass(frozen=True)
class Dispute:
    """Base, theirs (what is stored now) and yours (what came too late), told apart by path."""

    base: dict[str, Any]  # empty, if there never was such a version
    theirs: dict[str, Any]
    yours: dict[str, Any]
    has_base: bool = True

    @cached_property
    def merge(self) -> Merge:
        return merge(self.base, self.theirs, self.yours, keys=identity_keys())

    @property
    def is_soft(self) -> bool:
        """Both sides changed different things."""
        return self.merge.is_disjoint

    @property
    def merged(self) -> dict[str, Any]:
        """Both sides together; where they disagree, theirs."""
        value: dict[str, Any] = self.merge.value
        return value

    def changes(self) -> dict[str, list[str]]:
        """The paths that theirs, yours, or both changed; of very many, the first thousand."""
        sides: dict[str, list[str]] = {"theirs": [], "yours": [], "both": []}
        for difference in self.merge.differences:
            if difference.side in sides and len(sides[difference.side]) < SHOWN_PATHS:
                sides[difference.side].append(difference.path)
        return sides


def dispute_over(head: Session, document: Document, based_on: int) -> Dispute:
    """Between what `head` holds and a document that was made from another version of it."""
    # Read from the canonical text, like the others: what has its keys in the same order is compared much quicker.
    return Dispute(_base(head, based_on), newest_value(head), json.loads(document.data), 1 <= based_on <= head.version)


def dispute_of(conflict: Conflict, head: Session) -> Dispute:
    """Between what `head` holds by now and what the conflict kept."""
    yours = json.loads(bytes_of(conflict, conflict.session_id))
    return Dispute(_base(head, conflict.base_version), newest_value(head), yours)


def refuse(head: Session, document: Document, based_on: int, dispute: Dispute, *, by: "User") -> Conflict | None:
    """Keep the document that came too late, and log that it did. None if the session is not as `head` was read."""
    conflict = _conflict(head, document, based_on, dispute, by=by)
    entry = new_entry(
        head,
        SessionActivity.Action.CONFLICT,
        by=by,
        at=conflict.created_at,
        document_sha256=document.sha256,
        attempted_version=based_on,
        current_version=head.version,
        conflict=str(conflict.uuid),
    )
    is_postgresql = connection.vendor == "postgresql"
    parameters = entry_parameters(head, entry, by) | {
        "uuid": conflict.uuid if is_postgresql else conflict.uuid.hex,
        "key": str(conflict.uuid),
        "attempted": based_on,
        "severity": str(conflict.severity),
        "state": str(conflict.state),
        "size_bytes": conflict.size_bytes,
        "told_from": conflict.keyframe,
        "packed": conflict.packed,
        "empty": "",
        "kind": "conflict",
        "opened": "opened",
    }
    if not REFUSAL.execute(parameters):
        return None
    head.activity_seq, head.activity_hash = entry.seq, entry.entry_hash
    return conflict


def keep_merged(head: Session, document: Document, based_on: int, dispute: Dispute, *, by: "User") -> Conflict:
    """Keep the document that came too late, but is about to be merged. `head` is locked."""
    conflict = _conflict(head, document, based_on, dispute, by=by)
    with writing():
        conflict.save(force_insert=True)
    return conflict


def _conflict(head: Session, document: Document, based_on: int, dispute: Dispute, *, by: "User") -> Conflict:
    packed, is_whole = pack_version(document.data, keyframe=read_keyframe(head.pk, head.keyframe))
    origin = current_origin()
    return Conflict(
        session=head,
        base_version=based_on,
        current_version=head.version,
        severity=Conflict.Severity.SOFT if dispute.is_soft else Conflict.Severity.HARD,
        sha256=document.sha256,
        size_bytes=document.size_bytes,
        keyframe=None if is_whole else head.keyframe,
        packed=packed,
        saved_by=by,
        created_at=max(timezone.now(), head.updated_at),
        door=origin.door,
        device=origin.device,
    )


def settle(
    conflict: Conflict, state: Conflict.State, *, by: "User", at: datetime, reason: str, result_version: int | None = None
) -> bool:
    """Close an open conflict. False if somebody was faster."""
    outcome = {"state": state, "settled_at": at, "settled_by": by, "reason": reason, "result_version": result_version}
    with writing():
        closed = Conflict.objects.filter(pk=conflict.pk, state=Conflict.State.OPEN).update(**outcome)
    if closed:
        record_change(kind="conflict", ref=conflict.uuid, key=str(conflict.uuid), action=state, version=result_version, at=at)
        for field, value in outcome.items():
            setattr(conflict, field, value)
    return bool(closed)


def _base(head: Session, based_on: int) -> dict[str, Any]:
    """What both sides began with; nothing, if there never was such a version."""
    return value_at(head, based_on) if 1 <= based_on <= head.version else {}
