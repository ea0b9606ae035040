"""The older asset server's files: a folder of `<id>.<format>`, and perhaps a SQLite file with a row for each.

Nothing of them is believed. The database is opened for reading only, row by row, so that a broken row costs only itself; bytes
in it are read a mebibyte at a time.
"""

import os
import sqlite3
import stat
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from assets_app.errors import InvalidInput
from assets_app.names import shown

COLUMNS = (
    *("id", "user_id", "client_id", "campaign_id", "name", "asset_type", "uploaded_at", "format", "tags", "blob_id"),
    "thumbnail_blob_id",
)
# Longer texts in a row are no names, tags or dates.
LONGEST_TEXT = 1024 * 1024


@dataclass
class OlderAsset:
    """One asset of the older server: what its row says, as it says it, and where its bytes are."""

    label: str
    id: str
    row: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    place: tuple[str, str, int] | None = None  # table, column and row of the database
    database: sqlite3.Connection | None = None

    @property
    def asset_id(self) -> uuid.UUID:
        """
        Raises:
            InvalidInput: its id is no UUID.
        """
        try:
            return uuid.UUID(self.id)
        except ValueError:
            raise InvalidInput(f"Its id, '{shown(self.id)}', is no UUID.") from None

    def text(self, column: str) -> str:
        value = self.row.get(column)
        return "" if value is None or isinstance(value, bytes) else str(value).strip()

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Its bytes.

        Raises:
            InvalidInput: there are none, or what is there is no file.
        """
        if self.place is not None and self.database is not None:
            table, column, row = self.place
            with closing(self.database.blobopen(table, column, row, readonly=True)) as file:
                yield file  # type: ignore[misc]  # all that is asked of it is read()
            return
        if self.path is None:
            raise InvalidInput("Its bytes are neither in the database nor in the folder.")
        with closing(_open_file(self.path)) as file:
            yield file


def assets_of_folder(folder: Path) -> Iterator[OlderAsset]:
    """Every file of the folder itself, in the order of their names."""
    for path in sorted(folder.iterdir()):
        yield OlderAsset(label=shown(path.name), id=path.name.split(".")[0], path=path)


class OlderDatabase:
    """The older server's `scenes.db`.

    Raises:
        sqlite3.Error: it is no database, or holds no assets.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self._connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for pragma in ("query_only = ON", "trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._columns = {table: self._columns_of(table) for table in ("assets", "asset_blobs")}
        if "id" not in self._columns["assets"]:
            raise sqlite3.DatabaseError("it has no table named assets with a column id")
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_TEXT)
        files = [file for file in sorted(folder.iterdir()) if not file.name.startswith(path.name)]  # nor its journals
        self._files = {file.stem: file for file in files} | {file.name: file for file in files}
        self._named: set[Path] = set()
        self._file_count = len(files)

    def close(self) -> None:
        self._connection.close()

    def assets(self) -> Iterator[OlderAsset | str]:
        """Each row's asset; of a row that cannot be read, why."""
        for (row_number,) in self._connection.execute("SELECT rowid FROM assets ORDER BY rowid"):
            try:
                yield self._asset(row_number)
            except sqlite3.Error as failure:
                yield f"row {row_number}: it cannot be read ({failure})"

    def files_without_row(self) -> int:
        """Of the folder, once all assets were read."""
        return self._file_count - len(self._named)

    def _asset(self, row_number: int) -> OlderAsset:
        names = [name for name in COLUMNS if name in self._columns["assets"]]
        listed = ", ".join(f'"{name}"' for name in names)
        values = self._connection.execute(f"SELECT {listed} FROM assets WHERE rowid = ?", (row_number,)).fetchone()  # noqa: S608  (names of our own)
        row = dict(zip(names, values, strict=True))
        asset = OlderAsset(label=shown(str(row["id"])), id=str(row["id"]), row=row, database=self._connection)
        asset.place = self._place(row_number, row)
        asset.path = self._files.get(f"{asset.id}.{asset.text('format')}") or self._files.get(asset.id)
        self._named |= {asset.path} if asset.path is not None else set()
        return asset

    def _place(self, row_number: int, row: dict[str, Any]) -> tuple[str, str, int] | None:
        """Where in the database its bytes are."""
        if "blob_data" in self._columns["assets"] and self._has_bytes("assets", "blob_data", row_number):
            return ("assets", "blob_data", row_number)
        if row.get("blob_id") is None or not {"id", "data"} <= self._columns["asset_blobs"]:
            return None
        found = self._connection.execute("SELECT rowid FROM asset_blobs WHERE id = ?", (row["blob_id"],)).fetchone()
        return ("asset_blobs", "data", found[0]) if found and self._has_bytes("asset_blobs", "data", found[0]) else None

    def _has_bytes(self, table: str, column: str, row_number: int) -> bool:
        """Asked of the value's type alone: its bytes are not read."""
        asked = f'SELECT typeof("{column}") FROM {table} WHERE rowid = ?'  # noqa: S608  (names of our own)
        kind = self._connection.execute(asked, (row_number,)).fetchone()
        return kind is not None and kind[0] in ("blob", "text")

    def _columns_of(self, table: str) -> set[str]:
        """None of a view: what it would compute is not ours to run."""
        asked = "SELECT 1 FROM sqlite_schema WHERE name = ? AND type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        if self._connection.execute(asked, (table,)).fetchone() is None:
            return set()
        return {str(column[1]) for column in self._connection.execute(f"PRAGMA table_info({table})")}


def _open_file(path: Path) -> IO[bytes]:
    """A plain file; not what a link leads to, and not a pipe that never ends."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as failure:
        raise InvalidInput(f"It cannot be opened: {failure.strerror}.") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InvalidInput("It is no file.")
    return os.fdopen(handle, "rb")
