"""A blob's bytes, read to their end and known to be right; and copied on the way, if they are wanted elsewhere."""

import errno
import hashlib
from collections.abc import Callable, Iterator

from assets_app import storage
from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.models import Blob, PendingObject
from assets_app.operations.blobs import begin_object, discard_object

OnBytes = Callable[[int], None]  # is told how many more were read; may wait


def right_bytes(blob: Blob, *, store: str = "", key: str = "") -> Iterator[bytes]:
    """The bytes of the blob in pieces of at most 1 MiB. They are right if the last one comes without an error after it.

    Args:
        store, key: where to look for them; default where the blob's row says.

    Raises:
        BytesMissing: the object is not there, or has another length or other bytes.
        StoreUnavailable: the store does not answer. That says nothing about the bytes.
    """
    store, key = store or blob.store, key or blob.key
    digest = hashlib.sha256()
    try:
        size = storage.object_store(store).size_of(key)
        if size != blob.size_bytes:
            raise BytesMissing("the object is gone" if size is None else f"it has {size} bytes, not {blob.size_bytes}")
        for piece in storage.iter_object(store, key, 0, size):
            digest.update(piece)
            yield piece
    except OSError as failure:
        if failure.errno == errno.EIO:  # what a disk says of a place that it cannot read any more
            raise BytesMissing("the disk cannot read it any more") from failure
        raise StoreUnavailable(f"The store {store} does not answer: {failure.strerror}.") from failure
    if digest.hexdigest() != blob.sha256:
        raise BytesMissing(f"its sha256 is {digest.hexdigest()}")


def copy_object(blob: Blob, *, to: str, source: tuple[str, str] = ("", ""), on_bytes: OnBytes | None = None) -> PendingObject:
    """Copy the blob's bytes into an object of its own. No transaction is open meanwhile.

    Args:
        to: the store that the copy is for.
        source: store and key of the object to copy; default the blob's own.

    Returns:
        The copy: whole, right, and pending until a blob takes it or `discard_object` does.

    Raises:
        BytesMissing: what was read is not the blob's bytes. Nothing remains of the copy.
        StoreUnavailable, OSError, DatabaseError: one of the stores failed. Nothing remains of the copy.
    """
    pending = begin_object(to)
    try:
        storage.write_object(to, pending.key, _counted(right_bytes(blob, store=source[0], key=source[1]), on_bytes))
    except BaseException:
        discard_object(pending)
        raise
    return pending


def _counted(pieces: Iterator[bytes], on_bytes: OnBytes | None) -> Iterator[bytes]:
    for piece in pieces:
        if on_bytes is not None:
            on_bytes(len(piece))
        yield piece
