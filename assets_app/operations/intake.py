"""Bytes come in: one path for every door.

An `Intake` stores them while counting, digesting and keeping their head and tail; nobody sees them yet. `receive_bytes` fills one
from a stream, or takes one that a form has filled already. Then either `keep_asset` makes them an asset, in the caller's
transaction, or they are discarded.
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.utils import timezone

from assets_app import kinds, parsing, sandbox, signals, storage
from assets_app.errors import DigestMismatch, InvalidInput, SandboxFailed
from assets_app.limits import check_free_space, max_asset_bytes, too_large
from assets_app.models import Asset, AssetTag, PendingObject
from assets_app.names import check_file_name, check_text, shown
from assets_app.operations.blobs import begin_object, claim_blob, discard_object
from assets_app.operations.changes import record_change
from assets_app.operations.jobs import queue_job
from assets_app.operations.quotas import check_space, take_space

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)
MAX_TAGS = 100


class Intake:
    """Bytes on their way in. Not for use inside a transaction: what remembers an unfinished object must outlive a crash."""

    def __init__(self, *, limit_bytes: int | None = None) -> None:
        check_free_space()
        self.limit_bytes = max_asset_bytes() if limit_bytes is None else limit_bytes
        self.size_bytes = 0
        self.head = b""
        self.tail = b""
        self._digest = hashlib.sha256()
        self._pending: PendingObject | None = None
        self._writer: storage.ObjectWriter | None = None

    def write(self, data: bytes) -> None:
        """The next bytes.

        Raises:
            AssetTooLarge: they pass the limit. All of it is discarded at once, not when the sender is done.
            StoreUnavailable: the store failed. All of it is discarded.
        """
        self.size_bytes += len(data)
        if self.size_bytes > self.limit_bytes:
            self.discard()
            raise too_large(self.limit_bytes)
        try:
            self._open().write(data)
        except BaseException:
            self.discard()
            raise
        self._digest.update(data)
        if len(self.head) < kinds.SNIFF_BYTES:
            self.head += data[: kinds.SNIFF_BYTES - len(self.head)]
        self.tail = (self.tail + data[-kinds.TAIL_BYTES :])[-kinds.TAIL_BYTES :]

    def finish(self) -> None:
        """All of it is here, and stored."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.finish()
            except BaseException:
                writer.abort()
                self.discard()
                raise

    def discard(self) -> None:
        """Nothing of it stays, unless it has become a blob. Said twice, nothing happens."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.abort()
        if self._pending is not None:
            discard_object(self._pending)

    def _open(self) -> storage.ObjectWriter:
        if self._writer is None:
            self._pending = begin_object(storage.current_store())
            self._writer = storage.object_store(self._pending.store).open_writer(self._pending.key)
        return self._writer

    @property
    def store(self) -> str:
        return self._pending.store if self._pending else ""

    @property
    def key(self) -> str:
        return self._pending.key if self._pending else ""

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@dataclass
class ReceivedBytes:
    """Bytes that are stored, whole and digested, but that are nobody's yet."""

    key: str
    store: str
    name: str
    kind: kinds.Kind
    sha256: str
    size_bytes: int
    facts: dict[str, Any] | None = None  # None: nobody has looked yet; a worker will
    facts_error: str = field(default="", kw_only=True)

    def chunks(self) -> Iterator[bytes]:
        return storage.iter_object(self.store, self.key, 0, self.size_bytes)

    def open(self) -> storage.ObjectReader:
        return storage.open_object(self.store, self.key, self.size_bytes)


@contextmanager
def receive_bytes(
    source: IO[bytes] | Intake, *, name: str, sha256: str = "", limit_bytes: int | None = None
) -> Iterator[ReceivedBytes]:
    """Store the bytes of `source`; what the `with` block does not keep is discarded at its end.

    Args:
        source: anything with `read(n)`, or what a form has stored already.
        name: the file's name as the client sent it.
        sha256: what the sender says the digest is, or "".
        limit_bytes: at most this many; default `HOLDFAST_MAX_ASSET_MB`.

    Raises:
        InvalidInput: an unusable name, or no bytes at all.
        AssetTooLarge, UnsupportedType, DigestMismatch, StorageFull, StoreUnavailable: as named.
    """
    intake = source if isinstance(source, Intake) else None
    try:
        name = check_file_name(name)
        if intake is None:
            intake = Intake(limit_bytes=limit_bytes)
            fill(intake, source)
        yield _received(intake, name=name, sha256=sha256)
    finally:
        # The rest was refused, or the same bytes were here already.
        if intake is not None:
            intake.discard()


def fill(intake: Intake, source: Any) -> None:
    while data := source.read(storage.CHUNK_BYTES):
        intake.write(data)
    intake.finish()


def _received(intake: Intake, *, name: str, sha256: str) -> ReceivedBytes:
    if not intake.size_bytes:
        raise InvalidInput(
            f"'{shown(name)}' is empty (0 bytes). Look whether it was saved completely, then send it again.", name=shown(name)
        )
    if sha256 and sha256.lower() != intake.sha256:
        raise DigestMismatch(
            f"'{shown(name)}' arrived damaged: its sha256 is not the one that was sent along. Send it again.",
            name=shown(name),
            expected=sha256.lower(),
            received=intake.sha256,
        )
    kind = kinds.sniff(intake.head, name, tail=intake.tail, size=intake.size_bytes)
    return ReceivedBytes(intake.key, intake.store, name, kind, intake.sha256, intake.size_bytes)


def look_inside(received: ReceivedBytes) -> None:
    """For kinds that can harm whoever opens them, or that are worth nothing if broken.

    Raises:
        InvalidInput: what is wrong with the file.
        SandboxFailed: it could not be looked into.
    """
    if not received.kind.check:
        return
    try:
        sandbox.run_lazily(received.kind.check, file=received.open())
    except SandboxFailed:  # perhaps something else took the child down
        sandbox.run_lazily(received.kind.check, file=received.open())


def examine(received: ReceivedBytes) -> None:
    """Read the file in the sandbox, while its sender waits: is it what it must be, and what does it say?

    Raises:
        InvalidInput, SandboxFailed: see `look_inside`. BytesMissing, StoreUnavailable: its bytes cannot be had.
    """
    look_inside(received)
    try:
        received.facts, received.facts_error = facts_of(received.open(), received.kind.format)
    except SandboxFailed as failure:
        log.info("facts_not_read", name=received.name, details=failure.details)  # a worker tries again, more than once


def facts_of(file: storage.ObjectReader, format_: str) -> tuple[dict[str, Any], str]:
    """What the bytes say, and if they could not be read, why. A file that cannot be read is kept all the same.

    Raises:
        SandboxFailed: their reader was taken down: by them, or by something else.
        StoreUnavailable, BytesMissing: they cannot be had now, which says nothing about them.
    """
    try:
        return parsing.read_facts(file, format=format_), ""
    except InvalidInput as refusal:
        return {}, refusal.message[:500]


def keep_asset(
    received: ReceivedBytes,
    *,
    by: "User",
    name: str = "",
    tags: list[str] | None = None,
    client_id: str = "",
    campaign_id: str = "",
    session_id: str = "",
    beyond_quota: bool = False,
    asset_id: uuid.UUID | None = None,
    uploaded_at: datetime | None = None,
) -> Asset:
    """Make received bytes an asset of `by`. Bytes that are already here are kept once.

    Args:
        beyond_quota: count it, but do not refuse it.
        asset_id, uploaded_at: what an older system knew it by; default a new id, and now.

    Raises:
        IntegrityError: there is an asset of this id.
        InvalidInput: unusable name, tags or ids; whatever a receiver of `asset_stored` refuses.
        UnsupportedType: `name` claims another kind than the bytes show.
        QuotaExceeded: `by` keeps as much as they may.
    """
    name = check_file_name(name) if name else received.name
    kinds.agreed(received.kind, name)
    now = timezone.now()
    with transaction.atomic():
        asset = Asset.objects.create(
            id=asset_id or uuid.uuid4(),
            uploaded_at=uploaded_at or now,
            blob=claim_blob(store=received.store, key=received.key, sha256=received.sha256, size_bytes=received.size_bytes),
            owner=by,
            name=name,
            type=received.kind.type,
            format=received.kind.format,
            content_type=received.kind.content_type,
            tags=check_tags(tags or []),
            client_id=check_text(client_id, what="clientId", max_length=255),
            campaign_id=check_text(campaign_id, what="campaignId", max_length=255),
            facts=received.facts or {},
            facts_version=parsing.VERSION if received.facts is not None else 0,
            facts_error=received.facts_error,
        )
        copy_tags(asset)
        take_space(user=by, size_bytes=received.size_bytes, beyond_quota=beyond_quota)
        record_change(kind="asset", ref=asset.pk, key=str(asset.pk), action="stored", at=now)
        if (parsing.has_facts(asset.format) and received.facts is None) or parsing.has_thumbnails(asset.format):
            queue_job(task="examine_asset", subject=f"facts and thumbnails of {asset.name}", payload={"asset": str(asset.pk)})
        signals.asset_stored.send(sender=Asset, asset=asset, session_id=session_id, by=by)
    return asset


def check_tags(tags: list[str]) -> list[str]:
    """
    Raises:
        InvalidInput: too many, or one that cannot be kept.
    """
    if len(tags) > MAX_TAGS:
        raise InvalidInput(f"{len(tags)} tags were sent; at most {MAX_TAGS} are kept.", field="tags")
    return [check_text(tag, what="tags", max_length=100) for tag in tags]


def copy_tags(asset: Asset) -> None:
    """So that lists can ask for one."""
    AssetTag.objects.filter(asset=asset).delete()
    AssetTag.objects.bulk_create([AssetTag(asset=asset, tag=tag) for tag in dict.fromkeys(asset.tags)])


def check_type(type: str, kind: kinds.Kind) -> None:
    """
    Raises:
        InvalidInput: the sender says that it is of another type than the bytes are.
    """
    if type and type not in kinds.TYPES:
        raise InvalidInput(f"Invalid type: {shown(type)}. Must be one of: {', '.join(kinds.TYPES)}", field="type")
    if type and type != kind.type:
        raise InvalidInput(
            f"The type was given as {type}, but the bytes are {kind.content_type} ({kind.type}). "
            "Leave the type out, or send the file that you meant.",
            field="type",
        )


@contextmanager
def receive_file(
    source: IO[bytes] | Intake, *, name: str, by: "User", type: str = "", sha256: str = "", beyond_quota: bool = False
) -> Iterator[ReceivedBytes]:
    """What `receive_bytes` does, and then read and found fit to be kept by `by`.

    Raises:
        InvalidInput, QuotaExceeded: see `check_type`, `check_space`, `examine`; and see `receive_bytes`.
    """
    with receive_bytes(source, name=name, sha256=sha256) as received:
        check_type(type, received.kind)
        if not beyond_quota:
            check_space(user=by, size_bytes=received.size_bytes)
        examine(received)
        yield received


def store_asset(
    source: IO[bytes] | Intake,
    *,
    name: str,
    by: "User",
    type: str = "",
    sha256: str = "",
    tags: list[str] | None = None,
    client_id: str = "",
    campaign_id: str = "",
    session_id: str = "",
    shown_as: str = "",
    beyond_quota: bool = False,
    asset_id: uuid.UUID | None = None,
    uploaded_at: datetime | None = None,
) -> Asset:
    """Receive bytes and keep them as an asset.

    Args:
        type: what the sender says it is (`image`, `video`, `audio`, `document`, `data`), or "" to have it decided.
        session_id: the session that it is sent for; the floor above attaches it in the same transaction.
        shown_as: a name to show instead of the file's own.
        beyond_quota, asset_id, uploaded_at: see `keep_asset`.

    Raises:
        InvalidInput, AssetTooLarge, UnsupportedType, DigestMismatch, QuotaExceeded: see `receive_bytes`; also broken JSON.
    """
    with receive_file(source, name=name, by=by, type=type, sha256=sha256, beyond_quota=beyond_quota) as received:
        return keep_asset(
            received,
            by=by,
            name=shown_as,
            tags=tags,
            client_id=client_id,
            campaign_id=campaign_id,
            session_id=session_id,
            beyond_quota=beyond_quota,
            asset_id=asset_id,
            uploaded_at=uploaded_at,
        )
