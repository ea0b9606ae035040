"""Blobs move from one store to another while people upload, read and delete.

The bytes are copied first, outside of any transaction; one short transaction then says where they are. Of a move that is
killed there remains nothing but a pending copy, which is swept. See docs/decisions/0024-moving-blobs.md.
"""

import time
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.models import Blob, PendingObject
from assets_app.operations.blobs import discard_object, replace_object
from assets_app.operations.copies import OnBytes, copy_object
from assets_app.operations.verification import as_read, verify_blob

ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.02


class Outcome(StrEnum):
    MOVED = "moved"
    # The store had the same bytes: what used the one blob now uses the other.
    THERE = "already there"
    DAMAGED = "damaged"
    # Collected, condemned or moved by another meanwhile.
    GONE = "gone"


class _Again(Exception):
    """What was looked at before the transaction is not so any more."""


def blobs_to_move(*, to: str) -> "QuerySet[Blob]":
    """Those that are kept in another store. What is about to be collected stays where it is."""
    twins = Blob.objects.filter(store=to, sha256=OuterRef("sha256"), damaged_at=None)
    # What nothing uses is moved only where there is no other copy: it is left over from an earlier move.
    worth_it = Blob.objects.all().used() | ~Q(Exists(twins))
    return Blob.objects.filter(worth_it, state=Blob.State.LIVE).exclude(store=to)


def move_blob(blob: Blob, *, to: str, on_bytes: OnBytes | None = None) -> Outcome:
    """Have the blob's bytes in the store `to`. Safe at any time, and by many at once.

    Args:
        blob: as it was read a moment ago.
        on_bytes: told how many bytes were read, as they are.

    Raises:
        StoreUnavailable, OSError, DatabaseError: one of the stores, or the database, failed. The blob stays where it is.
    """
    pause = FIRST_PAUSE_SECONDS
    copy: PendingObject | None = None
    try:
        for _attempt in range(ATTEMPTS):
            try:
                copy = copy or _copy_unless_there(blob, to, on_bytes)
                return _settle_move(blob, to, copy.key if copy else "")
            except BytesMissing:
                if not verify_blob(blob):
                    return Outcome.DAMAGED if as_read(blob).damaged().exists() else Outcome.GONE
            except (IntegrityError, OperationalError, _Again):  # an upload of the same bytes, or an edit of the asset
                time.sleep(pause)
                pause *= 2
    finally:
        if copy is not None:
            discard_object(copy)
    raise StoreUnavailable("What uses these bytes was changed all the time while they were to be moved.")


def _copy_unless_there(blob: Blob, to: str, on_bytes: OnBytes | None) -> PendingObject | None:
    """A copy; none is made if the store has the same bytes, and they are right."""
    twin = Blob.objects.filter(store=to, sha256=blob.sha256, damaged_at=None).first()
    return None if twin is not None and verify_blob(twin) else copy_object(blob, to=to, on_bytes=on_bytes)


@transaction.atomic
def _settle_move(blob: Blob, to: str, key: str) -> Outcome:
    """All blobs of these bytes are held, in the order of their ids: of two that move them in opposite ways, one waits."""
    held = {row.pk: row for row in Blob.objects.select_for_update().filter(sha256=blob.sha256).order_by("pk")}
    own = held.get(blob.pk)
    if own is None or (own.store, own.key, own.state) != (blob.store, blob.key, Blob.State.LIVE):
        return Outcome.GONE
    twin = next((row for row in held.values() if row.store == to), None)
    if not key and (twin is None or twin.damaged_at is not None):
        raise _Again
    if twin is None:
        replace_object(own, store=to, key=key)
        return Outcome.MOVED
    if twin.damaged_at is not None:
        replace_object(twin, store=to, key=key)
    _use_instead(own, twin)
    return Outcome.THERE


def _use_instead(blob: Blob, twin: Blob) -> None:
    """What refers to `blob` refers to `twin`, which has the same bytes. Both rows are held, so nothing begins to meanwhile."""
    now = timezone.now()
    Blob.objects.filter(pk=twin.pk).update(state=Blob.State.LIVE, used_at=now)
    for relation in Blob._meta.related_objects:
        model: Any = relation.related_model
        rows = model._base_manager.filter(**{relation.field.name: blob})
        # Nobody is waited for while blobs are held: whoever holds an asset may be waiting for a blob.
        list(rows.order_by("pk").select_for_update(nowait=True, of=("self",)).values_list("pk", flat=True))
        rows.update(**{relation.field.name: twin})
    # Its time of grace begins now: somebody may be reading it.
    Blob.objects.filter(pk=blob.pk).update(used_at=now)


def sum_of(blobs: "QuerySet[Blob]") -> tuple[int, int]:
    """How many, and how many bytes."""
    found = blobs.aggregate(count=Count("pk"), size=Sum("size_bytes"))
    return found["count"], found["size"] or 0
