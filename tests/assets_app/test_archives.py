"""Archives: whoever unpacks one that was kept here must not lose a disk, a folder or a file by it."""

import io
import json
import time
import zipfile
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from assets_app import archives, sandbox
from assets_app.errors import InvalidInput
from assets_app.operations.intake import store_asset
from assets_app.sandboxed import Refused
from tests.zips import S_IFLNK_777, Member, make_large_zip, make_zip, overlapping_zip, quoting_zip


def check(data: bytes) -> dict[str, int]:
    answer: dict[str, int] = json.loads(archives.main(io.BytesIO(data), []))
    return answer


def python_zip(method: int = zipfile.ZIP_DEFLATED, *, force_large: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in ("readme.txt", "folder/", "folder/Grün.txt", "folder/console.txt", "v1..2.txt", "...and more.txt"):
            with archive.open(name, "w", force_zip64=force_large) as entry:
                entry.write(b"" if name.endswith("/") else b"words " * 1000)
        archive.comment = b"made by hand"
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        python_zip(),
        python_zip(zipfile.ZIP_STORED),
        python_zip(zipfile.ZIP_BZIP2),
        python_zip(zipfile.ZIP_LZMA),
        python_zip(force_large=True),
        make_zip(),
        make_zip(Member("outer"), Member("inner.zip", data=make_zip(Member()))),
        make_large_zip(Member()),
        make_large_zip(Member(), small_entries=1),
        make_zip(Member("META-INF/", data=b"", attributes=0o140755 << 16)),
        make_zip(Member("zeros", data=bytes(900_000), method=8)),
        make_zip(*(Member(str(i)) for i in range(10_000))),
    ],
)
def test_honest_archives_are_kept(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert check(data)["entries"] == len(archive.namelist())


def test_what_is_encrypted_is_kept_and_noted() -> None:
    answer = check(make_zip(Member(flags=0x801, data=b"secret words", unpacked=0), Member("b.txt")))
    assert answer == {"entries": 2, "unpackedBytes": 5, "encrypted": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (overlapping_zip(), "overlap"),
        (quoting_zip(), "overlap"),
        (make_zip(*(Member(str(i)) for i in range(10_001))), "10001 entries"),
        (make_zip(Member("bomb", data=bytes(5_000_000), method=8)), "more than 1000 times"),
        (make_zip(*(Member(f"{i}", data=bytes(9_000_000), method=8, flags=0x801, packed=9000) for i in range(3))), "overlap"),
        (make_zip(*(Member(f"{i}", method=8, packed=5_000_000, unpacked=4_000_000_000) for i in range(3))), "unpack to 12 GB"),
        (make_zip(*(Member(f"{i}", data=bytes(1000), method=8, unpacked=900_000) for i in range(99))), "more than 1000 times"),
        (make_zip(Member(unpacked=4)), "false size"),
        (make_zip(Member("../up.txt")), "leads out"),
        (make_zip(Member("a/../../up.txt")), "leads out"),
        (make_zip(Member("a\\..\\..\\up.txt")), "leads out"),
        (make_zip(Member("a/.. /up.txt")), "leads out"),
        (make_zip(Member("/etc/passwd")), "outside of its folder"),
        (make_zip(Member("\\\\server\\share")), "outside of its folder"),
        (make_zip(Member("C:\\x.txt")), "outside of its folder"),
        (make_zip(Member("c:x.txt")), "outside of its folder"),
        (make_zip(Member("con")), "names a device"),
        (make_zip(Member("a/NUL.txt")), "names a device"),
        (make_zip(Member("com1 .txt")), "names a device"),
        (make_zip(Member("link", data=b"/etc/passwd", attributes=S_IFLNK_777)), "link"),
        (make_zip(Member("pipe", data=b"", attributes=0o010644 << 16)), "link or a device"),
        (make_zip(Member("a.txt"), Member("a.txt", data=b"other")), "two entries of one name"),
        (make_zip(Member("a/b"), Member("a\\./b")), "two entries of one name"),
        (make_zip(Member("")), "without a usable name"),
        (make_zip(Member("a\0b")), "without a usable name"),
        (make_zip(Member("a\r\nb")), "without a usable name"),
        (make_zip(Member("fine", extra=b"\x75\x70\x0b\0\x01\0\0\0\0../up")), "leads out"),
        (make_zip(Member(), entries=2), "fewer entries"),
        (make_zip(Member(), Member("b"), entries=1), "more entries"),
        (make_zip(Member(), start_off=7), "not where it says"),
        (make_zip(Member(), behind=b"x"), "cut off"),
        (make_zip(Member())[:-30], "cut off"),
        (make_zip(Member(), comment=make_zip(Member("other"))), "more than one end"),
        (make_zip(Member(), comment=b"PK\x05\x06 is how the end begins"), "more than one end"),
        (make_zip(Member(start=5000)), "into its directory"),
        (make_zip(Member(packed=400_000_000, unpacked=400_000_000)), "into its directory"),
        (make_zip(Member(unpacked=0xFFFFFFFF, packed=0xFFFFFFFF)), "without sizes"),
        (make_large_zip(Member(), entries=5), "fewer entries"),
        (make_large_zip(Member(), small_entries=5), "contradict"),
        (make_large_zip(Member(), off=4), "contradicts|not where it says"),
        (b"PK\x03\x04", "cut off"),
        (b"PK\x05\x06" * 20_000, "end"),
    ],
)  # fmt: skip
def test_archives_that_would_harm_are_refused_with_the_reason(data: bytes, reason: str) -> None:
    began = time.process_time()
    with pytest.raises(Refused, match=reason) as refused:
        check(data)
    assert refused.value.message.endswith("Pack it anew and send that.")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("make", [python_zip, overlapping_zip])
def test_no_byte_of_an_archive_makes_the_check_fail_otherwise(make: Callable[[], bytes]) -> None:
    data = make()
    for position in range(len(data) - 600, len(data)):
        for value in (0, 0xFF, data[position] ^ 0x40):
            try:
                check(data[:position] + bytes([value]) + data[position + 1 :])
            except Refused:
                continue


def test_the_check_runs_in_the_sandbox() -> None:
    with pytest.raises(InvalidInput, match=r"leads out of its folder: '\.\./up\.txt'"):
        sandbox.run("assets_app.archives", file=[make_zip(Member("../up.txt"))])
    assert b'"entries": 1' in sandbox.run("assets_app.archives", file=[make_zip(Member())])


@pytest.mark.parametrize("name", ["bundle.zip", "letter.docx", "table.xlsx"])
def test_an_ordinary_archive_is_kept(alice: User, name: str) -> None:
    """Its names are in an old alphabet, which a child that may open nothing must know already."""
    data = python_zip() if name.endswith(".zip") else office_file(name)
    asset = store_asset(io.BytesIO(data), name=name, by=alice)
    assert asset.content_type == "application/octet-stream"


def office_file(name: str) -> bytes:
    part = "word/document.xml" if name.endswith("docx") else "xl/workbook.xml"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for entry in ("[Content_Types].xml", "_rels/.rels", part):
            archive.writestr(entry, "<x/>")
    return file.getvalue()
