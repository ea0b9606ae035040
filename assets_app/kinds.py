"""What bytes are, decided by the bytes, never by a declared type. The name only has to agree.

The choices are explained in docs/decisions/0022-kinds.md.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

import filetype

from assets_app import shapes
from assets_app.errors import UnsupportedType
from assets_app.names import shown

SNIFF_BYTES = 64 * 1024
# A zip's directory ends in a record of 22 bytes and a comment of up to 64 KiB.
TAIL_BYTES = SNIFF_BYTES + 22
OPAQUE = "application/octet-stream"


@dataclass(frozen=True)
class Kind:
    """One kept kind of file: its asset type, its format (the usual extension) and its media type."""

    type: str
    format: str
    content_type: str
    extensions: frozenset[str]
    # Shown in the page when opened. Anything that a browser might run as a document is not.
    inline: bool
    # The module that looks into the file before it is kept, in the sandbox.
    check: str = ""

    @property
    def is_opaque(self) -> bool:
        """Kept and given back, but never read by a parser nor shown."""
        return self.content_type == OPAQUE


def _kind(type_: str, format_: str, content_type: str, *more_extensions: str, inline: bool = True, check: str = "") -> Kind:
    return Kind(type_, format_, content_type, frozenset({format_, *more_extensions}), inline, check)


def _opaque(format_: str, *more_extensions: str, check: str = "") -> Kind:
    return _kind("data", format_, OPAQUE, *more_extensions, inline=False, check=check)


# A file of two kinds at once: honest bytes perhaps, but nobody shall guess which of the two is meant.
TWOFOLD = _opaque("bin")
ZIPS = ("zip", "docx", "xlsx", "pptx", "odt", "ods", "odp")
KINDS = {
    kind.format: kind
    for kind in (
        _kind("image", "jpg", "image/jpeg", "jpeg", "jpe", "jfif"),
        _kind("image", "png", "image/png", "apng"),
        _kind("image", "gif", "image/gif"),
        _kind("image", "webp", "image/webp"),
        _kind("image", "avif", "image/avif"),
        _kind("image", "heic", "image/heic", "heif", inline=False),
        _kind("video", "mp4", "video/mp4", "m4v"),
        _kind("video", "mov", "video/quicktime", "qt", inline=False),
        _kind("video", "webm", "video/webm"),
        _kind("video", "3gp", "video/3gpp", inline=False),
        _kind("audio", "mp3", "audio/mpeg"),
        _kind("audio", "wav", "audio/x-wav"),
        _kind("audio", "ogg", "audio/ogg", "oga", "opus"),
        _kind("audio", "m4a", "audio/mp4"),
        _kind("audio", "flac", "audio/x-flac", inline=False),
        _kind("document", "pdf", "application/pdf", inline=False),
        _kind("data", "json", "application/json", inline=False, check="assets_app.json_check"),
        _kind("data", "csv", "text/csv", "tsv", inline=False),
        _kind("data", "txt", "text/plain", "md", "log", "text", inline=False),
        _kind("data", "parquet", "application/vnd.apache.parquet", inline=False),
        *(_opaque(format_, check="assets_app.archives") for format_ in ZIPS),
        _opaque("gz", "tgz"),
        _opaque("tar"),
        _opaque("7z"),
        _opaque("bz2"),
        _opaque("xz"),
        _opaque("zst"),
        _opaque("rar"),
        _opaque("tiff", "tif"),
        _opaque("bmp", "dib"),
        _opaque("ico"),
        _opaque("mkv", "mka"),
        _opaque("avi"),
        _opaque("aac"),
        _opaque("midi", "mid"),
        _opaque("aiff", "aif"),
        TWOFOLD,
    )
}
TYPES = ("image", "video", "audio", "document", "data")
BY_EXTENSION = {extension: kind for kind in KINDS.values() for extension in kind.extensions}
ACCEPTED = ", ".join(sorted(KINDS.keys() - {TWOFOLD.format}))
TEXTS = frozenset({"json", "csv", "txt"})
# Formats that differ in nothing a sniffer could see: their container is the same.
SAME_CONTAINER = ({"mp4", "mov", "m4a", "3gp"}, {"heic", "avif"}, TEXTS, set(ZIPS))
# Names that make a browser, a player or a system act, whatever the bytes are.
ACTING_EXTENSIONS = frozenset(
    """
    exe com bat cmd ps1 psm1 vbs vbe js jse mjs wsf wsh wsc hta msi msp mst scr pif cpl dll sys drv ocx lnk url reg inf scf
    jar class apk ipa app appx msix dmg pkg deb rpm run elf so dylib command workflow sh bash zsh csh fish py pyw pyc pyz pl rb
    php php3 php5 phtml phar asp aspx jsp cgi htm html xhtml xht shtml mhtml mht htc svg svgz xml xsl xslt rss atom swf desktop
    webloc service m3u m3u8 pls xspf asx wpl wax wvx ram smil ffconcat sdp eps ps epsi ai djvu djv chm hlp rtf docm dotm xlsm
    xltm xlsb xlam pptm potm ppsm iqy slk library-ms search-ms settingcontent-ms application gadget sct ws jnlp iso img vhd vhdx
    """.split()  # noqa: SIM905  (as a list it would fill three screens)
)
EXTENSION = re.compile(r"[a-z][a-z0-9-]{0,15}")
# The formats that `filetype` is asked for. Of its other matchers some are wrong, and that for zst recurses until it fails.
MATCHERS = [
    matcher
    for matcher in filetype.TYPES
    if matcher.extension in BY_EXTENSION and matcher.extension not in (*ZIPS, "apng", "zst", "3gp")
]
OWN_MARKS = {
    "parquet": (b"PAR1",),
    "zip": (b"PK\x03\x04", b"PK\x05\x06"),
    "zst": (b"\x28\xb5\x2f\xfd",),
    "mp3": (b"\xff\xfa", b"\xff\xe2", b"\xff\xe3"),
}


def extension_of(name: str) -> str:
    """The extension in small letters; dots and blanks at the end are no part of it, as some systems drop them."""
    return PurePosixPath(name.rstrip(". ")).suffix.lower().removeprefix(".")


def sniff(head: bytes, name: str, *, tail: bytes = b"", size: int = 0) -> Kind:
    """The kind of a file.

    Args:
        head: its first 64 KiB, or all of it.
        tail: its last 64 KiB + 22 bytes (`TAIL_BYTES`), or all of it. Without, `head` is taken for the whole file.
        size: of the whole file, in bytes.

    Raises:
        UnsupportedType: not a kept kind, or the name claims another kind than the bytes show.
    """
    tail, size = (tail, max(size, len(tail), len(head))) if tail else (head, len(head))
    text = shapes.as_text(head)
    if what := shapes.acting(head, tail, is_text=text is not None):
        raise _refused(name, f"is {what}. It is not kept as it is: put it into a zip archive and send that.")
    if text is not None and not text.startswith("%PDF-"):
        return agreed(_kind_of_text(text, name, tail), name)
    seen = _first_kind(head)
    if seen is None:
        raise _unknown(name)
    if seen.is_opaque:
        return agreed(seen, name)
    if shapes.runs_in_browser(head, tail):
        raise _refused(
            name,
            f"is {seen.content_type}, but it holds a script or web page as well. Save the picture or film anew and send that.",
        )
    return agreed(TWOFOLD if shapes.carries_another(seen.format, head, tail, size) else seen, name)


def agreed(seen: Kind, name: str) -> Kind:
    """The kind that bytes and name agree on.

    Raises:
        UnsupportedType: the name claims another kind than the bytes show.
    """
    extension = extension_of(name)
    claimed = BY_EXTENSION.get(extension)
    if extension in ACTING_EXTENSIONS:
        raise _refused(
            name,
            f"has a name that a browser or a system would act upon, and its bytes are {_described(seen)}. "
            f"Rename it to end in .{seen.format}, or put it into a zip archive.",
        )
    if seen is TWOFOLD or claimed is seen or (claimed is None and (seen.format in TEXTS or not EXTENSION.fullmatch(extension))):
        return seen
    if claimed is not None and any(claimed.format in group and seen.format in group for group in SAME_CONTAINER):
        return claimed
    raise UnsupportedType(
        f"'{shown(name)}' is named like a {claimed.format if claimed else shown(extension)} file, but its bytes are "
        f"{_described(seen)}. Rename it to end in .{seen.format}, or send the file that you meant.",
        name=shown(name),
        sniffed=seen.content_type,
    )


def _described(kind: Kind) -> str:
    if kind is TWOFOLD:
        return "of more than one kind"
    return f"{kind.format} data" if kind.is_opaque else kind.content_type


def _refused(name: str, why: str) -> UnsupportedType:
    return UnsupportedType(f"'{shown(name)}' {why}", name=shown(name))


def _unknown(name: str) -> UnsupportedType:
    claimed = BY_EXTENSION.get(extension_of(name))
    if claimed is not None and claimed.format in TEXTS:
        return _refused(name, "is not text in UTF-8. Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8') and send it again.")
    return _refused(name, f"is not of a kind that is kept here. Put it into a zip archive. Accepted are: {ACCEPTED}.")


def _kind_of_text(text: str, name: str, tail: bytes) -> Kind:
    if text.lstrip()[:1] in ("{", "["):
        return KINDS["json"]  # its check will find the place of a fault
    if shapes.CONTROLS.search(tail):
        raise _refused(
            name, "begins as text, but does not end as text. Look whether it was saved completely, then send it again."
        )
    return KINDS["txt"]


def _first_kind(head: bytes) -> Kind | None:
    """The kind whose magic number stands at the beginning of bytes that are not text."""
    if head[4:8] == b"ftyp":
        return _kind_of_film(head)
    for format_, marks in OWN_MARKS.items():
        if head.startswith(marks):
            return KINDS[format_]
    if head.startswith(b"BM") and head[14:18] not in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0"):
        return None
    guess = filetype.match(head[:8192], matchers=MATCHERS)
    return None if guess is None else BY_EXTENSION[guess.extension]


def _kind_of_film(head: bytes) -> Kind | None:
    """Films, their sound and their stills are told by the brand of their container; some stills by their second brand only."""
    major, length = head[8:12], min(int.from_bytes(head[:4], "big"), 256)
    others = {head[i : i + 4] for i in range(16, length, 4)} if major in (b"mif1", b"msf1", b"miaf") else set()
    for format_, brands in BRANDS.items():
        if brands & ({major} | others):
            return KINDS[format_]
    return KINDS["mp4"] if major[:3] in (b"iso", b"mp4", b"avc", b"das") else None


BRANDS = {
    "avif": {b"avif", b"avis"},
    "heic": {b"heic", b"heix", b"hevc", b"heim", b"heis"},
    "mov": {b"qt  "},
    "m4a": {b"M4A ", b"M4B "},
    "3gp": {b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3gr6", b"3gs6", b"3ge6", b"3g2a", b"3g2b", b"3g2c"},
    "mp4": {b"M4V ", b"f4v ", b"MSNV", b"XAVC"},
}
