"""Facts from bytes: what people search and sort by. A wrong one misleads; one that tells where somebody was does harm."""

import io
import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image
from pypdf import PdfWriter

from assets_app import facts, kinds, parsing, sandbox
from assets_app.errors import InvalidInput, SandboxFailed
from assets_app.parsing import read_facts
from tests import seeds
from tests.assets_app.readers import readers

pytestmark = pytest.mark.no_database

MIB = 1024 * 1024
IMAGES = seeds.images()


def read(data: bytes, format: str) -> dict[str, Any]:
    return read_facts(io.BytesIO(data), format=format)


@pytest.mark.parametrize("name", IMAGES)
def test_images(name: str) -> None:
    kind, data = IMAGES[name]
    told = read(data, kind)
    upright = (seeds.HEIGHT, seeds.WIDTH) if name == "jpg turned" else (seeds.WIDTH, seeds.HEIGHT)
    assert (told["width"], told["height"]) == upright
    assert told["frames"] == (3 if name in ("apng", "gif", "webp animated") else 1)
    assert told["hasAlpha"] is (name in ("png palette", "webp"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_as_wide_as_it_is_shown(orientation: int) -> None:
    told = read(seeds.photograph(orientation), "jpg")
    assert (told["width"] > told["height"]) is (orientation <= 4)
    assert {key: told[key] for key in ("takenAt", "cameraMake", "cameraModel")} == {
        "takenAt": "2026-05-04T13:14:15+02:00",
        "cameraMake": "Acme",
        "cameraModel": "Camera 3",
    }


def test_where_a_photograph_was_taken_is_not_told() -> None:
    data = seeds.photograph()
    assert dict(Image.open(io.BytesIO(data)).getexif().get_ifd(0x8825)), "the seed has a place"
    told = read(data, "jpg")
    assert set(told) == {"width", "height", "hasAlpha", "frames", "takenAt", "cameraMake", "cameraModel"}
    assert not any(word in json.dumps(told) for word in (seeds.GPS_WORDS.decode(), "48", "11.5"))


@pytest.mark.parametrize(
    ("tag", "value"),
    [(0x0110, "x" * 10_000), (0x0110, "a\0b\x1b[31m\u202e"), (0x010F, ""), (0x0112, 99), (0x0112, 0)],
)
def test_odd_exif_costs_no_more_than_its_own_fact(tag: int, value: Any) -> None:
    exif = Image.Exif()
    exif[tag] = value
    told = read(seeds.saved(seeds.picture(), "JPEG", exif=exif.tobytes()), "jpg")
    assert (told["width"], told["height"]) == (seeds.WIDTH, seeds.HEIGHT)
    assert all(len(word) <= 100 and word.isprintable() for word in told.values() if isinstance(word, str))


@pytest.mark.parametrize(
    "moment", ["2026:02:30 10:00:00", "0000:00:00 00:00:00", "    :  :     :  :  ", "2026-05-04 10:00:00", "x"]
)
def test_a_moment_that_never_was_is_no_fact(moment: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = moment
    assert "takenAt" not in read(seeds.saved(seeds.picture(), "JPEG", exif=exif.tobytes()), "jpg")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mp4", {"codec": "h264", "audioCodec": "aac", "width": 96, "height": 64, "frameRate": 10.0}),
        ("mov", {"codec": "h264", "audioCodec": "aac", "width": 96, "height": 64, "frameRate": 10.0}),
        ("webm", {"codec": "vp8", "audioCodec": "opus", "width": 96, "height": 64, "frameRate": 10.0}),
        ("3gp", {"codec": "mpeg4", "audioCodec": "aac", "width": 96, "height": 64, "frameRate": 10.0}),
        ("mp3", {"codec": "mp3", "audioCodec": "mp3"}),
        ("wav", {"codec": "pcm_s16le", "audioCodec": "pcm_s16le"}),
        ("ogg", {"codec": "opus", "audioCodec": "opus"}),
        ("flac", {"codec": "flac", "audioCodec": "flac"}),
        ("m4a", {"codec": "aac", "audioCodec": "aac"}),
    ],
)
def test_recordings(name: str, wanted: dict[str, Any]) -> None:
    kind, data = seeds.recordings()[name]
    told = read(data, kind)
    assert told.pop("duration") == pytest.approx(1.0, abs=0.05)
    assert told.pop("bitRate") == pytest.approx(len(data) * 8, rel=0.05)
    assert told == wanted | {"sampleRate": 48_000, "channels": 2}


@pytest.mark.parametrize(("turned", "upright"), [(90, (64, 96)), (-90, (64, 96)), (180, (96, 64))])
def test_a_video_is_as_wide_as_it_is_shown(turned: int, upright: tuple[int, int]) -> None:
    told = read(seeds.video(audio=None, turned=turned), "mp4")
    assert (told["width"], told["height"]) == upright
    assert "audioCodec" not in told


def test_a_header_that_tells_of_more_sound_than_there_is() -> None:
    lying = bytearray(seeds.sound("wav", "pcm_s16le"))
    at = lying.index(b"data") + 4
    lying[at : at + 4] = struct.pack("<I", 0x7FFF_FFF0)
    assert read(bytes(lying), "wav")["duration"] == pytest.approx(1.0, abs=0.05)


def test_of_a_large_video_little_is_read() -> None:
    """Else each upload would be read twice."""
    small = seeds.video()
    at = small.index(b"mdat") - 4
    (size,) = struct.unpack_from(">I", small, at)
    data = small[:at] + struct.pack(">I", size + 75 * MIB) + small[at + 4 : at + size] + bytes(75 * MIB) + small[at + size :]
    assert data.index(b"moov") > 75 * MIB

    class Counted(io.BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            piece = super().read(size)
            self.given += len(piece)
            return piece

    file = Counted(data)
    assert read_facts(file, format="mp4")["duration"] == pytest.approx(1.0, abs=0.05)
    assert file.given < 2 * MIB


def pdf(pages: int = 7, password: str | None = None) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def packed_pdf() -> bytes:
    """The root and its pages packed into a stream, as most programs write them today."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ]
    starts = [sum(len(each) + 1 for each in objects[:n]) for n in range(3)]
    head = b" ".join(b"%d %d" % (n + 1, start) for n, start in enumerate(starts)) + b" "
    packed = zlib.compress(head + b" ".join(objects))
    file = b"%PDF-1.5\n"
    first = len(file)
    file += b"4 0 obj<</Type/ObjStm/N 3/First %d/Filter/FlateDecode/Length %d>>stream\n" % (len(head), len(packed))
    file += packed + b"\nendstream endobj\n"
    second = len(file)
    entries = [(0, 0, 255), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, first, 0), (1, second, 0)]
    table = zlib.compress(b"".join(struct.pack(">BHH", *entry) for entry in entries))
    file += b"5 0 obj<</Type/XRef/Size 6/W[1 2 2]/Root 1 0 R/Filter/FlateDecode/Length %d>>stream\n" % len(table)
    return file + table + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % second


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (pdf(), {"encrypted": False, "pageCount": 7}),
        (packed_pdf(), {"encrypted": False, "pageCount": 1}),
        (pdf(password="secret"), {"encrypted": True}),
        (pdf().replace(b"startxref\n", b"startxref\n9"), {"encrypted": False, "pageCount": 7}),
    ],
    ids=["plain", "packed", "encrypted", "wrong offset"],
)
def test_documents(data: bytes, wanted: dict[str, Any]) -> None:
    told = read(data, "pdf")
    assert told["encrypted"] is wanted["encrypted"]
    assert told.get("pageCount") == wanted.get("pageCount")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a,b\n1,2\n3,4\n", (",", 2, 2, ["a", "b"])),
        ("\ufeffa;b;c\r\n1;2,5;3\r\n", (";", 1, 3, ["a", "b", "c"])),
        ("a\tb\rc\td\r", ("\t", 1, 2, ["a", "b"])),
        ('name,words\nx,"one\ntwo\n\nthree"\n\n\ny,z', (",", 2, 2, ["name", "words"])),
        ("1,2\n3,4\n", (",", 2, 2, None)),
        ("single\nx\ny\n", (",", 2, 1, ["single"])),
        ("", (",", 0, 0, None)),
        ("a,b\n\u2028,\x0b\n", (",", 1, 2, ["a", "b"])),
        ("a" * 5000 + ",b\u202e\n", (",", 0, 2, ["a" * 200, "b"])),
    ],
)
def test_tables(text: str, wanted: tuple[str, int, int, list[str] | None]) -> None:
    told = read(text.encode(), "csv")
    assert (told["delimiter"], told["rows"], told["columnCount"], told.get("columns")) == wanted


def test_a_table_is_counted_across_the_pieces_that_it_is_read_in() -> None:
    row = 'x,"' + "word \r\n" * 400 + '"\r\n'
    assert read(("a,b\r\n" + row * 2000).encode(), "csv")["rows"] == 2000


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[{"a": 1, "b": 2}, {"c": 3}]', {"topLevel": "array", "rows": 2, "columns": ["a", "b", "c"]}),
        ('{"x": [{"a": 1}], "rows": [{"b": 1}, {"b": 2}], "n": [1, 2, 3]}', {"topLevel": "object", "rows": 2, "columns": ["b"]}),
        ('{"a": 1}', {"topLevel": "object"}),
        ("[]", {"topLevel": "array", "rows": 0}),
        ("3.5", {"topLevel": "number"}),
        ('[{"\\ud800": 1}]', {"topLevel": "array", "rows": 1, "columns": ["?"]}),
    ],
)
def test_trees(text: str, wanted: dict[str, Any]) -> None:
    assert read(text.encode(), "json") == wanted


def test_column_stores() -> None:
    buffer = io.BytesIO()
    pa.parquet.write_table(pa.table({"x": [1, 2, 3], "name": ["a", "b", "c"]}), buffer)
    assert read(buffer.getvalue(), "parquet") == {"rows": 3, "columnCount": 2, "columns": ["x", "name"]}
    assert "libarrow" not in _nursery_maps(), "arrow is imported in the child that needs it, not beside every server"


def _nursery_maps() -> str:
    return Path(f"/proc/{sandbox.NURSERY.pid}/maps").read_text() if sys.platform == "linux" else ""


def test_many_columns_are_told_by_their_number() -> None:
    told = read(",".join("c" * 300 for _ in range(5000)).encode() + b"\n", "csv")
    assert told["columnCount"] == 5000
    assert (len(told["columns"]), len(told["columns"][0])) == (200, 200)
    assert len(json.dumps(told)) < parsing.MAX_FACTS_BYTES


@pytest.mark.parametrize("format", sorted(set(kinds.KINDS) - set(facts.READERS)))
def test_kinds_without_a_reader_have_no_facts(format: str) -> None:
    assert kinds.KINDS[format].is_opaque or format in ("heic", "txt")
    assert read(b"whatever", format) == {}
    assert parsing.make_thumbnails(io.BytesIO(b"whatever"), format=format) == {}


FOREIGN = {name: seeds.saved(seeds.picture(), name) for name in ("TIFF", "BMP", "ICO", "PPM", "PDF")}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("format", ["jpg", "png", "gif", "webp", "avif"])
def test_only_the_parser_that_the_kind_names_is_called(name: str, format: str) -> None:
    with pytest.raises(InvalidInput):
        read(FOREIGN[name], format)


@pytest.mark.parametrize("format", ["mp4", "webm", "wav", "ogg", "flac"])
def test_only_the_demuxer_that_the_kind_names_is_called(format: str) -> None:
    for other, data in seeds.recordings().values():
        if other != format and {other, format} - {"mp4", "mov", "3gp", "m4a"}:
            with pytest.raises(InvalidInput):
                read(data, format)


LIES: dict[str, Any] = {
    "nothing": b"",
    "a list": b"[]",
    "not a number": b'{"width": NaN}',
    "infinite": b'{"width": 1e999}',
    "huge": b'{"width": 1' + b"0" * 400 + b"}",
    "nested": b'{"a": {"b": 1}}',
    "a key": b'{"<script>": 1}',
    "long": json.dumps({"codec": "x" * 300}).encode(),
    "too long": json.dumps({f"key{n}": "x" * 200 for n in range(400)}).encode(),
    "deep": b"[" * 100_000,
    "null": b'{"codec": "a\\u0000b"}',
    "half a character": b'{"codec": "\\ud800"}',
}


@pytest.fixture
def liar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from readers(tmp_path, monkeypatch, {"lies": "def main(file, args):\n    return file.read()\n"})


@pytest.mark.parametrize("lie", LIES)
def test_a_parser_that_was_taken_over_can_tell_nothing_but_facts(liar: str, lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(facts.READERS, "jpg", liar + "lies")
    with pytest.raises(SandboxFailed):
        read(LIES[lie], "jpg")
    assert read(b'{"width": 1.5, "codec": "x", "ok": true, "columns": ["a"]}', "jpg")["width"] == 1.5
