"""What bytes are is decided by the bytes. A wrong guess here lets a browser run what a stranger uploaded."""

import pytest

from assets_app.errors import UnsupportedType
from assets_app.kinds import sniff
from tests.make import PNG

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"


@pytest.mark.parametrize(
    ("head", "name", "type_", "format_"),
    [
        (PNG, "a.png", "image", "png"),
        (PNG, "no extension", "image", "png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "photo.JFIF", "image", "jpg"),
        (MP4, "a.mp4", "video", "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a.mov", "video", "mov"),
        (b"%PDF-1.7\n", "a.pdf", "document", "pdf"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a.wav", "audio", "wav"),
        (b'{"a": 1}', "a.json", "data", "json"),
        (b"\xef\xbb\xbf[1]", "a.json", "data", "json"),
        (b"a,b\n1,2\n", "a.csv", "data", "csv"),
        (b"plain words", "notes", "data", "txt"),
        ("grün".encode()[:3], "cut in a character.txt", "data", "txt"),
        (b"PAR1\x15\x04", "a.parquet", "data", "parquet"),
    ],
)
def test_kinds_are_known_by_their_bytes(head: bytes, name: str, type_: str, format_: str) -> None:
    kind = sniff(head, name)
    assert (kind.type, kind.format) == (type_, format_)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (PNG, "photo.json"),
        (b"%PDF-1.7\n", "photo.png"),
        (b'{"a": 1}', "photo.png"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "page.txt"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "drawing.svg"),
        (b"  \n<html>", "notes.md"),
        (b"#EXTM3U\nfile:///etc/passwd", "video.txt"),
        (b"MZ\x90\0\x03", "tool.exe"),
        (b"\x7fELF\x02\x01\x01", "tool"),
        (b"text with \0 inside", "a.txt"),
        (b"caf\xe9 in latin-1", "a.csv"),
        (b"BM\x36\x00\x0c\x00", "a.bmp"),
    ],
)
def test_other_kinds_and_false_names_are_refused(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedType):
        sniff(head, name)


def test_the_refusal_says_what_the_file_is() -> None:
    with pytest.raises(UnsupportedType, match=r"'photo\.json' is named like a json file, but its bytes are image/png"):
        sniff(PNG, "photo.json")


def test_text_in_another_encoding_is_told_what_to_do() -> None:
    with pytest.raises(UnsupportedType, match="Save it as UTF-8"):
        sniff("a,b\nx,y\n".encode("utf-16"), "a.csv")


def test_nothing_that_a_browser_could_run_opens_in_the_page() -> None:
    assert not sniff(b"words", "a.txt").inline
    assert not sniff(b"%PDF-1.7\n", "a.pdf").inline
    assert sniff(PNG, "a.png").inline
