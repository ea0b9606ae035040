"""Request bodies: JSON that every database can keep, gzip or not, read up to a limit and no further."""

import zlib
from collections.abc import Callable
from typing import IO, Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from assets_app import strict_json
from assets_app.errors import AssetTooLarge, HoldfastError, InvalidInput

GZIP = 16 + zlib.MAX_WBITS
SMALL_BODY = 256 * 1024
TooMuch = Callable[[], HoldfastError]


def body_bytes(stream: IO[bytes], request: Request, *, limit: int, too_much: TooMuch) -> bytes:
    """The body, inflated if its `Content-Encoding` says so.

    Raises:
        UnsupportedMediaType: another encoding.
        InvalidInput: see `inflate`. What `too_much` makes: it is over the limit.
    """
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType(encoding)
    if encoding.endswith("gzip"):
        return inflate(stream, limit=limit, too_much=too_much)
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise too_much()
    return data


def inflate(stream: IO[bytes], *, limit: int, too_much: TooMuch) -> bytes:
    """The bytes of a gzip stream: what swells beyond the limit is not swelled.

    Raises:
        InvalidInput: no gzip, cut off, or with something behind its end. What `too_much` makes: it is over the limit.
    """
    packed = stream.read(limit + 1)
    if len(packed) > limit:
        raise too_much()
    inflater = zlib.decompressobj(wbits=GZIP)
    try:
        data = inflater.decompress(packed, limit + 1)
    except zlib.error:
        raise InvalidInput("The body is said to be gzip, but is not. Compress it, or leave the header out.") from None
    if len(data) > limit:
        raise too_much()
    if not inflater.eof or inflater.unused_data:
        raise InvalidInput("The gzip body is cut off, or something follows its end. Send it whole.")
    return data


class SmallObjectParser(BaseParser):
    """A JSON object of at most 256 KiB.

    Raises:
        InvalidInput: no JSON, or no object. AssetTooLarge: more than that.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        try:
            value = strict_json.parse(self.read(stream, parser_context["request"]))
        except strict_json.JsonRefused as refused:
            facts = {"pointer": refused.pointer} if refused.pointer is not None else {}
            raise InvalidInput(refused.message, **facts) from None
        if not isinstance(value, dict):
            raise InvalidInput("The body must be a JSON object.", pointer="")
        return value

    def read(self, stream: IO[bytes], request: Request) -> bytes:
        return body_bytes(stream, request, limit=SMALL_BODY, too_much=_too_much)


class SmallGzipParser(SmallObjectParser):
    """The older way to say that the JSON is compressed."""

    media_type = "application/gzip"

    def read(self, stream: IO[bytes], request: Request) -> bytes:
        return inflate(stream, limit=SMALL_BODY, too_much=_too_much)


def _too_much() -> AssetTooLarge:
    return AssetTooLarge(f"The body is over {SMALL_BODY // 1024} KiB. Send less at a time.", limit_bytes=SMALL_BODY)
