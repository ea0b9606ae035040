"""Bytes come in: one path for every door.

`receive_bytes` stores them while counting, hashing and sniffing; nobody sees them yet. Then either `keep_asset` makes them
an asset, in the caller's transaction, or they are discarded.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from assets_app import kinds, sandbox, signals, storage
from assets_app.errors import DigestMismatch, InvalidInput
from assets_app.models import Asset, Blob, PendingObject
from assets_app.multipart import max_asset_bytes, too_large
from assets_app.names import check_file_name, check_text, shown
from assets_app.operations.changes import record_change

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# Longer than any upload may take: what is older belongs to a process that died.
PENDING_GRACE = timedelta(hours=24)
MAX_TAGS = 100


@dataclass(frozen=True)
class ReceivedBytes:
    """Bytes that are stored, whole and digested, but that are nobody's yet."""

    key: str
    store: str
    name: str
    kind: kinds.Kind
    sha256: str
    size_bytes: int

    def chunks(self) -> Iterator[bytes]:
        return storage.iter_object(self.store, self.key)


class _CountingFile(File):  # type: ignore[type-arg]  # django's File takes no parameter at run time
    """Counts, digests and keeps the ends of what a storage reads from it; stops at the limit, not after it."""

    def __init__(self, source: IO[bytes], limit_bytes: int) -> None:
        super().__init__(source, name="intake")
        self._source = source
        self._limit_bytes = limit_bytes
        self._digest = hashlib.sha256()
        self.head = b""
        self.tail = b""
        self.received = 0

    def read(self, num_bytes: int = storage.CHUNK_BYTES) -> bytes:
        data = self._source.read(num_bytes if num_bytes and num_bytes > 0 else storage.CHUNK_BYTES)
        self.received += len(data)
        if self.received > self._limit_bytes:
            raise too_large(self._limit_bytes)
        self._digest.update(data)
        if len(self.head) < kinds.SNIFF_BYTES:
            self.head += data[: kinds.SNIFF_BYTES - len(self.head)]
        self.tail = (self.tail + data[-kinds.TAIL_BYTES :])[-kinds.TAIL_BYTES :]
        return data

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while data := self.read(chunk_size or storage.CHUNK_BYTES):
            yield data

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        """Object stores rewind before they read; at the beginning that changes nothing."""
        if offset or whence or self.received:
            raise OSError("a stream that is being received cannot be read twice")
        return 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


@contextmanager
def receive_bytes(source: IO[bytes], *, name: str, sha256: str = "", limit_bytes: int | None = None) -> Iterator[ReceivedBytes]:
    """Store the bytes of `source`; what the `with` block does not keep is discarded at its end.

    Not for use inside a transaction: the row that remembers an unfinished object must outlive a crash.

    Args:
        source: anything with `read(n)`.
        name: the file's name as the client sent it.
        sha256: what the sender says the digest is, or "".
        limit_bytes: at most this many; default `HOLDFAST_MAX_ASSET_MB`.

    Raises:
        InvalidInput: an unusable name, or no bytes at all.
        AssetTooLarge, UnsupportedType, DigestMismatch: as named.
    """
    name = check_file_name(name)
    limit_bytes = max_asset_bytes() if limit_bytes is None else limit_bytes
    pending = PendingObject.objects.create(key=storage.new_key(), store=storage.current_store())
    try:
        file = _CountingFile(source, limit_bytes)
        storage.save_object(pending.store, pending.key, file)
        if not file.received:
            raise InvalidInput(
                f"'{shown(name)}' is empty (0 bytes). Look whether it was saved completely, then send it again.", name=shown(name)
            )
        if sha256 and sha256.lower() != file.sha256:
            raise DigestMismatch(
                f"'{shown(name)}' arrived damaged: its sha256 is not the one that was sent along. Send it again.",
                name=shown(name),
                expected=sha256.lower(),
                received=file.sha256,
            )
        kind = kinds.sniff(file.head, name, tail=file.tail, size=file.received)
        yield ReceivedBytes(pending.key, pending.store, name, kind, file.sha256, file.received)
    finally:
        # Kept bytes are no longer pending. The rest was refused, or the same bytes were here already.
        if PendingObject.objects.filter(pk=pending.pk).exists():
            discard_object(pending)


def look_inside(received: ReceivedBytes) -> None:
    """For kinds that can harm whoever opens them, or that are worth nothing if broken.

    Raises:
        InvalidInput: what is wrong with the file.
        SandboxFailed: it could not be looked into.
    """
    if received.kind.check:
        sandbox.run(received.kind.check, file=received.chunks())


def discard_object(pending: PendingObject) -> None:
    """Take back an object that nothing refers to: first its bytes, then the row that remembers it."""
    storage.delete_object(pending.store, pending.key)
    pending.delete()


def keep_asset(
    received: ReceivedBytes,
    *,
    by: "User",
    name: str = "",
    tags: list[str] | None = None,
    client_id: str = "",
    campaign_id: str = "",
    session_id: str = "",
) -> Asset:
    """Make received bytes an asset of `by`. Bytes that are already here are kept once.

    Raises:
        InvalidInput: unusable name, tags or ids; whatever a receiver of `asset_stored` refuses.
        UnsupportedType: `name` claims another kind than the bytes show.
    """
    name = check_file_name(name) if name else received.name
    kinds.agreed(received.kind, name)
    with transaction.atomic():
        blob = _keep_blob(received)
        asset = Asset.objects.create(
            blob=blob,
            owner=by,
            name=name,
            type=received.kind.type,
            format=received.kind.format,
            content_type=received.kind.content_type,
            tags=_check_tags(tags or []),
            client_id=check_text(client_id, what="clientId", max_length=255),
            campaign_id=check_text(campaign_id, what="campaignId", max_length=255),
        )
        record_change(kind="asset", ref=asset.pk, key=str(asset.pk), action="stored", at=asset.uploaded_at)
        signals.asset_stored.send(sender=Asset, asset=asset, session_id=session_id, by=by)
    return asset


def _keep_blob(received: ReceivedBytes) -> Blob:
    """The blob of these bytes: ours, or the one that was here first (then our copy stays pending, and goes)."""
    Blob.objects.bulk_create(
        [Blob(sha256=received.sha256, size_bytes=received.size_bytes, store=received.store, key=received.key)],
        ignore_conflicts=True,
    )
    blob = Blob.objects.get(sha256=received.sha256)
    if blob.key == received.key:
        PendingObject.objects.filter(key=received.key).delete()
    return blob


def _check_tags(tags: list[str]) -> list[str]:
    if len(tags) > MAX_TAGS:
        raise InvalidInput(f"{len(tags)} tags were sent; at most {MAX_TAGS} are kept.", field="tags")
    return [check_text(tag, what="tags", max_length=100) for tag in tags]


def store_asset(
    source: IO[bytes],
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
) -> Asset:
    """Receive bytes and keep them as an asset.

    Args:
        type: what the sender says it is (`image`, `video`, `audio`, `document`, `data`), or "" to have it decided.
        session_id: the session that it is sent for; the floor above attaches it in the same transaction.
        shown_as: a name to show instead of the file's own.

    Raises:
        InvalidInput, AssetTooLarge, UnsupportedType, DigestMismatch: see `receive_bytes`; also broken JSON.
    """
    with receive_bytes(source, name=name, sha256=sha256) as received:
        if type and type not in kinds.TYPES:
            raise InvalidInput(f"Invalid type: {shown(type)}. Must be one of: {', '.join(kinds.TYPES)}", field="type")
        if type and type != received.kind.type:
            raise InvalidInput(
                f"The type was given as {type}, but the bytes are {received.kind.content_type} ({received.kind.type}). "
                "Leave the type out, or send the file that you meant.",
                field="type",
            )
        look_inside(received)
        return keep_asset(
            received,
            by=by,
            name=shown_as,
            tags=tags,
            client_id=client_id,
            campaign_id=campaign_id,
            session_id=session_id,
        )


def sweep_pending() -> int:
    """Delete what processes that died had begun to store. Returns how many objects went."""
    old = PendingObject.objects.filter(created_at__lt=timezone.now() - PENDING_GRACE)
    swept = 0
    for pending in old:
        if not Blob.objects.filter(key=pending.key).exists():
            discard_object(pending)
            swept += 1
    return swept
