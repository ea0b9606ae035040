"""Where objects are kept: the one way to write, read and remove them, whatever store holds them.

A store is an alias of Django's `STORAGES` whose backend is also an `ObjectStore`: bytes as rows of the database
(`storage.database`), files of a folder (`storage.folder`), objects of a bucket (`storage.bucket`).
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import Protocol, cast

from django.conf import settings
from django.core.files.storage import InvalidStorageError, storages

from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.storage.reader import ObjectReader

__all__ = ["ObjectReader"]
CHUNK_BYTES = 1024 * 1024
KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}")
STORES = ("database", "filesystem", "s3")


class ObjectWriter(Protocol):
    """Takes the bytes of one new object as they come."""

    def write(self, data: bytes) -> None:
        """The next bytes, as many as there are."""

    def finish(self) -> None:
        """Returns only when the object is whole and can be read; raises otherwise."""

    def abort(self) -> None:
        """Take back what was begun, as far as that is possible now. Never raises."""


class ObjectStore(Protocol):
    """What a store can do. Keys are random, and never used twice."""

    def open_writer(self, key: str) -> ObjectWriter: ...

    def read_range(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Exactly the bytes from `start` up to `stop`, in pieces of at most 1 MiB.

        Raises:
            BytesMissing: the object is not there, or shorter.
        """
        ...

    def remove(self, key: str) -> None:
        """The object, and what was begun of it. What is not there is no mistake."""

    def size_of(self, key: str) -> int | None:
        """In bytes; None if there is no such object."""

    def keys(self) -> Iterator[str]:
        """Of everything that is there, also of objects that were only begun."""
        ...


def object_store(alias: str) -> ObjectStore:
    """
    Raises:
        StoreUnavailable: it is not configured (any more). Rows may still name it.
    """
    try:
        return cast(ObjectStore, storages[alias])
    except InvalidStorageError:
        raise StoreUnavailable(f"The store {alias} is not configured, so nothing in it can be read.") from None


def current_store() -> str:
    """The store that new bytes go to."""
    store: str = settings.HOLDFAST_BLOB_STORE
    return store


def configured_stores() -> list[str]:
    return [alias for alias in STORES if alias in storages.backends]


def new_key() -> str:
    """A name for an object that no object had before: keys are never derived from content or from a client's name."""
    token = secrets.token_hex(16)
    return f"{token[:2]}/{token}"


def is_key(name: str) -> bool:
    """Could `new_key` have made it?"""
    return KEY.fullmatch(name) is not None


def write_object(store: str, key: str, pieces: Iterable[bytes]) -> None:
    """Store the bytes under exactly this key; nothing of them if that fails."""
    writer = object_store(store).open_writer(key)
    try:
        for piece in pieces:
            writer.write(piece)
        writer.finish()
    except BaseException:
        writer.abort()
        raise


def iter_object(store: str, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The object's bytes in pieces of at most 1 MiB; no more than one piece is held.

    Raises:
        BytesMissing: the object is not there, or shorter than `stop`.
    """
    backend = object_store(store)
    if stop is None:
        stop = backend.size_of(key)
        if stop is None:
            raise BytesMissing(f"store {store!r} has no object {key}")
    yield from backend.read_range(key, start, stop)


def open_object(store: str, key: str, size: int) -> ObjectReader:
    """A read-only, seekable file over the object's `size` bytes."""
    backend = object_store(store)
    return ObjectReader(lambda start, stop: backend.read_range(key, start, stop), size)
