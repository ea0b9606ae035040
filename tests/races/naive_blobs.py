"""Ways to keep and collect blobs that lose bytes: what nearly everybody writes first. The races have to catch each of them."""

import hashlib
import io
import random
import time
from collections.abc import Callable
from contextlib import suppress

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from assets_app import storage
from assets_app.models import Asset, Blob
from assets_app.operations.intake import store_asset

# How long it takes to ask this of many blobs, in seconds.
LOOKING = 0.02
CHECK_THEN_DELETE = "the check, then the deletion"
OBJECT_FIRST = "the object before the row"
KEYS_OF_CONTENT = "keys made from content"
NO_LOCK = "attaching without a lock"


class Died(Exception):
    """Stands for a process that ends between two steps."""


def check_then_delete() -> None:
    """Between the question and the deletion somebody stores the same bytes. The row is kept by its foreign key; not the bytes."""
    unused = list(Blob.objects.filter(assets=None, thumbnails=None))
    time.sleep(LOOKING)
    for blob in unused:
        storage.object_store(blob.store).remove(blob.key)
        with suppress(IntegrityError):
            Blob.objects.filter(pk=blob.pk)._raw_delete("default")


def object_first() -> None:
    """Held and asked anew, but in the wrong order: some processes die before the row is gone, and start again after a while."""
    for unused in Blob.objects.filter(assets=None, thumbnails=None):
        try:
            _delete_held(unused)
        except Died:
            time.sleep(0.5)


@transaction.atomic
def _delete_held(unused: Blob) -> None:
    blob = Blob.objects.select_for_update().filter(pk=unused.pk).first()
    if blob is None or blob.assets.exists():
        return
    storage.object_store(blob.store).remove(blob.key)
    if random.random() < 0.3:
        raise Died
    Blob.objects.filter(pk=blob.pk)._raw_delete("default")


def attach_by_content(user: User, data: bytes) -> None:
    """The object of new bytes has the name of the one that is about to be deleted."""
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"{sha256[:2]}/{sha256}"
    store = storage.current_store()
    if storage.object_store(store).size_of(key) is None:
        with suppress(FileExistsError):  # somebody else is writing the same
            storage.write_object(store, key, [data])
    with transaction.atomic():
        blob, _is_new = Blob.objects.get_or_create(store=store, sha256=sha256, defaults={"key": key, "size_bytes": len(data)})
        Blob.objects.filter(pk=blob.pk).update(state=Blob.State.LIVE)
        _attach(user, blob)


def attach_without_lock(user: User, data: bytes) -> None:
    """The blob that was found may be gone before the asset is committed."""
    known = Blob.objects.filter(store=storage.current_store(), sha256=hashlib.sha256(data).hexdigest()).first()
    if known is None:
        store_asset(io.BytesIO(data), name="note.txt", by=user)
    else:
        _attach(user, known)


def _attach(user: User, blob: Blob) -> None:
    Asset.objects.create(blob=blob, owner=user, name="note.txt", type="document", format="txt", content_type="text/plain")


ATTACHERS: dict[str, Callable[[User, bytes], None]] = {KEYS_OF_CONTENT: attach_by_content, NO_LOCK: attach_without_lock}
COLLECTORS: dict[str, Callable[[], None]] = {CHECK_THEN_DELETE: check_then_delete, OBJECT_FIRST: object_first}
MISTAKES = (*COLLECTORS, *ATTACHERS)
