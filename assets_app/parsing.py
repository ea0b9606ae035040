"""What bytes say, read in the sandbox."""

from typing import Any, BinaryIO

VERSION = 1


def has_facts(format: str) -> bool:
    return False


def has_thumbnails(format: str) -> bool:
    return False


def read_facts(file: BinaryIO, *, format: str) -> dict[str, Any]:
    return {}


def make_thumbnails(file: BinaryIO, *, format: str) -> dict[int, bytes]:
    return {}
