"""Objects as files of a folder that every machine of the hub sees."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from assets_app.errors import BytesMissing, StorageFull, StoreUnavailable
from assets_app.storage import CHUNK_BYTES

log = structlog.get_logger(__name__)
BEGUN = ".begun"


class FileWriter:
    """Writes beside the place, and moves the file there once it is whole and on the disk."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._begun = path.with_name(path.name + BEGUN)
        with _told_in_our_words():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        self._is_open = True

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with _told_in_our_words():
            while view:
                view = view[os.write(self._file, view) :]

    def finish(self) -> None:
        with _told_in_our_words():
            os.fsync(self._file)
            self._close()
            os.link(self._begun, self._path)  # unlike a rename, it fails where something is, or where the sweep was first
            os.unlink(self._begun)
            for folder in (self._path.parent, self._path.parent.parent):  # the first of a folder makes the folder, too
                _sync_folder(folder)

    def abort(self) -> None:
        self._close()
        for path in (self._begun, self._path):
            with suppress(OSError):
                path.unlink()

    def _close(self) -> None:
        if self._is_open:
            os.close(self._file)
        self._is_open = False


@deconstructible(path="assets_app.storage.folder.FolderStorage")
class FolderStorage(FileSystemStorage):
    """The store `filesystem`."""

    def open_writer(self, key: str) -> FileWriter:
        return FileWriter(Path(self.path(key)), self.file_permissions_mode or 0o640)

    def read_range(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        try:
            file = os.open(self.path(key), os.O_RDONLY)
        except FileNotFoundError:
            raise BytesMissing(f"object {key} is missing") from None
        except OSError as failure:  # no more files can be open, or the folder's disk is away: no word about the object
            raise StoreUnavailable("The folder of the hub's files does not answer. Try again in a moment.") from failure
        try:
            while start < stop:
                piece = os.pread(file, min(CHUNK_BYTES, stop - start), start)
                if not piece:
                    raise BytesMissing(f"object {key} is short")
                yield piece
                start += len(piece)
        finally:
            os.close(file)

    def remove(self, key: str) -> None:
        path = Path(self.path(key))
        for each in (path, path.with_name(path.name + BEGUN)):
            with suppress(FileNotFoundError):
                each.unlink()

    def size_of(self, key: str) -> int | None:
        try:
            return os.stat(self.path(key)).st_size
        except FileNotFoundError:
            return None

    def keys(self) -> Iterator[str]:
        top = Path(self.location)
        for folder, _folders, names in os.walk(top):
            for name in sorted(names):
                yield (Path(folder) / name.removesuffix(BEGUN)).relative_to(top).as_posix()

    def leftovers(self, *, before: float) -> Iterator[str]:
        """Keys of objects that somebody began to write before that moment (seconds since 1970) and never finished."""
        for path in Path(self.location).rglob(f"*{BEGUN}"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path.relative_to(self.location).as_posix().removesuffix(BEGUN)

    def remove_leftover(self, key: str) -> None:
        """What was begun of the object; the object itself stays."""
        Path(self.path(key + BEGUN)).unlink(missing_ok=True)


@contextmanager
def _told_in_our_words() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        log.error("folder_failed", error=repr(failure))
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                "The hub's disk is full, so it takes no new files now. Nothing was lost; tell its staff."
            ) from failure
        raise StoreUnavailable from failure


def _sync_folder(folder: Path) -> None:
    """So that a power cut does not take the file's name back."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
