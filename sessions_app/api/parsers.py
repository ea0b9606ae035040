"""Request bodies: JSON that every database can keep, read up to the limit and no further."""

from typing import Any

from rest_framework.parsers import BaseParser

from assets_app.errors import InvalidInput
from sessions_app.documents import max_document_bytes, parse_json_body


class StrictJsonParser(BaseParser):
    """Parses to an object.

    Raises:
        InvalidInput, DocumentTooLarge: see `parse_json_body`.
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        value = parse_json_body(stream.read(max_document_bytes() + 1))
        if not isinstance(value, dict):
            raise InvalidInput("The body must be a JSON object.", pointer="")
        return value
