"""Hostile pictures and recordings. Whatever they are, they cost their own facts and no more: never the server, never long."""

import contextlib
import io
import os
import random
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from assets_app import facts, parsing, sandbox
from assets_app.errors import InvalidInput, SandboxFailed
from tests import seeds
from tests.assets_app.readers import readers
from tests.assets_app.test_facts import packed_pdf, pdf

pytestmark = pytest.mark.no_database

MIB = 1024 * 1024
# How many bytes are flipped in all; the big run is asked for by name.
FLIPS = int(os.environ.get("FACTS_FUZZ", "1000"))
SEEDS = {
    **seeds.images(),
    **{name: seed for name, seed in seeds.recordings().items() if name != "wav"},
    "wav": ("wav", seeds.sound("wav", "pcm_s16le", seconds=0.1)),
    "pdf": ("pdf", pdf(2)),
    "pdf packed": ("pdf", packed_pdf()),
    "json": ("json", b'{"rows": [{"a": 1, "b": [1, 2, {"c": "d"}]}, {"a": 2}]}'),
    "csv": ("csv", b'a,b,c\n1,"two\nlines",3\n' * 10),
}


@pytest.fixture(autouse=True)
def _little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the processor's clock, so that a busy machine makes no difference."""
    monkeypatch.setattr(parsing, "FACTS_LIMITS", replace(parsing.FACTS_LIMITS, cpu_seconds=2))
    monkeypatch.setattr(parsing, "THUMBNAIL_LIMITS", replace(parsing.THUMBNAIL_LIMITS, cpu_seconds=2, memory_mb=512))


def outcome(read: Callable[[], Any]) -> str:
    """What came of it, in a word. Any other error, and a limit on time that was needed, fails the test."""
    try:
        read()
    except InvalidInput:
        return "refused"
    except SandboxFailed as failed:
        assert "longer than" not in failed.details, failed.details
        assert not failed.details.startswith("ended with status -24"), "it took all of its time"
        assert not failed.details.startswith("ended with status 1"), failed.details
        return failed.details
    return "read"


def outcomes(data: bytes, kind: str, *, draw: bool = True) -> list[str]:
    """Of reading its facts, and of making thumbnails."""
    read = outcome(lambda: parsing.read_facts(io.BytesIO(data), format=kind))
    return [read, outcome(lambda: parsing.make_thumbnails(io.BytesIO(data), format=kind))] if draw else [read]


@pytest.mark.parametrize("name", SEEDS)
def test_files_that_break_off(name: str, record_property: Callable[[str, Any], None]) -> None:
    kind, data = SEEDS[name]
    ends = range(0, len(data), 64)
    # Facts of each, which is what uploads wait for; pictures, which take longer, of up to thirty.
    step = len(ends) // 30 + 1
    seen = Counter(came for n, end in enumerate(ends) for came in outcomes(data[:end], kind, draw=n % step == 0))
    record_property("told", dict(seen))
    assert parsing.read_facts(io.BytesIO(data), format=kind), "the next file is read as if nothing had been"


@pytest.mark.parametrize("name", SEEDS)
def test_files_with_damage(name: str, record_property: Callable[[str, Any], None]) -> None:
    kind, data = SEEDS[name]
    chance = random.Random(f"{name} 1")
    seen: Counter[str] = Counter()
    for count in range(max(FLIPS // len(SEEDS), 1)):
        damaged = bytearray(data)
        for _ in range(chance.choice((1, 1, 2, 8, 64))):
            # Half of all damage is where most decisions are made.
            place = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 512))
            damaged[place] = chance.choice((0, 255, 127, 128, damaged[place] ^ 1 << chance.randrange(8)))
        seen.update(outcomes(bytes(damaged), kind, draw=count % 2 == 0))
    record_property("told", dict(seen))
    assert parsing.read_facts(io.BytesIO(data), format=kind), "the next file is read as if nothing had been"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *chunks: bytes, pixels: bytes = b"x\x9cc\0\0\0\1\0\1") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def exif(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    """One directory at offset 8 of a TIFF header: tag, type, count, value; and the offset of the next directory."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + struct.pack("<I", following)


def jpeg_with(segment: bytes) -> bytes:
    whole = seeds.saved(seeds.picture(), "JPEG")
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[2:]


def test_an_image_of_3600_megapixels_in_74_bytes() -> None:
    bomb = png(60_000, 60_000)
    assert len(bomb) < 80
    assert outcomes(bomb, "png") == ["refused", "refused"]


def test_sizes_at_the_limit_and_beyond() -> None:
    assert outcomes(png(10_000, 5_000), "png")[0] == "read"
    for size in ((10_000, 5_001), (2**31 - 1, 2**31 - 1), (2**31, 1), (0, 0), (0, 5), (50_000_001, 1)):
        assert outcomes(png(*size), "png")[0] == "refused"


def test_words_that_unpack_to_200_megabytes() -> None:
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 * MIB), 9))
    assert len(bomb) < 210_000
    assert set(outcomes(png(8, 8, bomb), "png")) <= {"refused", "read"}
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(200 * MIB), 9))
    assert set(outcomes(png(8, 8, profile), "png")) <= {"refused", "read"}
    assert set(outcomes(png(8, 8, *[bomb] * 50), "png")) <= {"refused", "read"}


def test_pixels_that_unpack_to_more_than_the_header_tells() -> None:
    assert set(outcomes(png(8, 8, pixels=zlib.compress(bytes(200 * MIB), 9)), "png")) <= {"refused", "read"}


def test_forty_frames_of_16_megapixels() -> None:
    one = seeds.saved(Image.new("P", (4000, 4000), 7), "GIF")
    at = one.index(b",\0\0\0\0" + struct.pack("<HH", 4000, 4000))
    data = one[:at] + one[at:-1] * 40 + b";"
    assert parsing.read_facts(io.BytesIO(data), format="gif")["frames"] == 40
    assert outcomes(data, "gif") == ["read", "read"]


def test_a_million_empty_frames() -> None:
    one = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    data = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + one * 500_000 + b";"
    assert parsing.read_facts(io.BytesIO(data), format="gif")["frames"] <= 10_000


@pytest.mark.parametrize(
    "segment",
    [
        exif((0x0112, 3, 1, 6), following=8),
        exif((0x8769, 4, 1, 8)),
        exif((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), following=8),
        exif((0x010F, 2, 0xFFFF_FFFF, 8)),
        exif((0x010F, 2, 0x7FFF_FFFF, 0xFFFF_FFF0)),
        exif(*[(0x010F, 2, 60_000, 8)] * 5000),
        exif((0x0112, 5, 0x2000_0000, 0)),
        exif((0x9003, 7, 10, 0xFFFF_FFFF)),
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0",
        b"Exif\0\0MM\0*" + bytes(4),
    ],
)
def test_exif_that_runs_in_circles_or_off_the_end(segment: bytes) -> None:
    told = parsing.read_facts(io.BytesIO(jpeg_with(segment)), format="jpg")
    assert (told["width"], told["height"]) in ((96, 64), (64, 96))
    assert outcomes(jpeg_with(segment), "jpg") == ["read", "read"]


def box(name: bytes, *inside: bytes, size: int | None = None) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", len(body) + 8 if size is None else size) + name + body


FTYP = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
MP4 = seeds.video(audio=None)
NESTED = b""
for _ in range(1000):
    NESTED = box(b"moov", NESTED)


def changed(name: bytes, offset: int, value: bytes) -> bytes:
    """The mp4 with `value` at `offset` behind the name of its first such box."""
    at = MP4.index(name) + 4 + offset
    return MP4[:at] + value + MP4[at + len(value) :]


ATOMS = {
    "size 0": FTYP + box(b"moov", size=0),
    "size 1, then nothing": FTYP + box(b"moov", size=1),
    "size 2^63": FTYP + box(b"moov", struct.pack(">Q", 2**63), size=1),
    "size 2^64 - 1": FTYP + box(b"mdat", struct.pack(">Q", 2**64 - 1), size=1) + MP4,
    "size below its own head": b"".join(FTYP + box(b"moov", size=n) for n in range(2, 8)),
    "mdat of size 2^63": FTYP + box(b"mdat", struct.pack(">Q", 2**63), size=1),
    "1,000 deep": FTYP + NESTED,
    "1,000 deep in an udta": FTYP + box(b"moov", box(b"udta", NESTED.replace(b"moov", b"udta"))),
    "no moov": FTYP + box(b"mdat", bytes(5000)),
    "nothing but ftyp": FTYP,
    "100,000 empty boxes": FTYP + box(b"free") * 100_000,
    "100,000 tracks": FTYP + box(b"moov", box(b"trak") * 100_000),
    "stsz of 2^31 samples": changed(b"stsz", 8, struct.pack(">I", 2**31)),
    "stsz of 2^32 - 1 samples of one size": changed(b"stsz", 4, struct.pack(">II", 9, 2**32 - 1)),
    "stts of 2^31 entries": changed(b"stts", 4, struct.pack(">I", 2**31)),
    "stts of one entry for 2^32 - 1 frames": changed(b"stts", 4, struct.pack(">III", 1, 2**32 - 1, 1)),
    "stco of 2^32 - 1 entries": changed(b"stco", 4, struct.pack(">I", 2**32 - 1)),
    "time scale 0": changed(b"mvhd", 12, bytes(4)),
    "time scale of the track 0": changed(b"mdhd", 12, bytes(4)),
    "duration 2^32 - 1": changed(b"mvhd", 16, b"\xff" * 4),
    "width and height 65,535": changed(b"avc1", 24, b"\xff" * 4),
    "a file beside it": MP4.replace(b"url \0\0\0\1", b"url \0\0\0\0"),
}


@pytest.mark.parametrize("name", ATOMS)
@pytest.mark.parametrize("kind", ["mp4", "m4a"])
def test_boxes_that_lie(name: str, kind: str) -> None:
    assert set(outcomes(ATOMS[name], kind)) <= {"read", "refused", "needed more than 512 MB of memory"}


def lying_wav(riff: int, data: int, *, rate: int = 48_000, channels: int = 2, bits: int = 16, align: int = 4) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align & 0xFFFF_FFFF, align, bits)
    return (
        b"RIFF"
        + struct.pack("<I", riff)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", data)
        + bytes(4000)
    )


OGG = seeds.recordings()["ogg"][1]
LAST_PAGE = OGG.rindex(b"OggS")
LENGTHS = {
    "wav of no length": ("wav", lying_wav(0, 0)),
    "wav of all lengths": ("wav", lying_wav(2**32 - 1, 2**32 - 1)),
    "wav of negative length": ("wav", lying_wav(4036, 2**31)),
    "wav without a rate": ("wav", lying_wav(4036, 4000, rate=0)),
    "wav of 65,535 channels": ("wav", lying_wav(4036, 4000, channels=65_535)),
    "wav of no channels": ("wav", lying_wav(4036, 4000, channels=0, align=0)),
    "wav of 65,535 bits": ("wav", lying_wav(4036, 4000, bits=65_535)),
    "wav of 4 billion samples a second": ("wav", lying_wav(4036, 4000, rate=2**32 - 1)),
    "ogg to the end of time": ("ogg", OGG[: LAST_PAGE + 6] + b"\xff" * 7 + b"\x7f" + OGG[LAST_PAGE + 14 :]),
    "ogg before its beginning": ("ogg", OGG[: LAST_PAGE + 6] + b"\0" * 7 + b"\x80" + OGG[LAST_PAGE + 14 :]),
    "ogg of empty pages": ("ogg", OGG[:200] + (b"OggS" + bytes(22) + b"\0") * 20_000),
    "mp3 with a tag of 256 MB": ("mp3", b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(5000)),
    "mp3 of nothing but tags": ("mp3", b"ID3\4\0\0\0\0\0\0" * 50_000),
    "flac with a picture of 16 MB": ("flac", b"fLaC\6\xff\xff\xff" + bytes(5000)),
    "webm of unknown lengths": ("webm", seeds.recordings()["webm"][1][:60] + b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7 + bytes(9000)),
}


@pytest.mark.parametrize("name", LENGTHS)
def test_lengths_that_lie(name: str) -> None:
    kind, data = LENGTHS[name]
    assert set(outcomes(data, kind)) <= {"read", "refused", "needed more than 512 MB of memory"}
    with contextlib.suppress(InvalidInput, SandboxFailed):
        told = parsing.read_facts(io.BytesIO(data), format=kind)
        assert 0 < told.get("duration", 1) < 180 * 24 * 3600


class Listener(BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    Listener.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


# The very mistake that the demuxer's name and the refusal of other files are there to prevent.
CARELESS = """
import av, av.subtitles.stream
def main(file, args):
    with av.open(file, "r", args[0], {"allowed_extensions": "ALL", "protocol_whitelist": "file,http,tcp,crypto,data", "safe": "0",
                                      "extension_picky": "0", "enable_drefs": "1", "use_absolute_path": "1"}) as container:
        return b"".join(bytes(packet) for packet in container.demux())
"""


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from readers(tmp_path, monkeypatch, {"is_careless": CARELESS})


@pytest.mark.parametrize("kind", ["mp4", "mov", "webm", "mp3", "ogg", "wav"])
def test_a_playlist_that_is_named_like_a_video_fetches_nothing(kind: str, address: str, careless: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary.ts"
    canary.write_bytes(b"the canary")
    playlists = {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}/a.ts\n#EXTINF:9,\nfile://{canary}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile {address}/b.ts\nfile {canary}\n",
        "dash": f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><BaseURL>{address}/c</BaseURL></MPD>',
    }
    for demuxer, text in playlists.items():
        assert outcomes(text.encode(), kind) == ["refused", "refused"]
        with contextlib.suppress(SandboxFailed):
            assert b"canary" not in sandbox.run_lazily(careless + "is_careless", demuxer, file=io.BytesIO(text.encode()))
    assert Listener.asked == []


def test_a_decoder_that_takes_the_interpreter_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As decoders have done on H.264 that breaks off: its end is a signal, not an exception."""
    code = "import ctypes\ndef main(file, args):\n    file.read(100)\n    ctypes.string_at(0)\n"
    for prefix in readers(tmp_path, monkeypatch, {"crashes": code}):
        monkeypatch.setitem(facts.READERS, "mp4", prefix + "crashes")
        with pytest.raises(SandboxFailed) as failed:
            parsing.read_facts(io.BytesIO(MP4[: len(MP4) // 2]), format="mp4")
        assert failed.value.details == "ended with status -11"
        assert parsing.read_facts(io.BytesIO(SEEDS["jpg"][1]), format="jpg")["width"] == 96
