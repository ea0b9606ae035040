"""Where objects are kept: Django storages, one of which keeps bytes as chunk rows in the database."""

import os
import secrets
from collections.abc import Iterator

import psycopg
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils.deconstruct import deconstructible

from assets_app.errors import BytesMissing
from assets_app.models import BlobChunk

CHUNK_BYTES = 1024 * 1024


def new_key() -> str:
    """A name for an object that no object had before: keys are never derived from content or from a client's name."""
    token = secrets.token_hex(16)
    return f"{token[:2]}/{token}"


def save_object(store: str, key: str, content: "File[bytes]") -> None:
    """Store the bytes under exactly this key."""
    kept_as = storages[store].save(key, content)
    if kept_as != key:
        raise BytesMissing(f"store {store!r} kept the object as {kept_as!r} and not as {key!r}")


def delete_object(store: str, key: str) -> None:
    storages[store].delete(key)


def iter_object(store: str, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """The object's bytes from `start` up to `stop` (default: its end) in pieces of at most 1 MiB; no more than one is held."""
    if store == "database":  # a row at a time, without opening anything
        yield from _iter_chunks(key, start, stop)
        return
    with storages[store].open(key) as file:
        file.seek(start)
        left = file.size - start if stop is None else stop - start
        while left > 0 and (data := file.read(min(left, CHUNK_BYTES))):
            left -= len(data)
            yield data


def _iter_chunks(key: str, start: int, stop: int | None) -> Iterator[bytes]:
    index, skipped = divmod(start, CHUNK_BYTES)
    while (stop is None or index * CHUNK_BYTES < stop) and (data := _chunk(key, index)) is not None:
        last = len(data) if stop is None else stop - index * CHUNK_BYTES
        yield data[skipped:last] if skipped or last < len(data) else data
        index, skipped = index + 1, 0


def _chunk(key: str, index: int) -> bytes | None:
    sql = 'SELECT "data" FROM "blob_chunks" WHERE "key" = %s AND "index" = %s'
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, (key, index))
            row = cursor.fetchone()
    else:
        connection.ensure_connection()
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            row = cursor.execute(sql, (key, index), binary=True, prepare=True).fetchone()
    return None if row is None else bytes(row[0])


class ChunkedFile(File):  # type: ignore[type-arg]  # django's File takes no parameter at run time
    """A read-only, seekable file over the chunk rows of one object."""

    def __init__(self, key: str, size: int) -> None:
        super().__init__(None, name=key)
        self._key = key
        self._size = size
        self._position = 0

    @property
    def size(self) -> int:
        return self._size

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing is held open."""

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, num_bytes: int | None = None) -> bytes:
        left = max(0, self._size - self._position)
        wanted = left if num_bytes is None or num_bytes < 0 else min(num_bytes, left)
        pieces = []
        while wanted:
            index, start = divmod(self._position, CHUNK_BYTES)
            data = BlobChunk.objects.filter(key=self._key, index=index).values_list("data", flat=True).first()
            piece = bytes(data or b"")[start : start + wanted]
            if not piece:
                raise BytesMissing(f"chunk {index} of object {self._key} is missing or short")
            pieces.append(piece)
            self._position += len(piece)
            wanted -= len(piece)
        return b"".join(pieces)


@deconstructible
class DatabaseStorage(Storage):
    """Objects as rows of 1 MiB, so that any machine that reaches the database serves any object.

    They have no address of their own: assets are read through the API.
    """

    def _open(self, name: str, mode: str = "rb") -> ChunkedFile:
        if mode != "rb":
            raise ValueError("Objects never change: they open for reading only.")
        if not self.exists(name):
            raise FileNotFoundError(name)
        return ChunkedFile(name, self.size(name))

    def _save(self, name: str, content: "File[bytes]") -> str:
        index = 0
        while data := content.read(CHUNK_BYTES):
            BlobChunk.objects.create(key=name, index=index, data=data)
            index += 1
        return name

    def delete(self, name: str) -> None:
        BlobChunk.objects.filter(key=name).delete()

    def exists(self, name: str) -> bool:
        return BlobChunk.objects.filter(key=name).exists()

    def size(self, name: str) -> int:
        total: int | None = BlobChunk.objects.filter(key=name).aggregate(n=Sum(Length("data")))["n"]
        return total or 0


def current_store() -> str:
    """The store that new bytes go to."""
    store: str = settings.HOLDFAST_BLOB_STORE
    return store
