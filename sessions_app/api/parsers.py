"""Request bodies: JSON that every database can keep, gzip or not, read up to the limit and no further."""

from typing import IO, Any

from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from assets_app.api.parsers import body_bytes, inflate
from assets_app.errors import InvalidInput
from sessions_app.documents import document_too_large, max_document_bytes, parse_json_body


class JsonParser(BaseParser):
    """Any JSON value.

    Raises:
        InvalidInput, DocumentTooLarge: see `parse_json_body`; also a broken gzip stream.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return parse_json_body(self.read(stream, parser_context["request"]))

    def read(self, stream: IO[bytes], request: Request) -> bytes:
        return body_bytes(stream, request, limit=max_document_bytes(), too_much=document_too_large)


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
        return inflate(stream, limit=max_document_bytes(), too_much=document_too_large)


class MergePatchParser(StrictJsonParser):
    media_type = "application/merge-patch+json"


class JsonPatchParser(JsonParser):
    media_type = "application/json-patch+json"
