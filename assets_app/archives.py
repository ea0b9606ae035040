"""Runs in the sandbox: does this zip's directory tell the truth, and does it lead nowhere? Nothing is unpacked.

Whoever opens the archive later does so with a program that may believe everything. So only the directory is read, and a
directory that would fill a disk, write outside of its folder, or be read differently by different programs is refused.
"""

import json
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from assets_app.sandboxed import Refused

MAX_ENTRIES = 10_000
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
MAX_UNPACKED_BYTES = 10_000_000_000
MAX_RATIO = 1000
# What unpacks to less than this harms nobody, however small it was packed.
HARMLESS_BYTES = 1024 * 1024
END = struct.Struct("<4s4H2LH")
LARGE_END = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL_HEADER_BYTES = 30
UTF8_FLAG, ENCRYPTED_FLAG, STORED = 0x800, 0x1, 0
DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|:|$)")
# Not sockets: a packer of Java archives marks folders so, by mistake.
LEADING_ELSEWHERE = (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO)
ADVICE = "Pack it anew and send that."


@dataclass(frozen=True)
class Directory:
    """Where the list of entries stands, and how many it says it has."""

    entries: int
    start: int
    stop: int


@dataclass(frozen=True)
class Entry:
    name: str
    # Some programs take the second name of an entry, some the first.
    other_name: str
    mode: int
    is_encrypted: bool
    is_stored: bool
    packed: int
    unpacked: int
    start: int
    # At least: behind the name there may be more that only the entry's own header tells.
    header_bytes: int


def main(file: BinaryIO, _args: list[str]) -> bytes:
    """What the directory declares: `{"entries", "unpackedBytes", "encrypted"}`."""
    directory = _find_directory(file)
    entries = list(_entries(file, directory))
    _check_names(entries)
    _check_sizes(entries)
    _check_places(entries, directory.start)
    answer = {
        "entries": len(entries),
        "unpackedBytes": sum(entry.unpacked for entry in entries),
        "encrypted": sum(entry.is_encrypted for entry in entries),
    }
    return json.dumps(answer).encode()


def _refuse(what: str, **facts: str | int) -> NoReturn:
    raise Refused(f"The archive {what}. {ADVICE}", **facts)


def _find_directory(file: BinaryIO) -> Directory:
    size = file.seek(0, 2)
    begin = max(size - END.size - 0xFFFF, 0)
    tail = _read(file, begin, size - begin)
    marks = list(_places(tail, b"PK\x05\x06"))
    ends = [place for place in marks if _reaches_end(tail, place)]
    if not ends:
        _refuse("does not end where it says: it was cut off, or is damaged")
    if len(ends) > 1 or marks[-1] != ends[0]:  # programs search from the front or from the back, and believe the first they find
        _refuse("has more than one end")
    found = END.unpack_from(tail, ends[0])
    disks, counts, (length, start) = found[1:3], found[3:5], found[5:7]
    end = begin + ends[0]
    locator = _read(file, end - LOCATOR.size, LOCATOR.size) if end >= LOCATOR.size else b""
    if locator.startswith(b"PK\x06\x07"):
        return _large_directory(file, locator, end - LOCATOR.size, found)
    if disks != (0, 0) or counts[0] != counts[1]:
        _refuse("is a part of several")
    return _checked(Directory(counts[0], start, start + length), end)


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + 1)


def _reaches_end(tail: bytes, place: int) -> bool:
    """Is this the record at the end? It is followed by its comment, and by nothing else."""
    return len(tail) - place >= END.size and place + END.size + int(END.unpack_from(tail, place)[7]) == len(tail)


def _large_directory(file: BinaryIO, locator: bytes, end: int, small: tuple[int, ...]) -> Directory:
    """By the second, larger record. Programs that read only the first must find the same."""
    _mark, disk, position, disks = LOCATOR.unpack(locator)
    if disk != 0 or disks > 1 or position + LARGE_END.size > end:
        _refuse("is a part of several, or its directory is not where it says")
    record = LARGE_END.unpack(_read(file, position, LARGE_END.size))
    if record[0] != b"PK\x06\x06" or position + 12 + record[1] != end or record[4:6] != (0, 0) or record[6] != record[7]:
        _refuse("has a directory that contradicts itself")
    for told, large, unset in zip(small[3:7], record[6:10], (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF), strict=True):
        if told not in (unset, large):
            _refuse("has two directories that contradict each other")
    return _checked(Directory(record[7], record[9], record[9] + record[8]), position)


def _checked(directory: Directory, end: int) -> Directory:
    if directory.stop != end:
        _refuse("has a directory that is not where it says: it is damaged, or something was put in front or behind")
    if directory.entries > MAX_ENTRIES:
        _refuse(f"has {directory.entries} entries; at most {MAX_ENTRIES} are kept", entries=directory.entries)
    if directory.stop - directory.start > MAX_DIRECTORY_BYTES:
        _refuse(f"has a directory of more than {MAX_DIRECTORY_BYTES // 1024 // 1024} MiB")
    return directory


def _entries(file: BinaryIO, directory: Directory) -> Iterator[Entry]:
    data = _read(file, directory.start, directory.stop - directory.start)
    position = 0
    for _ in range(directory.entries):
        if len(data) - position < ENTRY.size or data[position : position + 4] != b"PK\x01\x02":
            _refuse("has fewer entries than it says")
        fields = ENTRY.unpack_from(data, position)
        name_length, extra_length, comment_length = fields[10:13]
        names = position + ENTRY.size
        stop = names + name_length + extra_length + comment_length
        if stop > len(data):
            _refuse("has an entry that is longer than its directory")
        raw, extra = data[names : names + name_length], data[names + name_length : stop - comment_length]
        yield _entry(fields, raw, extra)
        position = stop
    if position != len(data):
        _refuse("has more entries than it says")


def _entry(fields: tuple[int, ...], raw: bytes, extra: bytes) -> Entry:
    flags, method, packed, unpacked, disk, start = fields[3], fields[4], fields[8], fields[9], fields[13], fields[16]
    name = other_name = raw.decode("utf-8" if flags & UTF8_FLAG else "cp437", "replace")
    for kind, value in _extras(extra):
        if kind == 0x0001:
            unpacked, packed, start = _large_numbers(value, unpacked, packed, start)
        if kind == 0x7075:
            other_name = value[5:].decode("utf-8", "replace")
    if disk not in (0, 0xFFFF) or 0xFFFFFFFF in (packed, unpacked, start):
        _refuse("has an entry without sizes, or in another file", entry=name[:80])
    return Entry(
        name=name,
        other_name=other_name,
        mode=fields[15] >> 16,
        is_encrypted=bool(flags & ENCRYPTED_FLAG),
        is_stored=method == STORED,
        packed=packed,
        unpacked=unpacked,
        start=start,
        header_bytes=LOCAL_HEADER_BYTES + len(raw),
    )


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        yield kind, extra[position + 4 : position + 4 + length]
        position += 4 + length


def _large_numbers(value: bytes, unpacked: int, packed: int, start: int) -> tuple[int, int, int]:
    """Sizes and place of an entry, of which those that did not fit stand here."""
    numbers = []
    for number in (unpacked, packed, start):
        if number == 0xFFFFFFFF and len(value) >= 8:
            numbers.append(int.from_bytes(value[:8], "little"))
            value = value[8:]
        else:
            numbers.append(number)
    return numbers[0], numbers[1], numbers[2]


def _check_names(entries: list[Entry]) -> None:
    seen = set()
    for entry in entries:
        shown = repr(entry.name[:80])
        for name in {entry.name, entry.other_name}:
            if fault := _fault_of_name(name):
                _refuse(f"{fault}: {shown}", entry=shown)
        if stat.S_IFMT(entry.mode) in LEADING_ELSEWHERE:
            _refuse(f"holds a link or a device instead of a file: {shown}", entry=shown)
        plain = "/".join(part for part in entry.name.replace("\\", "/").split("/") if part not in ("", "."))
        if plain in seen:
            _refuse(f"holds two entries of one name: {shown}", entry=shown)
        seen.add(plain)


def _fault_of_name(name: str) -> str:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name):
        return "names a place outside of its folder"
    if any(not part.strip(" .") and ".." in part for part in parts):
        return "leads out of its folder"
    if any(DEVICE.match(part) for part in parts):
        return "names a device instead of a file"
    if not name or any(character < " " or character == "\x7f" for character in name):
        return "has an entry without a usable name"
    return ""


def _check_sizes(entries: list[Entry]) -> None:
    for entry in entries:
        if entry.is_stored and not entry.is_encrypted and entry.packed != entry.unpacked:
            _refuse(f"gives a false size of {entry.name[:80]!r}", entry=entry.name[:80])
        if entry.unpacked > max(entry.packed * MAX_RATIO, HARMLESS_BYTES):
            _refuse(f"would unpack {entry.name[:80]!r} to more than {MAX_RATIO} times its size", entry=entry.name[:80])
    total = sum(entry.unpacked for entry in entries)
    if total > MAX_UNPACKED_BYTES:
        _refuse(f"would unpack to {total // 10**9} GB; at most {MAX_UNPACKED_BYTES // 10**9} GB are kept", unpackedBytes=total)
    if total > max(sum(entry.packed for entry in entries) * MAX_RATIO, HARMLESS_BYTES):
        _refuse(f"would unpack to more than {MAX_RATIO} times its size", unpackedBytes=total)


def _check_places(entries: list[Entry], directory: int) -> None:
    """No two entries share bytes: else a small file could unpack to any number of copies of itself."""
    stop = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < stop:
            _refuse(f"has entries that overlap: {entry.name[:80]!r}", entry=entry.name[:80])
        stop = entry.start + entry.header_bytes + entry.packed
    if stop > directory:
        _refuse("has an entry that reaches into its directory")


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    data = file.read(length)
    if len(data) != length:
        _refuse("was cut off")
    return data
