"""Blobs: how stored objects become blobs, and how those that nobody uses any more go.

Bytes first, row second, and never the reverse. An object's key is written to `pending_objects` before its first byte, and is
never used twice. An unused blob is condemned, and only later deleted; its key goes back to `pending_objects` in the same
transaction. From there objects are claimed before they are deleted, and deleted twice: what an answer that was lost had
stored meanwhile goes with the second time. See docs/decisions/0023-collecting-blobs.md.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.files.storage import InvalidStorageError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assets_app import storage
from assets_app.errors import HoldfastError, StoreUnavailable
from assets_app.models import Blob, PendingObject

if TYPE_CHECKING:
    from django.db.models import QuerySet

log = structlog.get_logger(__name__)
# How long bytes may still arrive in a store after their object was given up: from a slow writer, or over a network.
LATE_ARRIVAL = timedelta(hours=1)
# Between being condemned and being deleted: whoever wants the same bytes again meanwhile has them.
REPRIEVE = timedelta(minutes=10)
# Whether bytes that nobody has looked at for longer are still right is not known; those that come just now are.
TRUSTED_FOR = timedelta(hours=1)
AT_ONCE = 200
ATTEMPTS = 5


def begin_object(store: str) -> PendingObject:
    """The intent to store an object. Not inside a transaction: it must outlive a crash."""
    return PendingObject.objects.create(key=storage.new_key(), store=store)


def claim_blob(*, store: str, key: str, sha256: str, size_bytes: int) -> Blob:
    """The blob of these bytes, held until the end of the caller's transaction: nobody can collect it meanwhile.

    It is the one that is in this store already, if its bytes were seen to be right not long ago; the object at `key` then stays
    pending, and goes. Otherwise the object takes the place of the one that is here: its bytes are right for certain.

    Raises:
        StoreUnavailable: the object at `key` was given up as abandoned; it took longer than an upload may.
    """
    for _attempt in range(ATTEMPTS):
        now = timezone.now()
        known = Blob.objects.filter(store=store, sha256=sha256)
        trusted = known.filter(damaged_at=None, verified_at__gt=now - TRUSTED_FOR)
        if trusted.update(state=Blob.State.LIVE, used_at=now) and _is_there(kept := known.get()):
            return kept
        if older := known.select_for_update().first():
            return replace_object(older, store=store, key=key)
        draft = Blob(store=store, key=key, sha256=sha256, size_bytes=size_bytes, created_at=now, used_at=now, verified_at=now)
        Blob.objects.bulk_create([draft], ignore_conflicts=True)
        if blob := known.filter(key=key).first():
            _settle(key)
            return blob
    raise StoreUnavailable("The same bytes come and go faster than they can be kept. Send the file again in a moment.")


def _is_there(blob: Blob) -> bool:
    """Asked only where that takes no time: a transaction is open."""
    return blob.store == "s3" or storage.object_store(blob.store).size_of(blob.key) == blob.size_bytes


def replace_object(blob: Blob, *, store: str, key: str) -> Blob:
    """The blob's bytes are now those of the object at `key`. The object that held them before goes after the time of grace:
    somebody may be reading it. The caller holds the blob's row.

    Raises:
        StoreUnavailable: the object at `key` was given up as abandoned.
    """
    _settle(key)
    now = timezone.now()
    PendingObject.objects.create(store=blob.store, key=blob.key, created_at=now)
    values = {
        "store": store,
        "key": key,
        "state": Blob.State.LIVE,
        "used_at": now,
        "verified_at": now,
        "damaged_at": None,
        "damage": "",
    }
    Blob.objects.filter(pk=blob.pk).update(**values)
    blob.refresh_from_db()
    return blob


def _settle(key: str) -> None:
    """The object is no longer pending, unless the sweep has claimed it."""
    if not PendingObject.objects.filter(key=key, state=PendingObject.State.NEW).delete()[0]:
        raise StoreUnavailable("Storing this file took too long, and was given up. Send it again.")


def discard_object(begun: PendingObject) -> None:
    """Take back an object that no blob stands for. What has become a blob's stays. Only for who began it, and is done.

    It may have been given up as abandoned meanwhile, and swept: what was written after that goes, too.
    """
    own = PendingObject.objects.filter(pk=begun.pk, state=PendingObject.State.NEW)
    # Only when that has been through does one see what a commit under way has made of it: it holds the row.
    if not own.update(state=PendingObject.State.SWEEP) and Blob.objects.filter(key=begun.key).exists():
        return
    if PendingObject.objects.filter(key=begun.key).exclude(pk=begun.pk).exists():
        return  # it was a blob's, which has moved since: somebody may be reading it until its time of grace is over
    _remove(begun.store, begun.key, is_last=begun.store != "s3")  # only what went over a network can still arrive


def condemn_blobs(*, grace: timedelta | None = None) -> int:
    """Condemn what nothing refers to, and nothing began to refer to within the time of grace."""
    if grace is None:
        grace = timedelta(hours=settings.HOLDFAST_BLOB_GRACE_HOURS)
    now = timezone.now()

    def condemn(blobs: list[Blob]) -> None:
        # `used_at` keeps the moment: an attaching transaction sets both back.
        Blob.objects.filter(pk__in=[blob.pk for blob in blobs]).update(state=Blob.State.CONDEMNED, used_at=now)

    return _for_unused(Blob.State.LIVE, now - grace, condemn)


def delete_condemned(*, reprieve: timedelta = REPRIEVE) -> int:
    """Give up blobs that have been condemned for a while. Their objects are swept."""

    def delete(blobs: list[Blob]) -> None:
        _raw_delete(blobs)
        going = [PendingObject(store=blob.store, key=blob.key, state=PendingObject.State.SWEEP) for blob in blobs]
        PendingObject.objects.bulk_create(going)

    return _for_unused(Blob.State.CONDEMNED, timezone.now() - reprieve, delete)


def _for_unused(state: Blob.State, moment: datetime, act: Callable[[list[Blob]], None]) -> int:
    """Do it to every blob in that state that nothing has used since: in batches, each in a transaction that holds its rows.

    It is asked twice what is unused, because a question sees what was committed when it was put. Somebody may have claimed a row
    and let it go after that, and before it is held; the second question sees them. No clock is relied on for this.
    """
    unused = Blob.objects.filter(state=state).unused_since(moment)
    done = 0
    while unused.exists():  # with nothing to do, SQLite's one lock for writing is not taken
        with transaction.atomic():
            # What others hold is left alone: to wait for it with many rows in hand would let everybody wait.
            held = list(unused.select_for_update(skip_locked=True)[:AT_ONCE])
            if not held:
                break
            blobs = list(unused.filter(pk__in=[blob.pk for blob in held]))
            act(blobs)
        done += len(blobs)
    return done


def _raw_delete(blobs: Iterable[Blob]) -> None:
    """Without looking for what refers to them: nothing does, and if something did, the database would refuse."""
    rows = Blob.objects.filter(pk__in=[blob.pk for blob in blobs])
    rows._raw_delete(rows.db)


def sweep_objects(*, abandoned_for: timedelta | None = None, late_arrival: timedelta = LATE_ARRIVAL) -> int:
    """Delete objects that no blob stands for. Returns how many are gone for good.

    Args:
        abandoned_for: what has been pending for longer was left behind by a process that died; default as the blobs' grace.
        late_arrival: how long after its deletion an object is deleted once more. Whoever wrote it may have been slow, not dead.
    """
    if abandoned_for is None:
        abandoned_for = timedelta(hours=settings.HOLDFAST_BLOB_GRACE_HOURS)
    now = timezone.now()
    _give_up(PendingObject.objects.filter(state=PendingObject.State.NEW, created_at__lt=now - abandoned_for))
    due = PendingObject.objects.filter(state=PendingObject.State.SWEEP).order_by("pk")
    due = due.filter(Q(removed_at=None) | Q(removed_at__lte=now - late_arrival))
    swept, last = 0, 0
    # Lists, and no open cursor: SQLite refuses to write where somebody wrote since the cursor was opened.
    while batch := list(due.filter(pk__gt=last)[:AT_ONCE]):
        swept += sum(_remove(each.store, each.key, is_last=each.removed_at is not None) for each in batch)
        last = batch[-1].pk
    return swept


def _give_up(abandoned: "QuerySet[PendingObject]") -> None:
    """Nobody can make them blobs any more. What somebody is making a blob right now is left to them."""
    while abandoned.exists():
        with transaction.atomic():
            batch = list(abandoned.select_for_update(skip_locked=True).values_list("pk", flat=True)[:AT_ONCE])
            if not batch:
                return
            PendingObject.objects.filter(pk__in=batch).update(state=PendingObject.State.SWEEP)


def _remove(store: str, key: str, *, is_last: bool) -> bool:
    """Delete an object. True if it is forgotten, too: nothing of it can arrive any more."""
    try:
        storage.object_store(store).remove(key)
    except (HoldfastError, OSError, InvalidStorageError) as failure:  # it is tried again with the next sweep
        log.warning("object_not_removed", store=store, key=key, error=repr(failure))
        return False
    pending = PendingObject.objects.filter(key=key, state=PendingObject.State.SWEEP)
    if is_last:
        pending.delete()
    else:
        pending.update(removed_at=timezone.now())
    return is_last


def collect_blobs() -> None:
    """The chore: every step by itself is safe to do at any time, by many at once."""
    condemn_blobs()
    delete_condemned()
    sweep_objects()
