"""One way out for kept bytes, whichever door asks: their headers, their parts, and what is promised of them."""

import base64
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header, quote_etag
from rest_framework.request import Request

from assets_app.api.conditions import is_other, is_unchanged
from assets_app.api.ranges import ByteRange, asked_ranges
from assets_app.delivery import Delivery, exactly
from assets_app.errors import BytesMissing, PreconditionFailed, RangeUnsatisfiable
from assets_app.models import Asset, Blob
from assets_app.names import BIDI_CONTROLS
from assets_app.operations.verification import doubt_blob
from assets_app.storage import CHUNK_BYTES, iter_object

# Answers up to here are read at once and sent as any other.
SMALL_BYTES = 64 * 1024
# How long an object store's own address for an object can be used.
S3_ADDRESS_SECONDS = 60
NOTHING = "default-src 'none'; sandbox"
# A film opened by itself: the browser's own player asks for it once more, as from this origin. Still no script may run.
PLAYER = "default-src 'none'; media-src 'self'; sandbox allow-same-origin"
KEEP = "max-age=31536000, immutable"
# What another picture may take the place of.
KEEP_A_WHILE = "max-age=300"


@dataclass(frozen=True)
class Deliverable:
    """Bytes, and what a browser is told of them.

    Args:
        inline: shown in the page. Only for kinds that no browser runs as a document.
        is_public: anybody may keep it and embed it.
        is_final: no other bytes ever come from the same address.
    """

    blob: Blob
    content_type: str
    name: str
    inline: bool
    is_public: bool = False
    is_final: bool = True

    @property
    def plays(self) -> bool:
        return self.inline and self.content_type.startswith(("audio/", "video/"))

    @property
    def etag(self) -> str:
        return quote_etag(self.blob.sha256)


def of_asset(asset: Asset) -> Deliverable:
    return Deliverable(asset.blob, asset.content_type, asset.name, asset.shows_inline)


def deliver(request: Request | HttpRequest, what: Deliverable) -> HttpResponseBase:
    """The answer to GET or HEAD: whole, in part, unchanged, or the address where the object store gives it itself.

    Who may read it has been decided before.

    Raises:
        PreconditionFailed: `If-Match` names other bytes.
        RangeUnsatisfiable: nothing of what `Range` asks for is there.
        BytesMissing: the store gives nothing, or not what the row promises (if it is noticed before the first byte is sent).
    """
    if is_other(request, what.etag):
        raise PreconditionFailed("These are not the bytes that 'If-Match' names. Read the file anew.", currentETag=what.etag)
    if is_unchanged(request, what.etag):
        return _with_headers(HttpResponse(status=304), what, what.content_type)
    if request.method == "HEAD":  # ranges mean nothing here
        length = str(what.blob.size_bytes)
        return _with_headers(HttpResponse(headers={"Content-Length": length}), what, what.content_type)
    if settings.HOLDFAST_S3_REDIRECT and what.blob.store == "s3":
        return _elsewhere(what)
    ranges = _ranges(request, what)
    if ranges is None:
        return _whole(what)
    if not ranges:
        size = what.blob.size_bytes
        raise RangeUnsatisfiable(f"The file has {size} bytes; the range asked for begins behind them.", size=size)
    return _one_part(what, ranges[0]) if len(ranges) == 1 else _several_parts(what, ranges)


def _ranges(request: Request | HttpRequest, what: Deliverable) -> list[ByteRange] | None:
    header = request.headers.get("Range")
    # A date, or a weak tag, does not say that the bytes are the same.
    if header is None or request.headers.get("If-Range", what.etag).strip(" \t") != what.etag:
        return None
    return asked_ranges(header, what.blob.size_bytes)


def _whole(what: Deliverable) -> HttpResponseBase:
    size = what.blob.size_bytes
    # A store outside answers for itself only in part: its bytes are digested on their way.
    sha256 = what.blob.sha256 if what.blob.store == "s3" else ""
    pieces = _watched(what.blob, exactly(_read(what.blob, 0, size), size, sha256))
    return _with_headers(_answer(200, pieces, size), what, what.content_type)


def _one_part(what: Deliverable, part: ByteRange) -> HttpResponseBase:
    answer = _answer(206, _part(what, part), len(part))
    answer["Content-Range"] = part.content_range(what.blob.size_bytes)
    return _with_headers(answer, what, what.content_type)


def _several_parts(what: Deliverable, parts: list[ByteRange]) -> HttpResponseBase:
    """One body of them all (`multipart/byteranges`)."""
    frontier = secrets.token_hex(16)
    size = what.blob.size_bytes
    heads = [
        f"\r\n--{frontier}\r\nContent-Type: {what.content_type}\r\nContent-Range: {part.content_range(size)}\r\n\r\n".encode()
        for part in parts
    ]
    end = f"\r\n--{frontier}--\r\n".encode()
    pieces = chain(chain.from_iterable(chain([head], _part(what, part)) for head, part in zip(heads, parts, strict=True)), [end])
    length = sum(map(len, heads)) + sum(map(len, parts)) + len(end)
    return _with_headers(_answer(206, pieces, length), what, f"multipart/byteranges; boundary={frontier}")


def _part(what: Deliverable, part: ByteRange) -> Iterator[bytes]:
    return _watched(what.blob, exactly(_read(what.blob, part.start, part.stop), len(part)))


def _watched(blob: Blob, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces. If they are not all there, that is noted: the blob is verified next, and trusted no more until then."""
    try:
        yield from pieces
    except BytesMissing:
        doubt_blob(blob)
        raise


def _read(blob: Blob, start: int, stop: int) -> Iterator[bytes]:
    """Of large files in the database only a little at first: that is fetched by the request's own thread, of which there are
    many, and a connection keeps as much memory as its largest row once took."""
    if blob.store == "database" and connection.vendor == "postgresql" and stop - start > CHUNK_BYTES:
        yield from iter_object(blob.store, blob.key, start, start + SMALL_BYTES)
        start += SMALL_BYTES
    yield from iter_object(blob.store, blob.key, start, stop)


def _answer(status: int, pieces: Iterable[bytes], length: int) -> HttpResponseBase:
    if length <= SMALL_BYTES:
        return HttpResponse(b"".join(pieces), status=status, headers={"Content-Length": str(length)})
    pieces = iter(pieces)
    first = next(pieces)  # what is missing altogether is refused in words, and not by an answer that breaks off
    return Delivery(_after(first, pieces), length=length, status=status)


def _after(first: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Both, without holding on to the first."""
    yield first
    del first
    yield from pieces


def _with_headers(answer: HttpResponseBase, what: Deliverable, content_type: str) -> HttpResponseBase:
    """Other people's bytes: never run as a page of ours, and kept by those only who may read them."""
    answer["Content-Type"] = content_type
    answer["ETag"] = what.etag
    answer["Accept-Ranges"] = "bytes"
    answer["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(what.blob.sha256)).decode()}:"
    answer["Content-Disposition"] = disposition(what)
    answer["Content-Security-Policy"] = PLAYER if what.plays else NOTHING
    answer["X-Content-Type-Options"] = "nosniff"
    is_embedded = what.is_public or bool(settings.HOLDFAST_ASSET_ORIGIN)
    answer["Cross-Origin-Resource-Policy"] = "cross-origin" if is_embedded else "same-origin"
    answer["Cache-Control"] = f"{'public' if what.is_public else 'private'}, {KEEP if what.is_final else KEEP_A_WHILE}"
    if not what.is_public:
        patch_vary_headers(answer, ["Cookie", "Authorization"])
    return answer


def disposition(what: Deliverable) -> str:
    """`Content-Disposition` (RFC 6266, 8187). Whatever the name holds, it stays a name."""
    name = "".join("_" if c in BIDI_CONTROLS or not c.isprintable() else c for c in what.name)
    return content_disposition_header(not what.inline, name) or "attachment"


def _elsewhere(what: Deliverable) -> HttpResponseBase:
    """The object store's own address for it, which works for a minute."""
    store: Any = storages["s3"]
    address = store.presigned_url(
        what.blob.key, seconds=S3_ADDRESS_SECONDS, content_type=what.content_type, disposition=disposition(what)
    )
    return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})
