"""What bytes are is decided by the bytes. A wrong guess here lets a browser run what a stranger uploaded."""

import contextlib
import io
import re
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from assets_app import parsing
from assets_app.errors import UnsupportedType
from assets_app.kinds import BY_EXTENSION, KINDS, SAME_CONTAINER, SNIFF_BYTES, TAIL_BYTES, TEXTS, Kind, sniff
from tests.hostile_files import (
    GIF,
    HOSTILE_FILES,
    HTML,
    JPEG,
    MP3,
    MP4,
    PDF,
    REFUSED,
    TAR,
    WAV,
    WEBP,
    ZIP,
    Hostile,
    box,
    id3,
    picture,
    png_chunk,
)
from tests.make import PNG
from tests.zips import Member, make_zip


def sniffed(data: bytes, name: str) -> Kind:
    """As the intake asks."""
    return sniff(data[:SNIFF_BYTES], name, tail=data[-TAIL_BYTES:], size=len(data))


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
        (b"BMI,age\n22,40\n", "a.csv", "data", "csv"),
        (b"MZ,II,ID3\n1,2,3\n", "a.csv", "data", "csv"),
        (b"Riff in a minor", "song.txt", "data", "txt"),
        (b"<alice> hello\n<bob> hi\n", "chat.log", "data", "txt"),
        (b"<5 mm,>3 mm\n1,2\n", "a.csv", "data", "csv"),
        (b"key: value\n", "a.yaml", "data", "txt"),
        (b"plain words", "of Dr. Smith", "data", "txt"),
        (PNG, "IMG_1.JPG_large", "image", "png"),
        (PNG, "as of 2025.12", "image", "png"),
        (PNG, "2025-12-14T10:24:07.182Z", "image", "png"),
        (ZIP, "a.zip", "data", "zip"),
        (ZIP, "a.docx", "data", "docx"),
        (make_zip(), "a.xlsx", "data", "xlsx"),
        (b"\x1f\x8b\x08\0" + bytes(20), "a.tar.gz", "data", "gz"),
        (TAR, "a.tar", "data", "tar"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "a.7z", "data", "7z"),
        (b"\x28\xb5\x2f\xfd\0", "a.zst", "data", "zst"),
        (b"II*\0\x08\0\0\0" + bytes(20), "scan.tif", "data", "tiff"),
        (b"MThd\0\0\0\x06" + bytes(20), "a.mid", "data", "midi"),
        (b"\0\0\0\x14ftyp3gp4\0\0\0\x003gp4", "a.3gp", "video", "3gp"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a.heic", "image", "heic"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "a.avif", "image", "avif"),
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


@pytest.mark.parametrize("file", HOSTILE_FILES, ids=lambda file: file.what)
def test_what_is_not_what_it_seems_is_refused_or_kept_as_nothing_in_particular(file: Hostile) -> None:
    if file.becomes != REFUSED:
        kind = sniffed(file.data, file.name)
        assert (kind.type, kind.format, kind.content_type, kind.inline) == (
            "data",
            file.becomes,
            "application/octet-stream",
            False,
        )
        return
    with pytest.raises(UnsupportedType) as refused:
        sniffed(file.data, file.name)
    assert any(advice in refused.value.message for advice in ("zip archive", "Rename", "Save", "send it again"))


def test_opaque_kinds_are_never_shown_nor_parsed() -> None:
    for kind in KINDS.values():
        if kind.is_opaque:
            assert (kind.type, kind.inline, kind.check) in (("data", False, ""), ("data", False, "assets_app.archives"))
            assert not parsing.has_facts(kind.format)
            assert not parsing.has_thumbnails(kind.format)


def test_whoever_asks_what_is_accepted_is_told_all_of_it() -> None:
    told = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    paragraph = told[told.index("The type is decided by the bytes") :].partition("\n\n")[0]
    assert set(KINDS) <= set(re.findall(r"[a-z0-9]+", paragraph))


def photo_with(**options: Any) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "A picture <of> the ward; #! /* */ PK"
    xmp = b"<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF/></x:xmpmeta><?xpacket end='w'?>"
    return picture("JPEG", exif=exif, xmp=xmp, **options)


def text_in_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    info.add_text("mxfile", "%3Cmxfile%20host%3D%22app%22%3E" * 500)
    return picture("PNG", pnginfo=info)


def moving(format_: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.effect_noise((320, 240), 90 + i) for i in range(8)]
    frames[0].save(file, format_, save_all=True, append_images=frames[1:])
    return file.getvalue()


SAMSUNG = b"\0\0\x30\x0a\x10\0\0\0MotionPhoto_Data" + MP4 + bytes(500) + b"SEFH\x6b\0\0\0\x01\0\0\0SEFT"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (photo_with(), "a.jpg"),
        (photo_with(progressive=True, quality=100), "a.jpeg"),
        (JPEG + bytes(4096), "padded.jpg"),
        (JPEG + b"\r\n", "through a mail.jpg"),
        (JPEG + MP4 + box(b"mdat", bytes(200_000)), "motion of Google.jpg"),
        (JPEG + SAMSUNG, "motion of Samsung.jpg"),
        (JPEG + bytes(100) + JPEG, "two pictures.jpg"),
        (JPEG + WEBP, "a webp behind.jpg"),
        (text_in_png(), "a.png"),
        (moving("PNG"), "moving.png"),
        (moving("GIF"), "moving.gif"),
        (moving("WEBP"), "moving.webp"),
        (picture("AVIF"), "a.avif"),
        (picture("TIFF"), "a.tif"),
        (picture("BMP"), "a.bmp"),
        (picture("ICO"), "a.ico"),
        (picture("PDF"), "a.pdf"),
        (id3(b"APIC\0\0\x10\0\0\0\0image/jpeg\0\x03\0" + JPEG) + MP3, "with a cover.mp3"),
        (id3(bytes(100)) + bytes(900) + MP3, "padded.mp3"),
        (b"RIFF\xff\xff\xff\xff" + WAV[8:], "from a recorder that was cut off.wav"),
        (WAV + b"LIST\x04\0\0\0INFO", "with something behind.wav"),
        (MP4 + box(b"free", bytes(100)) + box(b"mdat", bytes(70_000)) + box(b"moov", bytes(50)), "a.mp4"),
        (make_zip(Member("form.pdf", data=PDF), Member("page.html", data=HTML)), "of anything.zip"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_honest_files_stay_what_they_are(data: bytes, name: str) -> None:
    assert sniffed(data, name) is BY_EXTENSION[name.rpartition(".")[2]]


CONTAINERS = {"mkv": "matroska", "m4a": "ipod", "aac": "adts"}


def film(extension: str, codec: str) -> bytes:
    """A second of grey."""
    file = io.BytesIO()
    with av.open(file, "w", format=CONTAINERS.get(extension, extension)) as container:
        stream: Any = container.add_stream(codec, rate=10, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), shade * 25, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def sound(extension: str, codec: str) -> bytes:
    """A second of noise."""
    file = io.BytesIO()
    with av.open(file, "w", format=CONTAINERS.get(extension, extension)) as container:
        stream: Any = container.add_stream(codec, rate=48000, layout="mono")
        noise = np.random.default_rng(1).integers(-9000, 9000, (1, 48000)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        frame.sample_rate = 48000
        for converted in av.AudioResampler(stream.format, "mono", 48000, stream.frame_size or None).resample(frame):
            container.mux(stream.encode(converted))
        container.mux(stream.encode())
    return file.getvalue()


FILMS = {"mp4": "mpeg4", "mov": "mpeg4", "mkv": "mpeg4", "avi": "mpeg4", "webm": "libvpx"}
SOUNDS = {
    "m4a": "aac",
    "mp3": "libmp3lame",
    "wav": "pcm_s16le",
    "ogg": "libopus",
    "flac": "flac",
    "aac": "aac",
    "aiff": "pcm_s16be",
}


@pytest.mark.parametrize("extension", [*FILMS, *SOUNDS])
def test_films_and_sounds_stay_what_they_are(extension: str) -> None:
    data = film(extension, FILMS[extension]) if extension in FILMS else sound(extension, SOUNDS[extension])
    assert sniffed(data, f"a.{extension}") is BY_EXTENSION[extension]
    assert sniffed(data, "a").content_type == KINDS[extension].content_type


def repeated(unit: bytes, start: bytes = b"") -> bytes:
    return (start + unit * (TAIL_BYTES // len(unit) + 1))[:TAIL_BYTES]


@pytest.mark.parametrize(
    "data",
    [
        repeated(b"PK\x05\x06", b"\x89PNG\r\n\x1a\n"),
        repeated(b"\0\0\0\0tEXt\0\0\0\0", b"\x89PNG\r\n\x1a\n"),
        repeated(b"\xff\xe0\0\x02", b"\xff\xd8"),
        repeated(b"\xff", b"\xff\xd8\xff\xda\0\x02"),
        repeated(b"\x21\xfe\x01a\0", GIF[:13]),
        repeated(b"\x01a", GIF[:13] + b"\x21\xfe"),
        repeated(b"*/" + b" " * 20, b"GIF89a/*"),
        repeated(b"\0\0\0\x08free", b"\0\0\0\x10ftypisom\0\0\0\0"),
        repeated(b"<a ", b"<a "),
        repeated(b"x ", b"<note "),
        repeated(b"<", b"<"),
        repeated(b" "),
        repeated("\N{GRINNING FACE}".encode()),
        repeated(b"\xff\xfe"),
        repeated(b"a\n", b"II*\0"),
    ],
)
def test_no_file_keeps_the_hub_busy(data: bytes) -> None:
    spent = []
    for _ in range(5):
        began = time.thread_time()
        with contextlib.suppress(UnsupportedType):
            sniff(data[:SNIFF_BYTES], "a", tail=data, size=10 * len(data))
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.004  # of the processor's time; measured: 1.2 ms


STARTS = sorted(
    {file.data[:60] for file in HOSTILE_FILES} | {JPEG[:200], GIF[:200], WEBP[:200], WAV[:60], MP3[:60], PDF, ZIP, TAR[:300]}
)
SOME_BYTES = st.builds(
    lambda start, cut, rest: start[:cut] + rest, st.sampled_from(STARTS), st.integers(0, 300), st.binary(max_size=400)
)
NAMES = st.one_of(st.text(max_size=20), st.sampled_from(sorted(BY_EXTENSION)).map("a.{}".format))


@given(SOME_BYTES, NAMES, SOME_BYTES, st.integers(0, 2**63))
def test_whatever_comes_it_is_a_kind_or_a_refusal(head: bytes, name: str, tail: bytes, size: int) -> None:
    try:
        assert sniff(head, name, tail=tail, size=size) in KINDS.values()
    except UnsupportedType as refused:
        refused.message.encode()


@given(SOME_BYTES, NAMES, NAMES)
def test_a_name_decides_nothing_but_among_what_looks_alike(data: bytes, one: str, other: str) -> None:
    found = set()
    for name in (one, other):
        try:
            found.add(sniffed(data, name).format)
        except UnsupportedType:
            continue
    assert len(found) <= 1 or any(found <= group for group in (*SAME_CONTAINER, TEXTS))


def test_pictures_cut_off_anywhere_are_pictures_or_refused() -> None:
    for data, name in (
        (JPEG, "a.jpg"),
        (PNG, "a.png"),
        (GIF, "a.gif"),
        (WEBP, "a.webp"),
        (PNG + png_chunk(b"tEXt", b"a"), "a.png"),
    ):
        for length in range(len(data)):
            try:
                assert sniffed(data[:length], name).type in ("image", "data")
            except UnsupportedType:
                assert length < 20
