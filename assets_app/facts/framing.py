"""Several pictures in one answer: each as its width and length, then its bytes."""

import struct
from collections.abc import Iterable

HEAD = struct.Struct(">HI")


def framed(pictures: Iterable[tuple[int, bytes]]) -> bytes:
    return b"".join(HEAD.pack(width, len(data)) + data for width, data in pictures)


def unframed(answer: bytes) -> dict[int, bytes] | None:
    """By width. None if that is not what `framed` makes."""
    pictures: dict[int, bytes] = {}
    at = 0
    while at + HEAD.size <= len(answer):
        width, length = HEAD.unpack_from(answer, at)
        at += HEAD.size + length
        pictures[width] = answer[at - length : at]
    return pictures if at == len(answer) else None
