"""Collected files: what a collector drops becomes a recording, a checklist, labels, or a file of a session.

The bytes are stored first, then read in the sandbox; only what could be read is kept, together with everything that follows
from it, in one transaction.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.dateparse import parse_datetime

from assets_app import sandbox
from assets_app.errors import InvalidInput
from assets_app.operations.intake import Intake, ReceivedBytes, examine, keep_asset, receive_bytes
from sessions_app.errors import UnreadableFile
from sessions_app.ids import canonical_id, capture_time_in
from sessions_app.models import Recording, Session, SessionFile
from sessions_app.operations.files import attach_file, writable_session
from sessions_app.operations.history import newest_value
from sessions_app.operations.saves import create_session, save_version
from sessions_app.readers.checklists import BATCH_SIZE
from sessions_app.signals import recording_kept

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Collected:
    """What became of a file. `is_repeat`: the same bytes were here already, and nothing was added."""

    what: str
    session: Session
    is_repeat: bool = False


def collect_file(source: IO[bytes] | Intake, *, name: str, by: "User", session_id: str = "", batch: str = "") -> Collected:
    """Take in one dropped file.

    Args:
        session_id: the session that a file without a session of its own is for.
        batch: files without a session that are dropped together carry the same batch, and share a session.

    Raises:
        InvalidInput, AssetTooLarge, UnsupportedType: it cannot be kept; nothing of it remains.
        NotFound: `session_id` is none that `by` may add to.
    """
    target = writable_session(session_id, by=by) if session_id else None
    with receive_bytes(source, name=name) as received:
        facts = _read(received)
        kind = facts["kind"]
        if kind == "capture" and (repeat := _same_recording(received, by=by)):
            return Collected("recording", repeat, is_repeat=True)
        with transaction.atomic():
            if kind == "capture":
                return _keep_recording(received, facts, by=by)
            if kind == "labels":
                return _keep_labels(received, facts, by=by)
            if kind == "checklist":
                return _keep_checklist(received, facts, by=by)
            target = target or _session_of_batch(batch, received.name, by=by)
            attach_file(session=target, asset=keep_asset(received, by=by), role=SessionFile.Role.ATTACHMENT, by=by)
            return Collected(received.kind.type, target)


def _read(received: ReceivedBytes) -> dict[str, Any]:
    """What the readers say of the file; `{"kind": "file"}` for what they do not read."""
    if received.kind.format not in ("json", "csv"):
        examine(received)
        return {"kind": "file"}
    try:
        answer = sandbox.run("sessions_app.readers.files", received.kind.format, received.name, file=received.chunks())
    except InvalidInput as refusal:
        raise UnreadableFile(refusal.message, **refusal.facts) from None
    facts: dict[str, Any] = json.loads(answer)
    return facts


def _same_recording(received: ReceivedBytes, *, by: "User") -> Session | None:
    same = (
        Recording.objects.filter(asset__blob__sha256=received.sha256, session__owner=by, session__deleted_at=None)
        .select_related("session")
        .first()
    )
    return same.session if same is not None else None


def _keep_recording(received: ReceivedBytes, facts: dict[str, Any], *, by: "User") -> Collected:
    timestamp = capture_time_in(facts["timestamp"] or "") or capture_time_in(received.name)
    value = {
        "session_name": received.name,
        "filename": received.name,
        "timestamp": timestamp,
        "sha256": received.sha256,
        "labels": facts["labels"],
        "metadata": facts["metadata"],
    }
    own_id = canonical_id(timestamp) if timestamp else f"capture_{received.sha256[:16]}"
    session = _create_capture(own_id, value, by=by)
    if session is None:
        # Taken: by this very file, sent twice at once, or by another recording that began in the same millisecond.
        if repeat := _same_recording(received, by=by):
            return Collected("recording", repeat, is_repeat=True)
        session = _create_capture(f"{own_id}-{received.sha256[:8]}", value, by=by)
        session = session or _create_capture(f"{own_id}-{get_random_string(16).lower()}", value, by=by)
    if session is None:
        raise UnreadableFile("The recording could not be given an id of its own. Send it again.")
    asset = keep_asset(received, by=by)
    attach_file(session=session, asset=asset, role=SessionFile.Role.RECORDING, by=by)
    recording = Recording.objects.create(
        session=session,
        asset=asset,
        started_at=_moment(timestamp),
        **{
            field: facts[field]
            for field in (
                "reader_version", "layout", "duration_s", "samples", "rate_hz", "time_source", "channels", "findings",
                "label_spans", "notes",
            )
        },
    )  # fmt: skip
    recording_kept.send(sender=Recording, recording=recording, by=by)
    return Collected("recording", session)


def _keep_labels(received: ReceivedBytes, facts: dict[str, Any], *, by: "User") -> Collected:
    """Labels from a sidecar file become a new version of their recording's session."""
    timestamp = capture_time_in(facts["timestamp"]) or capture_time_in(received.name)
    # Before the session is locked, as every upload for a session does: otherwise each could wait for the other.
    asset = keep_asset(received, by=by)
    # Locked until the end of the transaction: nobody can save in between.
    owned = Session.objects.live().select_for_update().filter(owner=by, kind=Session.Kind.CAPTURE)
    session = owned.filter(session_id=canonical_id(timestamp)).first() if timestamp else None
    if session is None:
        raise UnreadableFile(
            f"This file holds labels of the recording of {timestamp or 'an unknown time'}, which is not here. "
            "Send the recording first, then its labels.",
            name=received.name,
        )
    value = newest_value(session) | {"labels": facts["sidecar"]["labels"], "label_file": facts["sidecar"]}
    save_version(session=session, value=value, based_on=session.version, by=by)
    attach_file(session=session, asset=asset, role=SessionFile.Role.LABELS, by=by)
    return Collected("labels", session)


def _keep_checklist(received: ReceivedBytes, facts: dict[str, Any], *, by: "User") -> Collected:
    devices = facts["devices"]
    value = {
        "session_name": received.name.removesuffix(".csv"),
        "filename": received.name,
        "total_rows": len(devices),
        "current_batch": 1,
        "total_batches": -(-len(devices) // BATCH_SIZE),
        "completed_batches": [],
        "devices": devices,
    }
    own_id = f"session_{int(timezone.now().timestamp() * 1000)}_{get_random_string(9).lower()}"
    session = create_session(session_id=own_id, value=value, kind=Session.Kind.CHECKLIST, by=by)
    if session is None:
        raise UnreadableFile("The checklist could not be given an id of its own. Send it again.")
    attach_file(session=session, asset=keep_asset(received, by=by), role=SessionFile.Role.CHECKLIST, by=by)
    return Collected("checklist", session)


def _session_of_batch(batch: str, name: str, *, by: "User") -> Session:
    """The session of files that were dropped together; made when the first of them arrives."""
    own_id = canonical_id(f"files_{batch or get_random_string(12).lower()}")
    value = {"session_name": f"Files: {name}"[:255], "filename": name}
    created = create_session(session_id=own_id, value=value, kind=Session.Kind.FILES, by=by)
    return created or writable_session(own_id, by=by)


def _create_capture(session_id: str, value: dict[str, Any], *, by: "User") -> Session | None:
    return create_session(session_id=session_id, value=value, kind=Session.Kind.CAPTURE, by=by, status=Session.Status.COMPLETED)


def _moment(timestamp: str | None) -> datetime | None:
    try:
        return parse_datetime(timestamp) if timestamp else None
    except ValueError:  # shaped like a time, but there is no such day
        return None
