"""Request bodies: JSON that every database can keep, gzip or not, read up to the limit and no further."""

import zlib
from typing import IO, Any

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from assets_app.errors import InvalidInput
from sessions_app.documents import document_too_large, max_document_bytes, parse_json_body

GZIP = 16 + zlib.MAX_WBITS


class JsonParser(BaseParser):
    """Any JSON value.

    Raises:
        InvalidInput, DocumentTooLarge: see `parse_json_body`; also a broken gzip stream.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return parse_json_body(self.read(stream, parser_context["request"]))

    def read(self, stream: IO[bytes], request: Request) -> bytes:
        encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise UnsupportedMediaType(encoding)
        if encoding.endswith("gzip"):
            return inflate(stream)
        return stream.read(max_document_bytes() + 1)


class StrictJsonParser(JsonParser):
    """A JSON object."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        value = super().parse(stream, media_type, parser_context)
        if not isinstance(value, dict):
            raise InvalidInput("The body must be a JSON object.", pointer="")
        return value


class GzipParser(StrictJsonParser):
    """The older way to say that the JSON is compressed. Clients that say it both ways mean it once."""

    media_type = "application/gzip"

    def read(self, stream: IO[bytes], request: Request) -> bytes:
        return inflate(stream)


class MergePatchParser(StrictJsonParser):
    media_type = "application/merge-patch+json"


class JsonPatchParser(JsonParser):
    media_type = "application/json-patch+json"


def inflate(stream: IO[bytes]) -> bytes:
    """The bytes of a gzip stream, up to the limit on documents: what swells beyond it is not swelled.

    Raises:
        InvalidInput: no gzip, cut off, or with something behind its end.
        DocumentTooLarge: it inflates to more than the limit.
    """
    limit = max_document_bytes()
    packed = stream.read(limit + 1)
    if len(packed) > limit:
        raise document_too_large()
    inflater = zlib.decompressobj(wbits=GZIP)
    try:
        data = inflater.decompress(packed, limit + 1)
    except zlib.error:
        raise InvalidInput("The body is said to be gzip, but is not. Compress it, or leave the header out.") from None
    if len(data) > limit:
        raise document_too_large()
    if not inflater.eof or inflater.unused_data:
        raise InvalidInput("The gzip body is cut off, or something follows its end. Send it whole.")
    return data
