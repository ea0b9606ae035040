"""Bytes are read again, a few every minute, and compared with their digests; damaged ones are replaced from a good copy.

See docs/decisions/0025-verification.md.
"""

import math
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone

from assets_app import storage
from assets_app.errors import BytesMissing, HoldfastError, StoreUnavailable
from assets_app.models import Blob, BlobQuerySet, PendingObject
from assets_app.operations.blobs import discard_object, replace_object
from assets_app.operations.copies import copy_object, right_bytes

log = structlog.get_logger(__name__)
HOUR = timedelta(hours=1)
# A turn is short, and comes every minute: the worker's thread has other chores.
TURN_SECONDS = 5.0
TURN_BYTES = 512 * 1024 * 1024
REPAIRS_A_TURN = 10
CANDIDATES = 20
# An object that was replaced may still be there for its time of grace. So many of those are looked at.
PENDING_LOOKED_AT = 100


def verify_blob(blob: Blob) -> bool:
    """Read all of it again. What was found is noted, unless the bytes are another object's by now.

    Raises:
        StoreUnavailable: its store does not answer. Nothing is noted: that is no damage.
    """
    if damage := damage_of(blob) and damage_of(blob):  # once more: it may have been the line
        _mark_damaged(blob, damage)
        return False
    as_read(blob).update(verified_at=timezone.now(), damaged_at=None, damage="")
    return True


def damage_of(blob: Blob) -> str:
    """What is wrong with its bytes, in words; "" if nothing is. Nothing is noted.

    Raises:
        StoreUnavailable: its store does not answer.
    """
    try:
        for _piece in right_bytes(blob):
            pass
    except BytesMissing as wrong:
        return wrong.details
    return ""


def _mark_damaged(blob: Blob, damage: str) -> None:
    """From then on the next upload of the same bytes takes their place. Told once."""
    if as_read(blob).filter(damaged_at=None).update(damaged_at=timezone.now(), damage=damage[:200]):
        log.error("blob_damaged", blob=blob.pk, sha256=blob.sha256, store=blob.store, object=blob.key, damage=damage)


def as_read(blob: Blob) -> BlobQuerySet:
    """Its row, if its bytes are still those that were read."""
    return Blob.objects.filter(pk=blob.pk, store=blob.store, key=blob.key)


def repair_blob(blob: Blob) -> bool:
    """Put a good copy of a damaged blob's bytes in their place, if there is one anywhere."""
    for source in other_copies(blob):
        try:
            copy = copy_object(blob, to=blob.store, source=source)
        except (HoldfastError, OSError, DatabaseError) as failure:
            log.info("blob_not_repaired_from", blob=blob.pk, store=source[0], object=source[1], error=repr(failure))
            continue
        try:
            _put_in_place(blob, copy.key)
        finally:
            discard_object(copy)
        return True  # by us, or by an upload or another worker before us
    return False


@transaction.atomic
def _put_in_place(blob: Blob, key: str) -> None:
    """Unless it is no longer needed."""
    held = as_read(blob).select_for_update().damaged().first()
    if held is not None:
        replace_object(held, store=held.store, key=key)
        log.info("blob_repaired", blob=blob.pk, sha256=blob.sha256, store=blob.store)


def other_copies(blob: Blob) -> Iterator[tuple[str, str]]:
    """Store and key of objects that may hold the same bytes: other stores' blobs, and what is about to be deleted."""
    twins = Blob.objects.filter(sha256=blob.sha256, damaged_at=None).exclude(pk=blob.pk)
    yield from twins.values_list("store", "key")
    going = PendingObject.objects.filter(removed_at=None, store__in=storage.configured_stores()).exclude(key=blob.key)
    for store, key in going.order_by("-pk").values_list("store", "key")[:PENDING_LOOKED_AT]:
        try:
            if storage.object_store(store).size_of(key) == blob.size_bytes:
                yield store, key
        except (HoldfastError, OSError):
            continue


def verify_some() -> int:
    """The chore: this minute's part of what is to be read within `HOLDFAST_VERIFY_DAYS`. Returns how many were read.

    Every hour the longest unread of all blobs are due, as many as it takes; of only a few blobs, one every so many hours. All
    workers together read each of them once.
    """
    an_hour = Blob.objects.count() / (24 * settings.HOLDFAST_VERIFY_DAYS or 1)
    if not settings.HOLDFAST_VERIFY_DAYS or not an_hour:
        return 0
    ends = time.monotonic() + TURN_SECONDS
    done, read_bytes = 0, 0
    away: set[str] = set()
    for blob in _due(math.ceil(an_hour), HOUR / min(an_hour, 1), away):
        try:
            if not verify_blob(blob):
                repair_blob(blob)
        except StoreUnavailable as failure:
            log.warning("store_not_verified", store=blob.store, error=failure.message)
            away.add(blob.store)
            as_read(blob).update(checked_at=blob.checked_at)  # it takes nothing of the share that other stores have
            continue
        done, read_bytes = done + 1, read_bytes + blob.size_bytes
        if time.monotonic() > ends or read_bytes > TURN_BYTES:
            break
    return done


def _due(share: int, every: timedelta, away: set[str]) -> Iterator[Blob]:
    """Blobs claimed for this worker, one at a time: some damaged ones, then what is left of the share of this time. None from
    stores in `away`."""
    live = Blob.objects.filter(state=Blob.State.LIVE)
    for blob in live.damaged().filter(_rested()).order_by(F("checked_at").asc(nulls_first=True), "pk")[:REPAIRS_A_TURN]:
        if blob.store not in away and _claim(blob):
            yield blob
    while live.filter(damaged_at=None, checked_at__gt=timezone.now() - every).count() < share:
        rested = live.filter(_rested(), damaged_at=None).exclude(store__in=away)
        claimed = next((blob for blob in rested.order_by("verified_at", "pk")[:CANDIDATES] if _claim(blob)), None)
        if claimed is None:
            return
        yield claimed


def _claim(blob: Blob) -> bool:
    return Blob.objects.filter(_rested(), pk=blob.pk, key=blob.key).update(checked_at=timezone.now()) > 0


def _rested() -> Q:
    return Q(checked_at=None) | Q(checked_at__lte=_an_hour_ago())


def _an_hour_ago() -> datetime:
    return timezone.now() - HOUR
