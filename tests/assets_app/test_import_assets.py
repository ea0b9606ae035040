"""What the older asset server kept comes over whole: ids in other programs' notes, names, dates and bytes, and twice is once."""

import json
import os
import sqlite3
import tracemalloc
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import IO, Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from assets_app.models import Asset, Blob, BlobChunk, PendingObject
from assets_app.operations.assets import delete_asset
from assets_app.operations.imports import Verdict, import_asset
from assets_app.operations.intake import store_asset
from assets_app.operations.older import OlderAsset
from tests.assets_app.damage import bytes_of
from tests.make import PNG

TABLE = """
CREATE TABLE assets (
    id TEXT PRIMARY KEY, user_id TEXT, client_id TEXT, campaign_id TEXT, name TEXT, asset_type TEXT, url TEXT, size INTEGER,
    uploaded_at TEXT, format TEXT, tags TEXT, width INTEGER, height INTEGER, duration INTEGER, thumbnail_url TEXT,
    waveform_url TEXT, page_count INTEGER, blob_data BLOB, blob_id TEXT, source_url TEXT, thumbnail_blob_id TEXT
);
CREATE TABLE asset_blobs (id TEXT PRIMARY KEY, data BLOB, content_type TEXT, size_bytes INTEGER, created_at TEXT);
"""


class Older:
    """An older server's folder and database."""

    def __init__(self, path: Path) -> None:
        self.folder, self.db = path / "assets", path / "scenes.db"
        self.folder.mkdir()
        self.connection = sqlite3.connect(self.db, isolation_level=None)
        self.connection.executescript(TABLE)

    def add(self, table: str = "assets", **values: Any) -> str:
        row = {"id": str(uuid.uuid4()), **values}
        marks = ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608  (a test's own words)
        self.connection.execute(statement, list(row.values()))
        return str(row["id"])

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


@pytest.fixture
def older(tmp_path: Path) -> Older:
    return Older(tmp_path)


def run(folder: Path, **options: Any) -> tuple[list[str], bool]:
    """What was said, line by line, and whether all went well."""
    output = StringIO()
    try:
        call_command("import_assets", folder, stdout=output, stderr=output, **options)
    except CommandError:
        return output.getvalue().splitlines(), False
    return output.getvalue().splitlines(), True


def test_rows_keep_their_ids_names_dates_tags_and_bytes_wherever_these_are(older: Older, alice: User, bob: User) -> None:
    text = "Prüfung, östlich\n".encode() * 1000
    blob_id = older.add("asset_blobs", data=text)
    inline = older.add(
        user_id="bob",
        name="photo.png",
        asset_type="image",
        format="png",
        blob_data=PNG,
        tags='["ward", "east"]',
        client_id="c-1",
        campaign_id="k-1",
        uploaded_at="2024-03-01T10:20:30Z",
    )
    apart = older.add(
        user_id="gone", name="list", asset_type="data", format="csv", blob_id=blob_id, uploaded_at="2024-03-01 10:20:30"
    )
    filed = older.add(name="notes.txt", format="txt", uploaded_at="1709288430000")
    older.file(f"{filed}.txt", b"on the disk")
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    assert (went_well, lines[-1]) == (True, "Summary: 3 imported, 0 already here, 0 refused, 0 failed.")

    asset = Asset.objects.get(pk=inline)
    assert (asset.owner, asset.name, asset.tags, asset.client_id, asset.campaign_id) == (
        bob,
        "photo.png",
        ["ward", "east"],
        "c-1",
        "k-1",
    )
    assert set(Asset.objects.values_list("uploaded_at", flat=True)) == {datetime(2024, 3, 1, 10, 20, 30, tzinfo=UTC)}
    assert bytes_of(asset) == PNG
    listed = Asset.objects.get(pk=apart)
    assert (listed.owner, listed.format, bytes_of(listed)) == (alice, "csv", text)
    assert "nobody here is named 'gone'" in next(line for line in lines if apart in line)
    assert bytes_of(Asset.objects.get(pk=filed)) == b"on the disk"


def test_a_second_run_changes_nothing_and_other_bytes_are_a_conflict(older: Older, alice: User) -> None:
    same, other, trashed = (older.add(name=f"{n}.txt", format="txt", blob_data=n.encode() * 100) for n in "abc")
    assert run(older.folder, db=older.db, owner="alice")[1]
    delete_asset(asset=Asset.objects.get(pk=trashed), by=alice)
    before = list(Asset.objects.order_by("pk").values())
    older.connection.execute("UPDATE assets SET blob_data = ? WHERE id = ?", (b"changed", other))
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    assert (went_well, lines[-1]) == (False, "Summary: 0 imported, 2 already here, 1 refused, 0 failed.")
    assert [line.split()[0] for line in lines[:-1]] == ["already", "conflict", "already"]
    assert all(asset_id in line for asset_id, line in zip((same, other, trashed), lines, strict=False))
    assert "is in the trash" in lines[2]
    assert list(Asset.objects.order_by("pk").values()) == before


def test_files_without_a_database_come_under_their_ids(older: Older, alice: User) -> None:
    asset_id = str(uuid.uuid4())
    os.utime(older.file(f"{asset_id}.png", PNG), (1_700_000_000,) * 2)
    lines, went_well = run(older.folder, owner="alice")
    assert went_well, lines
    asset = Asset.objects.get(pk=asset_id)
    assert (asset.name, asset.uploaded_at.timestamp(), asset.owner) == (f"{asset_id}.png", 1_700_000_000, alice)


def test_nothing_is_followed_out_of_the_folder_and_nothing_that_is_no_file_is_read(older: Older, alice: User) -> None:
    secret = older.folder.parent / "secret.txt"
    secret.write_text("secret")
    (older.folder / f"{uuid.uuid4()}.txt").symlink_to(secret)
    (older.folder / f"{uuid.uuid4()}.png").mkdir()
    os.mkfifo(older.folder / f"{uuid.uuid4()}.txt")
    older.file("readme.txt", b"no id")
    lines, went_well = run(older.folder, owner="alice")
    assert (went_well, lines[-1]) == (False, "Summary: 0 imported, 0 already here, 4 refused, 0 failed.")
    older.add(id="../secret", format="txt", name="a.txt")
    older.add(format="txt/../../../secret.txt", name="a.txt")
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    assert lines[-1] == "Summary: 0 imported, 0 already here, 2 refused, 0 failed."
    assert not Asset.objects.exists()


REPAIRED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"name": "photo.gif", "format": "gif"}, {"name": "photo.png", "format": "png"}, "its name was 'photo.gif'"),
    ({"name": "clip", "asset_type": "video", "format": "mp4"}, {"name": "clip", "type": "image"}, "its type was 'video'"),
    ({"name": "C:\\up\\..\\a.png"}, {"name": "a.png"}, "its name was"),
    ({"name": "evil\u202egnp.exe"}, {"name": "evilgnp.png"}, "its name was"),
    ({"name": "a\0b\n.png"}, {"name": "ab.png"}, "its name was"),
    ({"name": "x" * 300 + ".png"}, {"name": "x" * 251 + ".png"}, "its name was"),
    ({"name": "a.png", "tags": "not json, at all"}, {"tags": ["not json", "at all"]}, "its tags were"),
    ({"name": "a.png", "tags": json.dumps(["a\0", "b" * 200, 7, None, "a"])}, {"tags": ["a", "b" * 100, "7"]}, "its tags were"),
    ({"name": "a.png", "client_id": "c" * 300}, {"client_id": "c" * 255}, "its client id was"),
    ({"name": "a.png", "uploaded_at": "9999-01-01"}, {}, "its time of upload was '9999-01-01'"),
    ({"name": "a.png", "uploaded_at": "9" * 400}, {}, "its time of upload was"),
]


@pytest.mark.parametrize(("given", "kept", "told"), REPAIRED)
def test_what_cannot_be_kept_as_it_was_is_repaired_and_told(
    given: dict[str, Any], kept: dict[str, Any], told: str, older: Older, alice: User
) -> None:
    asset_id = older.add(blob_data=PNG, **given)
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    assert went_well, lines
    assert told in lines[0]
    asset = Asset.objects.get(pk=asset_id)
    assert {name: getattr(asset, name) for name in kept} == kept
    assert (asset.format, bytes_of(asset)) == ("png", PNG)
    assert all(character.isprintable() for line in lines for character in line)


def test_what_is_refused_keeps_nothing_else_from_coming(older: Older, alice: User) -> None:
    older.add(name="empty.txt", blob_data=b"")
    older.add(name="page.html", blob_data=b"<!doctype html><script>alert(1)</script>")
    older.add(name="broken.json", format="json", blob_data=b'{"a": [1')
    older.add(name="nothing.txt", format="txt")
    older.add(id="no uuid", name="a.txt", blob_data=b"text")
    older.add(name="long.txt", tags="x" * 2_000_000, blob_data=b"text")
    older.add(name="number.txt", blob_data=12)
    good = older.add(name="good.txt", blob_data=b"good")
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    assert (went_well, lines[-1]) == (False, "Summary: 1 imported, 0 already here, 7 refused, 0 failed.")
    assert [str(pk) for pk in Asset.objects.values_list("pk", flat=True)] == [good]
    assert Blob.objects.count() == 1
    assert set(BlobChunk.objects.values_list("key", flat=True)) == {Blob.objects.get().key}
    assert not PendingObject.objects.exists()


def test_hundreds_of_megabytes_in_a_row_are_not_held_in_memory(older: Older, alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_ASSET_MB, settings.HOLDFAST_QUOTA_MB = 1, 1
    size = 48 * 1024 * 1024
    asset_id = older.add(name="long.txt", blob_data=b"")
    older.connection.execute("UPDATE assets SET blob_data = CAST(replace(printf('%.*c', ?, 'x'), ' ', 'x') AS BLOB)", (size,))
    tracemalloc.start()
    lines, went_well = run(older.folder, db=older.db, owner="alice")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert went_well, lines
    assert Asset.objects.get(pk=asset_id).blob.size_bytes == size
    assert peak < size / 2


def test_a_rehearsal_writes_nothing_and_foresees_the_same(older: Older, alice: User) -> None:
    older.add(name="photo.png", blob_data=PNG)
    older.add(name="broken.json", format="json", blob_data=b'{"a": [1')
    older.file(f"{uuid.uuid4()}.txt", b"in no row")
    rehearsed, went_well = run(older.folder, db=older.db, owner="alice", dry_run=True)
    assert not went_well
    assert rehearsed[-1].startswith("Summary: 1 imported, 0 already here, 1 refused, 0 failed.")
    for model in (Asset, Blob, BlobChunk, PendingObject):
        assert not model._default_manager.exists()
    done, _went_well = run(older.folder, db=older.db, owner="alice")
    assert done[:-1] == rehearsed[:-1]
    assert "1 files of the folder are in no row" in done[-2]


def test_older_files_lack_columns_and_a_table(tmp_path: Path, alice: User) -> None:
    database, asset_id = tmp_path / "old.db", str(uuid.uuid4())
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("CREATE TABLE assets (id TEXT PRIMARY KEY, name TEXT)")
    connection.execute("INSERT INTO assets VALUES (?, 'photo.png')", (asset_id,))
    connection.close()
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / f"{asset_id}.png").write_bytes(PNG)
    assert run(folder, db=database, owner="alice")[1]
    assert bytes_of(Asset.objects.get(pk=asset_id)) == PNG


def bad_file(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def a_view(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW assets AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) SELECT id FROM n")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("make", [bad_file, a_view, lambda path: None])
def test_what_is_no_database_of_assets_is_refused_and_never_made(
    make: Callable[[Path], None], tmp_path: Path, alice: User
) -> None:
    database = tmp_path / "bad.db"
    make(database)
    existed = database.exists()
    with pytest.raises(CommandError, match="cannot be read as the older server's database"):
        call_command("import_assets", tmp_path, db=database, owner="alice", stdout=StringIO())
    assert database.exists() == existed


def test_the_older_database_is_only_read(older: Older, alice: User) -> None:
    older.connection.execute("PRAGMA journal_mode=WAL")
    older.add(name="a.txt", blob_data=b"text")
    before = older.db.read_bytes()
    assert run(older.folder, db=older.db, owner="alice")[1]
    assert older.db.read_bytes() == before


def test_it_is_said_whose_they_are_to_be(older: Older, alice: User) -> None:
    older.add(user_id="gone", name="a.txt", blob_data=b"text")
    lines, went_well = run(older.folder, db=older.db)
    assert (went_well, "Say whose it is to be with --owner" in lines[0]) == (False, True)
    for options, told in (({}, "Say with --owner"), ({"owner": "nobody"}, "no user named")):
        with pytest.raises(CommandError, match=told):
            call_command("import_assets", older.folder, **options)
    with pytest.raises(CommandError, match="no folder"):
        call_command("import_assets", older.folder / "none", owner="alice")


def test_a_file_that_goes_while_somebody_else_imports_it_ends_nothing(alice: User) -> None:
    """The other one was first, so the bytes are read once more, and are not there any more: one line, and not the end of all."""
    own_id = uuid.uuid4()

    class Racing(OlderAsset):
        @contextmanager
        def open(self) -> Iterator[IO[bytes]]:
            if Asset.objects.exists():
                raise FileNotFoundError("gone")
            store_asset(BytesIO(PNG), name="photo.png", by=alice, asset_id=own_id)
            yield BytesIO(PNG)

    verdict, words = import_asset(Racing("a", str(own_id), row={"name": "photo.png"}), owner=alice)
    assert (verdict, words) == (Verdict.FAILED, "FileNotFoundError: gone")
