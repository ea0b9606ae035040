"""Ways to keep and collect blobs that lose bytes: what nearly everybody writes first. The races have to catch each of them.

Each lingers where it is wrong, so that a race of seconds meets there what one of days would.
"""

import hashlib
import io
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from assets_app import storage
from assets_app.errors import StoreUnavailable
from assets_app.models import Asset, Blob
from assets_app.operations.intake import keep_asset, receive_bytes
from assets_app.operations.quotas import take_space
from tests.races.blob_course import Seen
from tests.races.blob_parts import Part, collect_once, delete_one, store_bytes

LINGER = 0.3


@dataclass(frozen=True)
class Way:
    """One way to keep bytes, and to collect them."""

    name: str
    store: Callable[[User, bytes], None] = store_bytes
    collect: Callable[[Part, Seen], None] = collect_once
    sign: str = "an asset without bytes"  # what somebody meets


class Died(Exception):
    """Stands for a process that ends between two steps."""


def check_then_delete(part: Part, seen: Seen) -> None:
    """Between the question and the deletion somebody stores the same bytes. The row is kept by its foreign key; not the bytes."""
    unused = list(Blob.objects.filter(assets=None, thumbnails=None))
    time.sleep(LINGER)
    for blob in unused:
        storage.object_store(blob.store).remove(blob.key)
        with suppress(IntegrityError):
            Blob.objects.filter(pk=blob.pk)._raw_delete("default")


def object_first(part: Part, seen: Seen) -> None:
    """Held and asked anew, but in the wrong order: every other process dies before the row is gone, and is started again."""
    for unused in Blob.objects.filter(assets=None, thumbnails=None):
        try:
            _delete_held(unused)
        except Died:
            time.sleep(LINGER)


@transaction.atomic
def _delete_held(unused: Blob) -> None:
    blob = Blob.objects.select_for_update().filter(pk=unused.pk).first()
    if blob is None or blob.assets.exists():
        return
    storage.object_store(blob.store).remove(blob.key)
    if random.random() < 0.5:
        raise Died
    Blob.objects.filter(pk=blob.pk)._raw_delete("default")


def store_by_content(user: User, data: bytes) -> None:
    """The object of new bytes has the name of the one that is about to be deleted."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{sha256[:2]}/{sha256}"
    store = storage.current_store()
    if storage.object_store(store).size_of(key) is None:
        with suppress(FileExistsError):  # somebody else is writing the same
            storage.write_object(store, key, [data])
    with transaction.atomic():
        blob, _is_new = Blob.objects.get_or_create(store=store, sha256=sha256, defaults={"key": key, "size_bytes": len(data)})
        if not Blob.objects.filter(pk=blob.pk).update(state=Blob.State.LIVE):
            raise StoreUnavailable("It went just now.")
        _attach(user, blob)


def collect_by_content(part: Part, seen: Seen) -> None:
    """A key that comes back while it is noted as going is refused there; what is looked for is what that does not keep."""
    with suppress(IntegrityError):
        collect_once(part, seen)


def store_without_lock(user: User, data: bytes) -> None:
    """The blob that was found may be gone before the asset is committed: its sender is told of a fault of the hub."""
    known = Blob.objects.filter(store=storage.current_store(), sha256=hashlib.sha256(data).hexdigest()).first()
    if known is None:
        with receive_bytes(io.BytesIO(data), name="note.txt") as received:
            keep_asset(received, by=user)
    else:
        time.sleep(LINGER)
        _attach(user, known)


def store_trusting(user: User, data: bytes) -> None:
    """What the row says is here is here: nobody looks. (Ours does, and puts the bytes that came in the place of lost ones.)"""
    known = Blob.objects.filter(store=storage.current_store(), sha256=hashlib.sha256(data).hexdigest())
    with transaction.atomic():
        if known.update(state=Blob.State.LIVE, used_at=timezone.now()):
            _attach(user, known.get())
            return
    store_bytes(user, data)


@transaction.atomic
def _attach(user: User, blob: Blob) -> None:
    Asset.objects.create(blob=blob, owner=user, name="note.txt", type="document", format="txt", content_type="text/plain")
    take_space(user=user, size_bytes=blob.size_bytes)


OURS = Way("ours")
NAIVE = (
    Way("the check, then the deletion", store=store_trusting, collect=check_then_delete),
    Way("the object before the row", store=store_trusting, collect=object_first),
    Way("keys made from content", store=store_by_content, collect=collect_by_content),
    Way("attaching without a lock", store=store_without_lock, sign="IntegrityError"),
)


def come_and_go(way: Way, part: Part, seen: Seen) -> None:
    """The same bytes again and again, for a while each time."""
    dice, user = part.dice(), part.user()
    while not part.is_over:
        with suppress(StoreUnavailable):
            way.store(user, b"the same bytes\n" * 100)
            seen.counts["kept"] += 1
        time.sleep(dice.random() * LINGER)
        while Asset.objects.filter(owner=user).exists():
            delete_one(user, seen, dice)
        time.sleep(dice.random() * LINGER)
