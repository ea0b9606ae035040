"""Answers whose body is brought in pieces, so that neither memory nor a thread of the web server waits for a slow reader."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from assets_app.errors import BytesMissing


class Delivery(StreamingHttpResponse):
    """An answer of known length. Its pieces (1 MiB at most) may be asked for by any thread, one thread at a time.

    Every `next()` is one look into the store, on the connection of the thread that asks; between two pieces no connection to the
    database is held, though a file may be open, or an answer of a bucket half read.
    The web server may therefore send it at the reader's pace, from wherever it likes (config.worker).
    """

    def __init__(self, pieces: Iterator[bytes], *, length: int, **kwargs: Any) -> None:
        super().__init__(pieces, **kwargs)
        self["Content-Length"] = str(length)


def exactly(pieces: Iterable[bytes], length: int, sha256: str = "") -> Iterator[bytes]:
    """The same pieces, if they are `length` bytes together, and of this digest if one is given.

    Raises:
        BytesMissing: they are not. Raised before the last piece is given away, so that wrong bytes never look complete.
    """
    digest = hashlib.sha256() if sha256 else None
    left = length
    source = iter(pieces)
    for piece in source:
        left -= len(piece)
        if digest is not None:
            digest.update(piece)
        if left <= 0:
            if left < 0 or any(source):
                raise BytesMissing("A store gave more bytes than its row promises.")
            if digest is not None and digest.hexdigest() != sha256:
                raise BytesMissing("A store gave other bytes than those that were kept.")
            yield piece
            return
        if piece:
            yield piece
    raise BytesMissing(f"A store gave {left} bytes less than its row promises.")
