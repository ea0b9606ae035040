"""What the bytes of a file tell, asked of the sandbox: the one place that gives files to parsers.

Everything that comes back is checked again: the child that read a hostile file may be hostile by then.
"""

import json
import re
from typing import Any, BinaryIO

from assets_app import facts, sandbox
from assets_app.errors import SandboxFailed
from assets_app.facts.framing import unframed

FACTS_LIMITS = sandbox.Limits(memory_mb=512, cpu_seconds=5, wall_seconds=10, answer_mb=1, read_mb=256)
THUMBNAIL_LIMITS = sandbox.Limits(memory_mb=768, cpu_seconds=10, wall_seconds=20, answer_mb=8, read_mb=512)
VERSION = facts.VERSION
MAX_FACTS_BYTES = 64 * 1024
MAX_WORDS = 200
KEY = re.compile(r"[a-z][A-Za-z0-9]{0,39}")


def has_facts(format: str) -> bool:
    return format in facts.READERS


def has_thumbnails(format: str) -> bool:
    return format in facts.THUMBNAILERS


def read_facts(reader: BinaryIO, *, format: str) -> dict[str, Any]:
    """Flat facts of a file of this `format` (see `kinds.KINDS`), such as `width` (px), `duration` (s), `rows`; {} if the format
    has no reader. `reader` is any seekable file; only what is needed is read of it.

    Raises:
        InvalidInput: it cannot be read as what it is said to be.
        SandboxFailed: reading it took down the parser, or too much time or memory.
    """
    module = facts.READERS.get(format)
    if module is None:
        return {}
    return _checked(sandbox.run_lazily(module, format, file=reader, limits=FACTS_LIMITS))


def make_thumbnails(reader: BinaryIO, *, format: str) -> dict[int, bytes]:
    """Small WebP pictures by the width (px) that each is for, one of `facts.WIDTHS`; {} if the format has none. None is enlarged:
    the pictures end with the first width that the original fits into, and that one is as wide as the original.

    Raises:
        InvalidInput, SandboxFailed: as of `read_facts`.
    """
    module = facts.THUMBNAILERS.get(format)
    if module is None:
        return {}
    pictures = unframed(sandbox.run_lazily(module, format, file=reader, limits=THUMBNAIL_LIMITS))
    if pictures is None or not all(width in facts.WIDTHS and _is_webp(data) for width, data in pictures.items()):
        raise SandboxFailed("the child's answer holds something other than thumbnails")
    return pictures


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and int.from_bytes(data[4:8], "little") + 8 == len(data)


def _checked(answer: bytes) -> dict[str, Any]:
    if len(answer) > MAX_FACTS_BYTES:
        raise SandboxFailed("the child's facts are too long")
    try:
        told = json.loads(answer)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not all(KEY.fullmatch(key) and _is_plain(value) for key, value in told.items()):
        raise SandboxFailed("the child's facts are not facts")
    return told


def _is_plain(value: Any) -> bool:
    """A finite number, a word, yes or no, or a list of words."""
    if isinstance(value, list):
        return len(value) <= MAX_WORDS and all(isinstance(word, str) and _is_plain(word) for word in value)
    if isinstance(value, str):
        return len(value) <= MAX_WORDS and not any("\ud800" <= c <= "\udfff" or c == "\0" for c in value)
    return isinstance(value, int | float) and -(2**63) < value < 2**63  # NaN is neither
