"""What bytes are, decided by the bytes (`filetype`), never by a declared type. The name only has to agree."""

import codecs
from dataclasses import dataclass
from pathlib import PurePosixPath

import filetype

from assets_app.errors import UnsupportedType
from assets_app.names import shown

SNIFF_BYTES = 64 * 1024


@dataclass(frozen=True)
class Kind:
    """One kept kind of file: its asset type, its format (the usual extension) and its media type."""

    type: str
    format: str
    content_type: str
    extensions: frozenset[str]
    # Shown in the page when opened. Anything that a browser might run as a document is not.
    inline: bool
    # The module that decides, in the sandbox, whether a file of this kind can be kept.
    check: str = ""


def _kind(type_: str, format_: str, content_type: str, *more_extensions: str, inline: bool = True, check: str = "") -> Kind:
    return Kind(type_, format_, content_type, frozenset({format_, *more_extensions}), inline, check)


KINDS = {
    kind.format: kind
    for kind in (
        _kind("image", "jpg", "image/jpeg", "jpeg", "jpe", "jfif"),
        _kind("image", "png", "image/png"),
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
    )
}
TYPES = ("image", "video", "audio", "document", "data")
BY_EXTENSION = {extension: kind for kind in KINDS.values() for extension in kind.extensions}
ACCEPTED = ", ".join(sorted(KINDS))
# Formats that differ in nothing a sniffer could see: their container is the same.
SAME_CONTAINER = ({"mp4", "mov", "m4a", "3gp"}, {"heic", "avif"}, {"json", "csv", "txt"})
MARKUP = ("<!doctype", "<html", "<svg", "<?xml", "<script", "<head", "<body", "<iframe", "#extm3u")


def extension_of(name: str) -> str:
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def sniff(head: bytes, name: str) -> Kind:
    """The kind of a file from its first 64 KiB.

    Raises:
        UnsupportedType: not a kept kind, or the name claims another kind than the bytes show.
    """
    seen = _sniff_bytes(head)
    if seen is not None:
        return agreed(seen, name)
    if BY_EXTENSION.get(extension_of(name)) in (KINDS["json"], KINDS["csv"], KINDS["txt"]) and _as_text(head) is None:
        raise UnsupportedType(
            f"'{shown(name)}' is not text in UTF-8. Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8') and send it again.",
            name=shown(name),
        )
    raise UnsupportedType(f"'{shown(name)}' is not of a kind that is kept here. Accepted are: {ACCEPTED}.", name=shown(name))


def agreed(seen: Kind, name: str) -> Kind:
    """The kind that bytes and name agree on.

    Raises:
        UnsupportedType: the name claims another kind than the bytes show.
    """
    claimed = BY_EXTENSION.get(extension_of(name))
    if claimed is None or claimed is seen:
        return seen
    if any(claimed.format in group and seen.format in group for group in SAME_CONTAINER):
        return claimed
    raise UnsupportedType(
        f"'{shown(name)}' is named like a {claimed.format} file, but its bytes are {seen.content_type}. "
        f"Rename it to end in .{seen.format}, or send the file that you meant.",
        name=shown(name),
        sniffed=seen.content_type,
    )


def _sniff_bytes(head: bytes) -> Kind | None:
    if head[:4] == b"PAR1":
        return KINDS["parquet"]
    guess = filetype.guess(head)
    if guess is not None:
        return BY_EXTENSION.get(guess.extension)
    text = _as_text(head)
    if text is None:
        return None
    start = text.lstrip()[:64].lower()
    if start.startswith(MARKUP):
        return None  # a browser or a player could act on it
    return KINDS["json"] if start[:1] in ("{", "[") else KINDS["txt"]


def _as_text(head: bytes) -> str | None:
    """The bytes as UTF-8, allowing for a character cut off at the end; None if they are not text."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return None
    return None if any(c < " " and c not in "\t\n\r\f" for c in text) else text
