"""The auditor: what must be true of every session, checked against the rows themselves. See docs/operating.md for the list.

I1  a session's versions are numbered 1 to n without a gap, and n is the session's version
I2  every version's and every conflict's digest is that of its bytes, and the session's digest is that of its newest version
I3  every version has exactly one entry in the log, with its digest; every refused save has its entry and its document
I4  entries are numbered 1 to m, and each one's hash covers it and those before it, up to the hash that the session holds
I5  no entry and no version is older than the one before it, or from the future; and entry and version agree about the time
C1  copies are right: counts of sessions, what is searched, and the order of the feed of changes
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from assets_app.findings import Finding
from assets_app.guarded import writing
from assets_app.models import Change
from sessions_app.documents import columns_of
from sessions_app.models import Conflict, PurgedSession, Session, SessionActivity, SessionDevice, SessionVersion
from sessions_app.operations.activity import chained_hash
from sessions_app.operations.commits import ACTIONS
from sessions_app.operations.counts import repair_counts, wrong_counts
from sessions_app.operations.devices import copy_devices, wanted_devices
from sessions_app.operations.history import bytes_of, newest_value

Cause = SessionVersion.Cause
AHEAD = timedelta(minutes=5)  # clocks of several machines differ
Action = SessionActivity.Action
CONFLICT_ACTIONS = [Action.CONFLICT, Action.MERGED, Action.RESOLVED, Action.DISMISSED, Action.REOPENED]
VERSION_ACTIONS = {str(action) for action in ACTIONS.values()} | {"created"}


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read inside is as it was at one moment, while others go on saving: their saves would look like damage."""
    if connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        else:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def audit(*, session_id: str = "") -> Iterator[Finding]:
    """Everything that is wrong; of one session, or of all and of what they share."""
    sessions = Session.objects.filter(session_id=session_id) if session_id else Session.objects.all()
    for session in sessions.order_by("pk").iterator(chunk_size=500):
        yield from _audit_versions(session)
        yield from _audit_conflicts(session)
        yield from _audit_files(session)
    yield from verify_activity(session_id=session_id)
    if not session_id:
        yield from _audit_copies()


def verify_activity(*, session_id: str = "") -> Iterator[Finding]:
    """Of every session's log, also of those that are gone: the first entry that is not as it was written."""
    entries = SessionActivity.objects.order_by("session_uuid", "seq")
    if session_id:
        entries = entries.filter(session_id=session_id)
    heads = _heads(session_id)
    for session_uuid, own in groupby(entries.iterator(chunk_size=2000), key=attrgetter("session_uuid")):
        head = heads.pop(session_uuid, None)
        yield from _verify_chain(own, head)
    for name, seq, _hash in heads.values():
        if seq:
            yield Finding("I4", name, f"all {seq} entries of its log are gone")


def repair() -> None:
    """Make the copies anew. Everything else is evidence, and stays as it is."""
    repair_counts()
    for session, columns in list(_wrongly_shown()):
        with writing():
            Session.objects.filter(pk=session.pk, version=session.version).update(**columns)
    for session_pk in _wrongly_copied():
        copy_devices(session_pk)
    _changes_from_elsewhere().update(txid=0)


def _heads(session_id: str) -> dict[uuid.UUID, tuple[str, int, str]]:
    """By session: its name, and the number and hash of its log's newest entry. Of those that are gone, too."""
    names = ("pk", "session_id", "activity_seq", "activity_hash")
    heads: dict[uuid.UUID, tuple[str, int, str]] = {}
    rows = [*Session.objects.values_list(*names), *PurgedSession.objects.values_list(*names)]
    for pk, name, seq, entry_hash in rows:
        if session_id in ("", name):
            heads[pk] = (name, seq, entry_hash)
    return heads


class _Chain:
    """One session's log, followed entry by entry."""

    def __init__(self) -> None:
        self.number, self.last_hash, self.name = 0, "", "?"
        self._at: datetime | None = None

    def follow(self, entry: SessionActivity) -> Finding | None:
        """What is wrong with the next entry; after that, following on would tell nothing."""
        self.number, self.name = self.number + 1, entry.session_id
        where = f"entry {entry.seq} of its log (row {entry.pk})"
        if entry.seq != self.number:
            return Finding("I4", self.name, f"entry {self.number} of its log is missing: {where} stands in its place")
        if chained_hash(self.last_hash, entry) != entry.entry_hash:
            return Finding("I4", self.name, f"{where} is not as it was written, or what stood before it was changed")
        if (self._at is not None and entry.created_at < self._at - AHEAD) or entry.created_at > timezone.now() + AHEAD:
            return Finding("I5", self.name, f"{where} is older than the one before it, or from the future")
        self.last_hash, self._at = entry.entry_hash, entry.created_at
        return None


def first_broken(entry: SessionActivity) -> Finding | None:
    """What is wrong with the log up to this entry."""
    chain = _Chain()
    before = SessionActivity.objects.filter(session_uuid=entry.session_uuid, seq__lte=entry.seq).order_by("seq")
    return next(filter(None, map(chain.follow, before.iterator(chunk_size=2000))), None)


def _verify_chain(entries: Iterator[SessionActivity], head: tuple[str, int, str] | None) -> Iterator[Finding]:
    chain = _Chain()
    for entry in entries:
        if finding := chain.follow(entry):
            yield finding
            return
    if head is None:
        yield Finding("I4", chain.name, "its log is here, but neither the session nor a note of its deletion is")
    elif (chain.number, chain.last_hash) != head[1:]:
        yield Finding("I4", chain.name, f"its log ends with entry {chain.number}, but entry {head[1]} was written after that")


def _audit_versions(session: Session) -> Iterator[Finding]:
    logged = _logged_versions(session)
    number, newest, at = 0, "", session.created_at
    for version in session.versions.order_by("version").iterator(chunk_size=100):
        number += 1
        what = f"version {version.version}"
        if version.version != number:
            yield Finding("I1", session.session_id, f"version {number} is missing: {what} follows")
            number = version.version
        yield from _audit_bytes(session, version, what)
        entries = logged.pop(version.version, [])
        told = (version.sha256, version.saved_at, "created" if version.version == 1 else ACTIONS[Cause(version.cause)])
        if [(entry.document_sha256, entry.created_at, entry.action) for entry in entries] != [told]:
            yield Finding("I3", session.session_id, f"{what} has {len(entries)} entries in the log, or one that does not fit it")
        if version.saved_at < at or version.saved_at > timezone.now() + AHEAD:
            yield Finding("I5", session.session_id, f"{what} is older than the one before it, or from the future")
        newest, at = version.sha256, version.saved_at
    if number != session.version:
        yield Finding("I1", session.session_id, f"it stands at version {session.version}, but has {number} versions")
    elif newest != session.sha256:
        yield Finding("I2", session.session_id, "its digest is not that of its newest version")
    for extra in logged:
        yield Finding("I3", session.session_id, f"the log tells of a version {extra} that is not here")


def _logged_versions(session: Session) -> dict[int, list[SessionActivity]]:
    """By number: the entries that tell of a version being made."""
    logged: dict[int, list[SessionActivity]] = {}
    for entry in SessionActivity.objects.filter(session_uuid=session.pk, action__in=VERSION_ACTIONS):
        if entry.document_sha256:  # reopening a dismissed conflict makes no version
            logged.setdefault(entry.version, []).append(entry)
    return logged


def _audit_bytes(session: Session, kept: SessionVersion | Conflict, what: str) -> Iterator[Finding]:
    try:
        data = bytes_of(kept, session.pk)
    except (ValueError, SessionVersion.DoesNotExist) as error:
        yield Finding("I2", session.session_id, f"{what} cannot be read: {str(error)[:100]}")
        return
    if hashlib.sha256(data).hexdigest() != kept.sha256 or len(data) != kept.size_bytes:
        yield Finding("I2", session.session_id, f"the bytes of {what} are not those that were saved")


def _audit_conflicts(session: Session) -> Iterator[Finding]:
    kept = {str(conflict.uuid): conflict for conflict in session.conflicts.all()}
    for conflict in kept.values():
        yield from _audit_bytes(session, conflict, f"conflict {conflict.uuid}")
        if conflict.result_version is not None and conflict.result_version > session.version:
            yield Finding("I3", session.session_id, f"conflict {conflict.uuid} was settled by a version that is not here")
    named = set()
    for entry in SessionActivity.objects.filter(session_uuid=session.pk, action__in=CONFLICT_ACTIONS):
        name = entry.metadata.get("conflict")
        if name is None:
            continue
        named.add(name)
        refused = kept.get(name)
        is_refusal = entry.action == Action.CONFLICT
        if refused is None or (is_refusal and refused.sha256 != entry.document_sha256):
            yield Finding("I3", session.session_id, f"the refused save that entry {entry.seq} of the log names is not kept")
    for unnamed in kept.keys() - named:
        yield Finding("I3", session.session_id, f"no entry of the log tells of conflict {unnamed}")


def _audit_files(session: Session) -> Iterator[Finding]:
    """Every file of a session came with an entry in its log."""
    files = {str(asset) for asset in session.files.values_list("asset", flat=True)}
    if files:
        entries = SessionActivity.objects.filter(session_uuid=session.pk, action=Action.ATTACHED)
        files -= {entry.metadata.get("asset") for entry in entries}
    for unnamed in files:
        yield Finding("I3", session.session_id, f"no entry of the log tells of the file {unnamed}")


def _audit_copies() -> Iterator[Finding]:
    for owner, live in wrong_counts():
        yield Finding("C1", f"user {owner}", f"has {live} sessions, but another number is noted", is_repairable=True)
    for session_pk in _wrongly_copied():
        yield Finding("C1", str(session_pk), "its devices are searched in a wrong copy", is_repairable=True)
    for session, _columns in _wrongly_shown():
        yield Finding("C1", session.session_id, "lists show something else than what its document says", is_repairable=True)
    if count := _changes_from_elsewhere().count():
        yield Finding("C1", "changes", f"{count} entries of the feed were numbered by another database", is_repairable=True)


def _wrongly_copied() -> Iterator[Any]:
    for session in Session.objects.filter(searched_version=F("version")).order_by("pk").iterator(chunk_size=500):
        try:
            wanted = sorted((device.device_id, device.status) for device in wanted_devices(session))
        except (ValueError, SessionVersion.DoesNotExist):  # told already, as what it is
            continue
        if wanted != sorted(SessionDevice.objects.filter(session=session).values_list("device_id", "status")):
            yield session.pk


def _wrongly_shown() -> Iterator[tuple[Session, dict[str, Any]]]:
    """Sessions whose columns are not those of their newest document, and what they should be."""
    for session in Session.objects.order_by("pk").iterator(chunk_size=500):
        try:
            columns = columns_of(newest_value(session), session_id=session.session_id)
        except (ValueError, SessionVersion.DoesNotExist):  # told already, as what it is
            continue
        if any(getattr(session, name) != value for name, value in columns.items()):
            yield session, columns


def _changes_from_elsewhere() -> Any:
    """Entries with a transaction that this database has not come to yet: it was restored from another one."""
    if connection.vendor != "postgresql":
        return Change.objects.filter(txid__gt=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint"
        )
        unassigned, own = cursor.fetchone()
    return Change.objects.filter(txid__gte=unassigned).exclude(txid=own or 0)
