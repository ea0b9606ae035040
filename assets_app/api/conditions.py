"""Conditional requests (RFC 9110, section 13)."""

from django.utils.http import parse_etags
from rest_framework.request import Request


def is_unchanged(request: Request, etag: str) -> bool:
    """Does `If-None-Match` name this entity tag (quoted, strong)? Weak comparison, as for all reads."""
    sent = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in sent or etag in [tag.removeprefix("W/") for tag in sent]
