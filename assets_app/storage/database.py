"""Objects as rows of 1 MiB, so that any machine that reaches the database serves any object."""

from collections.abc import Iterator
from contextlib import suppress

from django.core.files import File
from django.core.files.storage import Storage
from django.db import DatabaseError, connection, transaction
from django.db.models import Max, Sum
from django.db.models.functions import Length
from django.utils.deconstruct import deconstructible

from assets_app import prepared
from assets_app.errors import BytesMissing
from assets_app.models import BlobChunk
from assets_app.storage import CHUNK_BYTES
from assets_app.storage.reader import ObjectReader

# So many rows are written in one transaction: a transaction a row would wait for the disk each time.
ROWS_AT_ONCE = 4
INSERT = 'INSERT INTO blob_chunks ("key", "index", data) VALUES (%s, %s, %s)'
SELECT = 'SELECT data FROM blob_chunks WHERE "key" = %s AND "index" = %s'
SELECT_PART = 'SELECT substr(data, %s, %s) FROM blob_chunks WHERE "key" = %s AND "index" = %s'


class ChunkWriter:
    """Collects bytes to rows, and rows to short transactions."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._pieces: list[memoryview] = []
        self._size = 0  # of the pieces
        self._rows: list[bytes] = []
        self._index = 0

    def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            piece = left[: CHUNK_BYTES - self._size]
            left = left[len(piece) :]
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size == CHUNK_BYTES:
                self._end_row()

    def finish(self) -> None:
        if self._pieces:
            self._end_row()
        self._store()

    def abort(self) -> None:
        self._pieces, self._size, self._rows = [], 0, []
        with suppress(DatabaseError):
            BlobChunk.objects.filter(key=self._key, index__lt=self._index).delete()  # ours, and nobody else's

    def _end_row(self) -> None:
        self._rows.append(b"".join(self._pieces))
        self._pieces, self._size = [], 0
        if len(self._rows) == ROWS_AT_ONCE:
            self._store()

    def _store(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        with _lazily_durable():
            for row in rows:
                prepared.execute(INSERT, (self._key, self._index, row))
                self._index += 1


class _lazily_durable(transaction.Atomic):  # noqa: N801  (read as a word in `with`)
    """A transaction that does not wait for the disk.

    The bytes are promised to nobody before the row of their asset is committed, and that commit waits until everything that
    was written to the log before it is on the disk, too (PostgreSQL).
    """

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __enter__(self) -> None:
        is_outermost = not connection.in_atomic_block  # otherwise the caller's own commit would not wait either
        super().__enter__()
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")


@deconstructible
class DatabaseStorage(Storage):
    """The store `database`. Its objects have no address of their own: assets are read through the API."""

    def open_writer(self, key: str) -> ChunkWriter:
        return ChunkWriter(key)

    def read_range(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            index, offset = divmod(start, CHUNK_BYTES)
            length = min(CHUNK_BYTES - offset, stop - start)
            piece = _read_row(key, index) if length == CHUNK_BYTES else _read_part(key, index, offset, length)
            if len(piece) != length:
                raise BytesMissing(f"chunk {index} of object {key} is missing or short")
            yield piece
            start += length

    def remove(self, key: str) -> None:
        _delete(key)

    def size_of(self, key: str) -> int | None:
        found = BlobChunk.objects.filter(key=key).aggregate(last=Max("index"))["last"]
        if found is None:
            return None
        tail: int = BlobChunk.objects.filter(key=key, index=found).aggregate(size=Sum(Length("data")))["size"]
        return int(found) * CHUNK_BYTES + tail

    def keys(self) -> Iterator[str]:
        yield from BlobChunk.objects.values_list("key", flat=True).distinct().order_by("key").iterator(chunk_size=2000)

    # What Django asks of a storage, in the same terms.

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        if mode != "rb":
            raise ValueError("Objects never change: they open for reading only.")
        size = self.size_of(name)
        if size is None:
            raise FileNotFoundError(name)
        reader = ObjectReader(lambda start, stop: self.read_range(name, start, stop), size)
        return File(reader, name)

    def _save(self, name: str, content: "File[bytes]") -> str:
        writer = self.open_writer(name)
        while data := content.read(CHUNK_BYTES):
            writer.write(data)
        writer.finish()
        return name

    def delete(self, name: str) -> None:
        _delete(name)

    def exists(self, name: str) -> bool:
        return BlobChunk.objects.filter(key=name).exists()

    def size(self, name: str) -> int:
        return self.size_of(name) or 0


def _read_row(key: str, index: int) -> bytes:
    row = prepared.fetch_one(SELECT, (key, index), binary=True)
    return bytes(row[0]) if row else b""


def _read_part(key: str, index: int, offset: int, length: int) -> bytes:
    row = prepared.fetch_one(SELECT_PART, (offset + 1, length, key, index), binary=True)
    return bytes(row[0]) if row else b""


def _delete(key: str) -> None:
    BlobChunk.objects.filter(key=key).delete()
