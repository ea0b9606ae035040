"""The auditor of the ground floor: what must be true of rows about bytes, and of the bytes themselves. See docs/operating.md.

I6   every blob has its object, of the right length (and, where that is asked for, with the right digest), and none is damaged
I7   every object in a store is a blob's, or pending; and what is used is not condemned
I8   nothing is pending for longer than twice the time of grace
I12  no file that was only begun is older than a day, and no object in the database has a gap
C2   copies are right: tags of assets, what everybody keeps, and the version of the reader of facts

Rows are read as they were at one moment. Stores know no such moment, so they are listed before the rows are read, and what
looks wrong is looked at once more: bytes come, move and go meanwhile.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.storage import storages
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Length
from django.utils import timezone

from assets_app import parsing, storage
from assets_app.errors import HoldfastError, StoreUnavailable
from assets_app.findings import Finding
from assets_app.models import Asset, AssetTag, Blob, BlobChunk, PendingObject
from assets_app.operations.intake import copy_tags
from assets_app.operations.pictures import ask_to_examine
from assets_app.operations.quotas import repair_uses, wrong_uses
from assets_app.operations.verification import damage_of, other_copies, repair_blob, verify_blob
from assets_app.storage.folder import FolderStorage

T = TypeVar("T")
AT_ONCE = 500
A_DAY_SECONDS = 24 * 3600
WhichBlobs = Callable[[Blob], bool]


def audit_rows() -> Iterator[Finding]:
    """What rows say of each other. Inside a transaction that sees one moment, if others are at work."""
    used = Blob.objects.filter(Blob.objects.all().used(), state=Blob.State.CONDEMNED)
    for blob in used:
        yield Finding("I7", str(blob), f"it is condemned, but {_used_by(blob)} is kept in it")
    yield from _audit_pending()
    for asset in _wrongly_tagged():
        yield Finding("C2", f"asset {asset.pk}", "it is found by other tags than its own", is_repairable=True)
    for name, size, files in wrong_uses():
        message = f"keeps {files} files of {size} bytes, but something else is noted"
        yield Finding("C2", f"user {name}", message, is_repairable=True)
    for asset in _of_a_later_reader():
        message = f"its facts are of reader {asset.facts_version}, which is not known here"
        yield Finding("C2", f"asset {asset.pk}", message, is_repairable=True)


def audit_objects(*, verify: WhichBlobs = lambda _blob: False) -> Iterator[Finding]:
    """What is in the stores. Outside of any transaction: rows are read as they are by now.

    Args:
        verify: of which blobs every byte is read.
    """
    away: set[str] = set()
    for blobs in _blobs():
        gaps = _gaps(blobs)
        for blob in blobs:
            if blob.store not in away:
                yield from _audit_blob(blob, gaps.get(blob.key, ""), verify, away)
    for store in storage.configured_stores():
        try:
            yield from _audit_store(store)
        except (StoreUnavailable, OSError) as failure:
            yield Finding("I7", f"store {store}", f"what is in it could not be listed: {failure}")


def repair_rows() -> None:
    """Make the copies anew."""
    for asset in list(_wrongly_tagged()):
        copy_tags(asset)
    repair_uses()
    for asset in list(_of_a_later_reader()):
        ask_to_examine(asset=asset)


def _audit_pending() -> Iterator[Finding]:
    """What is only begun, or about to go, is soon over."""
    grace = timedelta(hours=settings.HOLDFAST_BLOB_GRACE_HOURS)
    if count := PendingObject.objects.filter(created_at__lt=timezone.now() - 2 * grace).count():
        message = f"{count} have been pending for longer than {2 * grace}: is a worker running, and do the stores answer it?"
        yield Finding("I8", "pending objects", message)


def _blobs() -> Iterator[list[Blob]]:
    """Lists, and no open cursor: as long as one is open, SQLite shows what was when it was opened."""
    last = 0
    while batch := list(Blob.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield batch
        last = batch[-1].pk


def _audit_blob(blob: Blob, gap: str, verify: WhichBlobs, away: set[str]) -> Iterator[Finding]:
    try:
        invariant, wrong = ("I12", gap) if gap else ("I6", _wrong_with(blob, verify))
    except (StoreUnavailable, OSError) as failure:
        away.add(blob.store)
        yield Finding("I6", f"store {blob.store}", f"what is kept in it could not be looked at: {failure}")
        return
    if blob.damaged_at is not None:
        wrong = f"it was found damaged at {blob.damaged_at:%Y-%m-%d %H:%M}: {wrong or blob.damage}"
    if wrong and Blob.objects.filter(pk=blob.pk, store=blob.store, key=blob.key, damaged_at=blob.damaged_at).exists():
        has_copy = next(other_copies(blob), None) is not None
        subject = f"blob {blob.pk} in {blob.store}"
        yield Finding(invariant, subject, f"{wrong}; {_used_by(blob)}", is_repairable=has_copy, mend=partial(_mend, blob))


def _wrong_with(blob: Blob, verify: WhichBlobs) -> str:
    if verify(blob):
        return damage_of(blob)
    size = storage.object_store(blob.store).size_of(blob.key)
    if size == blob.size_bytes:
        return ""
    return "its object is gone" if size is None else f"its object has {size} bytes, not {blob.size_bytes}"


def _gaps(blobs: list[Blob]) -> dict[str, str]:
    """Of the blobs in the database, by key: what is wrong with their rows of 1 MiB."""
    sizes = {blob.key: blob.size_bytes for blob in blobs if blob.store == "database"}
    rows = BlobChunk.objects.filter(key__in=sizes).annotate(length=Length("data")).values("key").order_by()
    kept = rows.annotate(
        size=Sum("length"),
        count=Count("pk"),
        last=Max("index"),
        whole=Count("pk", filter=Q(length=storage.CHUNK_BYTES)),
    )
    wrong = {}
    for row in kept:
        size = sizes[row["key"]]
        if row["last"] + 1 != row["count"] or row["size"] != size or row["whole"] != size // storage.CHUNK_BYTES:
            wrong[row["key"]] = f"its {row['count']} pieces end with number {row['last']} and have {row['size']} of {size} bytes"
    return wrong


def _mend(blob: Blob) -> bool:
    """Whether it is right, or right again. If not, that is noted: the next upload of the same bytes then takes their place."""
    try:
        return verify_blob(blob) or repair_blob(blob)
    except (HoldfastError, OSError):
        return False


def _used_by(blob: Blob) -> str:
    names = [f"'{asset.name}' ({asset.pk})" for asset in Asset.objects.filter(blob=blob).order_by("pk")[:3]]
    return ", ".join(names) or ("a thumbnail" if blob.thumbnails.exists() else "no file")


def _audit_store(store: str) -> Iterator[Finding]:
    """What no row names. A key is noted before its object is begun, and is named until after its object is gone."""
    leftovers = set(_leftovers(store))
    unnamed = {key for keys in _in_batches(storage.object_store(store).keys()) for key in _unnamed(store, keys)}
    if unnamed - leftovers:
        unnamed &= set(storage.object_store(store).keys())  # the others were just being deleted
    for key in sorted(leftovers):
        mend = partial(_remove_leftover, store, key)
        yield Finding("I12", f"{key} in {store}", "it was begun, and never finished", is_repairable=True, mend=mend)
    for key in sorted(unnamed - leftovers):
        if storage.is_key(key):
            mend = partial(_make_pending, store, key)
            yield Finding("I7", f"{key} in {store}", "no row knows this object", is_repairable=True, mend=mend)
        else:  # somebody keeps something of their own there, and nobody else deletes that
            yield Finding("I7", f"{key[:200]} in {store}", "this is no name of ours: something else is kept here, too")


def _leftovers(store: str) -> Iterator[str]:
    backend = storages[store]
    if isinstance(backend, FolderStorage):
        for keys in _in_batches(backend.leftovers(before=time.time() - A_DAY_SECONDS)):
            yield from set(keys) - set(PendingObject.objects.filter(store=store, key__in=keys).values_list("key", flat=True))


def _unnamed(store: str, keys: list[str]) -> set[str]:
    """One statement: a key that goes from one table to the other meanwhile is always in one of them."""
    blobs = Blob.objects.filter(store=store, key__in=keys).values_list("key", flat=True)
    return set(keys) - set(blobs.union(PendingObject.objects.filter(store=store, key__in=keys).values_list("key", flat=True)))


def _make_pending(store: str, key: str) -> bool:
    """It goes after the time of grace, like everything that was abandoned: until then one can think again."""
    PendingObject.objects.bulk_create([PendingObject(store=store, key=key)], ignore_conflicts=True)
    return True


def _remove_leftover(store: str, key: str) -> bool:
    backend = storages[store]
    if isinstance(backend, FolderStorage):
        backend.remove_leftover(key)
    return True


def _wrongly_tagged() -> Iterator[Asset]:
    for assets in _in_batches(Asset.objects.order_by("pk").iterator(chunk_size=AT_ONCE)):
        copied: dict[Any, set[str]] = {}
        for asset_id, tag in AssetTag.objects.filter(asset__in=assets).values_list("asset", "tag"):
            copied.setdefault(asset_id, set()).add(tag)
        yield from (asset for asset in assets if copied.get(asset.pk, set()) != set(asset.tags))


def _of_a_later_reader() -> Iterable[Asset]:
    return Asset.objects.filter(facts_version__gt=parsing.VERSION).order_by("pk").iterator(chunk_size=AT_ONCE)


def _in_batches(items: Iterable[T]) -> Iterator[list[T]]:
    left = iter(items)
    while batch := list(islice(left, AT_ONCE)):
        yield batch
