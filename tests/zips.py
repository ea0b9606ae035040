"""Zips as no program writes them, field by field."""

import struct
import zlib
from dataclasses import dataclass

S_IFLNK_777 = 0o120777 << 16
FULL = 0xFFFFFFFF


@dataclass
class Member:
    """One entry: what its own header and the directory say of it. None: the truth."""

    name: str | bytes = "a.txt"
    data: bytes = b"words"
    method: int = 0
    flags: int = 0x800
    unpacked: int | None = None
    packed: int | None = None
    start: int | None = None
    attributes: int = 0
    extra: bytes = b""

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def body(self) -> bytes:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return self.data if self.method == 0 else packer.compress(self.data) + packer.flush()


def make_zip(
    *members: Member, entries: int | None = None, comment: bytes = b"", behind: bytes = b"", start_off: int = 0
) -> bytes:
    """A zip of these members. `entries` and `start_off` are lies about their number and about where the directory stands."""
    out, directory = b"", b""
    for member in members:
        start = len(out) if member.start is None else member.start
        packed = len(member.body) if member.packed is None else member.packed
        unpacked = len(member.data) if member.unpacked is None else member.unpacked
        checksum = zlib.crc32(member.data)
        shared = struct.pack("<4H3L", member.flags, member.method, 0, 0x21, checksum, packed, unpacked)
        out += b"PK\x03\x04\x14\0" + shared + struct.pack("<2H", len(member.raw_name), 0) + member.raw_name + member.body
        directory += b"PK\x01\x02\x14\x03\x14\0" + shared
        lengths = (len(member.raw_name), len(member.extra), 0, 0, 0, member.attributes, start)
        directory += struct.pack("<5H2L", *lengths) + member.raw_name + member.extra
    count = len(members) if entries is None else entries
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(out) + start_off, len(comment))
    return out + directory + end + comment + behind


def make_large_zip(*members: Member, entries: int | None = None, small_entries: int = 0xFFFF, off: int = 0) -> bytes:
    """A zip with the larger record of its directory; `entries`, `small_entries` and `off` are lies in it."""
    plain = make_zip(*members)
    body, end = plain[:-22], plain[-22:]
    length, start = struct.unpack_from("<2L", end, 12)
    count = len(members) if entries is None else entries
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(body) + off, 1)
    small = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, small_entries, small_entries, FULL, FULL, 0)
    return body + record + locator + small


def overlapping_zip(copies: int = 50) -> bytes:
    """Many names for one body: unpacked, a multiple of what it is."""
    kernel = Member(name="0", data=bytes(100_000), method=8)
    return make_zip(kernel, *(Member(name=str(i), data=bytes(100_000), method=8, start=0) for i in range(1, copies)))


def quoting_zip(copies: int = 50) -> bytes:
    """Each entry's data begins with the next one's header: no two places are the same, yet they overlap."""
    return make_zip(*(Member(name=f"{i:03}", data=b"x" * 10, packed=10 + 43 * (copies - i), method=8) for i in range(copies)))
