"""What bytes look like: things that a browser, a player or a system acts upon, and second kinds inside of first ones.

Pure, and quick on hostile bytes: every search is for a fixed string or of bounded length, every walk of bounded steps.
"""

import codecs
import re

# As far as a browser looks for markup (the "resource header" of the MIME Sniffing Standard).
BROWSER_BYTES = 1445
# As far as readers of PDF look for its first line.
PDF_BYTES = 1024
MAX_STEPS = 1000
MAX_BOXES = 64
UTF8_BOM = codecs.BOM_UTF8
BLANKS = b" \t\r\n\f"
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")

MARKUP_START = re.compile(
    rb"<(?:[!?]|/?(?:html|head|body|script|iframe|frameset|svg|style|title|link|meta|base|table|div|img|font|form|object|embed"
    rb"|a|b|p|br|h1|h2|h3|span|ul|math|video|audio|[a-z0-9]{1,20}:[a-z]{1,40})(?=[\s>/]))"
)
ROOT_ELEMENT = re.compile(rb"<([a-z_][\w.-]{0,80})(?:\s[^<>]{0,2000})?>")
# Each long enough not to turn up by chance in the 64 KiB that end a picture.
MARKUP_INSIDE = (
    b"<!doctype html", b"<html", b"<script", b"<iframe", b"<body", b"<foreignobject", b"<object data", b"<embed src", b"<img src",
    b"<svg ", b"<svg>", b"<svg/", b"<svg\n", b"<svg\r", b"<svg\t", b"<?php",
)  # fmt: skip
MEDIA_HEADER = re.compile(rb"GIF8[79]a|RIFF(?s:....)(?:WEBP|WAVE|AVI )")
PAGE = "a web page, drawing or other markup, which a browser could run"
SCRIPT = "a script, which could be run"
PROGRAM = "an executable program"
PLAYLIST = "a playlist, which makes a player open other files and addresses"
PRINTED = "a PostScript document, which is a program"
# How files begin that are acted upon. Blanks and a byte order mark may stand in front; capitals do not matter.
ACTING_STARTS = {
    b"#extm3u": PLAYLIST,
    b"[playlist]": PLAYLIST,
    b"[reference]\nref": PLAYLIST,
    b"[reference]\r\nref": PLAYLIST,
    b"ffconcat version": PLAYLIST,
    b"v=0\no=": PLAYLIST,
    b"v=0\r\no=": PLAYLIST,
    b"[internetshortcut]": "a shortcut, which opens something else",
    b"[desktop entry]": "a shortcut, which opens something else",
    b"#!": SCRIPT,
    b"@echo off": SCRIPT,
    b"%!": PRINTED,
    b"\x04%!": PRINTED,
    b"\xc5\xd0\xd3\xc6": PRINTED,
    b"at&tform": "a DjVu document, which viewers have run programs from",
    b"{\\rt": "a rich text document (save it as docx or PDF)",
    b"!<arch>\n": "a software package",
}
# The same for files that are not text. Some of these are short, and a text may well begin like that.
ACTING_BINARIES = {
    b"\x7felf": PROGRAM,
    b"mz": PROGRAM,
    b"\xfe\xed\xfa\xce": PROGRAM,
    b"\xfe\xed\xfa\xcf": PROGRAM,
    b"\xce\xfa\xed\xfe": PROGRAM,
    b"\xcf\xfa\xed\xfe": PROGRAM,
    b"\xca\xfe\xba\xbe": PROGRAM,
    b"\0asm": PROGRAM,
    b"dex\n": PROGRAM,
    b"l\0\0\0\x01\x14\x02\0": "a shortcut, which opens something else",
    b"\xed\xab\xee\xdb": "a software package",
    b"mscf": "a software package",
    b"itsf": "a help file, which is a program",
    b"cr24": "a browser extension",
    b"fws": "a Flash film, which is a program",
    b"cws": "a Flash film, which is a program",
    b"zws": "a Flash film, which is a program",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document (save it as docx, xlsx or pptx) or an installer",
}
ARCHIVES = (
    b"PK\x03\x04", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh91AY&SY", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd",
    b"%PDF-",
)  # fmt: skip
ISO_FORMATS = frozenset({"mp4", "mov", "m4a", "3gp", "heic", "avif"})
BOX_HEADER_BYTES = 8


def as_text(data: bytes) -> str | None:
    """The bytes as UTF-8, allowing for a character cut off at the end; None if they are not text."""
    if CONTROLS.search(data):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        return None


def acting(head: bytes, tail: bytes, *, is_text: bool) -> str | None:
    """What a browser, player or system would act upon, in words; None for anything else."""
    start = _plain_start(head)
    for table in (ACTING_STARTS,) if is_text else (ACTING_STARTS, ACTING_BINARIES):
        for beginning, what in table.items():
            if start.startswith(beginning):
                return what
    if MARKUP_START.match(start):
        return PAGE
    root = ROOT_ELEMENT.match(start)
    if root and (root[0].endswith(b"/>") or b"</" + root[1] in start or b"</" + root[1] in tail[-1024:].lower()):
        return PAGE
    return SCRIPT if is_text and MEDIA_HEADER.match(head) else None  # real ones hold numbers that are no text


def _plain_start(head: bytes) -> bytes:
    """The beginning without blanks and byte order mark, in small letters; UTF-16 and UTF-32 with a mark as if in UTF-8."""
    for mark, encoding in ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if head.startswith(mark):
            head = head[:8192].decode(encoding, "ignore").encode(errors="ignore")
            break
    return head.removeprefix(UTF8_BOM).lstrip(BLANKS)[:4096].lower()


def runs_in_browser(head: bytes, tail: bytes) -> bool:
    """Markup where a browser looks for it, or a header that opens a script's comment which ends in a program."""
    if _has_markup(head[:BROWSER_BYTES]):
        return True
    opens_comment = (head.startswith(b"\xff\xd8") and head[4:6] == b"/*") or (
        head.startswith((b"GIF8", b"RIFF")) and b"/*" in head[4:8]
    )
    return opens_comment and any(re.search(rb"\*/\s{0,20}[=;,.(+\-`]", part) for part in (head, tail))


def _has_markup(data: bytes) -> bool:
    small = data.lower()
    return any(markup in small for markup in MARKUP_INSIDE)


def carries_another(first: str, head: bytes, tail: bytes, size: int) -> bool:
    """Is a file of the format `first` a file of another kind, too?

    Args:
        tail: the last bytes of the file, at least its last 64 KiB + 22; may overlap `head`.
        size: of the whole file, in bytes.
    """
    if first != "pdf" and b"%PDF-" in head[:PDF_BYTES]:
        return True
    if head[257:262] == b"ustar" or has_zip_directory(tail, size):
        return True
    if first in ("jpg", "png", "gif", "webp") and _has_markup(tail):
        return True
    if first in ISO_FORMATS:
        return any(_is_foreign(payload) for payload in _iso_payloads(head))
    if first == "mp3":
        return _is_foreign(_behind_id3(head))
    return _is_foreign(_trailer(first, head, tail, size))


def has_zip_directory(tail: bytes, size: int) -> bool:
    """Would an archive program open the file? Those look for a zip's directory from the end, whatever stands in front."""
    position = len(tail)
    for _ in range(MAX_STEPS):
        position = tail.rfind(b"PK\x05\x06", 0, position)
        if position < 0:
            return False
        record = tail[position : position + 22]
        disks, length, offset = record[4:8], *(int.from_bytes(record[i : i + 4], "little") for i in (12, 16))
        begins = size - len(tail) + position
        is_large = offset == 0xFFFFFFFF or tail[max(position - 20, 0) : position].startswith(b"PK\x06\x07")
        if len(record) == 22 and (is_large or (disks == bytes(4) and length + offset <= begins)):
            return True
    return True  # more beginnings of directories than any honest file holds


def _is_foreign(data: bytes) -> bool:
    """Does something begin here that an archive program, a reader of documents, a browser or a system would open?"""
    if data.startswith((*ARCHIVES, b"\x7fELF", b"#!/", b"#! /", b"%!PS")):
        return True
    if data.startswith(b"MZ"):
        header = int.from_bytes(data[60:64], "little")
        return data[header : header + 4] == b"PE\0\0" or b"DOS mode" in data[:256]
    start = data[:200].lstrip(BLANKS).lower()
    if start[1:2] in (b"!", b"?"):  # two bytes alone may be anything
        return start.startswith((b"<!doctype", b"<!--", b"<?xml", b"<?php"))
    return MARKUP_START.match(start) is not None


def _iso_payloads(head: bytes) -> list[bytes]:
    """How the boxes of a film begin that may hold anything."""
    payloads, position = [], 0
    for _ in range(MAX_BOXES):
        size, name = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
        if name in (b"free", b"skip", b"wide", b"uuid", b"mdat"):
            payloads.append(head[position + BOX_HEADER_BYTES : position + BOX_HEADER_BYTES + 1024])
        if size < BOX_HEADER_BYTES:
            break
        position += size
    return payloads


def _behind_id3(head: bytes) -> bytes:
    """What follows the tag of an MP3; all of it without one."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return b""
    length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return head[10 + length :].lstrip(b"\0")


def _trailer(first: str, head: bytes, tail: bytes, size: int) -> bytes:
    """What stands behind the end of an image or sound, without padding; nothing if its end cannot be told."""
    end = END_OF[first](head) if first in END_OF else None
    if end is not None and end <= len(head):
        return head[end:].lstrip(b"\0" + BLANKS)
    if end is not None and size - len(tail) <= end <= size:
        return tail[end - (size - len(tail)) :].lstrip(b"\0" + BLANKS)
    mark = LAST_MARK.get(first, b"")
    position = tail.rfind(mark) if mark else -1
    return tail[position + len(mark) :].lstrip(b"\0" + BLANKS) if position >= 0 else b""


def _end_of_png(head: bytes) -> int | None:
    position = 8
    for _ in range(MAX_STEPS):
        length, name = int.from_bytes(head[position : position + 4], "big"), head[position + 4 : position + 8]
        position += 12 + length
        if name == b"IEND" or position > len(head):
            return position if name == b"IEND" else None
    return None


def _end_of_jpeg(head: bytes) -> int | None:
    position = 2
    for _ in range(MAX_STEPS):
        if head[position : position + 1] != b"\xff":
            return None
        if head[position + 1 : position + 2] == b"\xda":  # from here on 0xFF is escaped, up to the end
            end = head.find(b"\xff\xd9", position)
            return end + 2 if end >= 0 else None
        position += 2 + int.from_bytes(head[position + 2 : position + 4], "big")
    return None


def _end_of_gif(head: bytes) -> int | None:
    position = 13 + _gif_colours(head, 10)
    is_in_blocks = False
    for _ in range(MAX_STEPS):
        mark = head[position : position + 1]
        if is_in_blocks:
            is_in_blocks = mark > b"\0"
            position += 1 + (mark[0] if mark else 0)
        elif mark == b"\x21":
            position, is_in_blocks = position + 2, True
        elif mark == b"\x2c":
            position, is_in_blocks = position + 11 + _gif_colours(head, position + 9), True
        else:
            return position + 1 if mark == b"\x3b" else None
    return None


def _gif_colours(head: bytes, position: int) -> int:
    """The length of the table of colours that the flags at this place announce."""
    flags = head[position] if position < len(head) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_riff(head: bytes) -> int | None:
    """Recorders that were cut off leave 0 or the largest number: then the end cannot be told."""
    length = int.from_bytes(head[4:8], "little")
    return 8 + length + length % 2 if 4 <= length < 0xFFFFFFF0 else None


END_OF = {"png": _end_of_png, "jpg": _end_of_jpeg, "gif": _end_of_gif, "webp": _end_of_riff, "wav": _end_of_riff}
LAST_MARK = {"png": b"IEND\xaeB`\x82", "jpg": b"\xff\xd9"}
