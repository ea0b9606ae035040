"""Conditional requests (RFC 9110, section 13)."""

import re
from typing import Any

from django.http import HttpRequest
from django.utils.http import parse_etags
from rest_framework.request import Request

from assets_app.errors import InvalidInput


def matched_version(request: Request, **told: Any) -> int | None:
    """The version that a change is meant for: from `If-Match`, or from elsewhere in the request, which must agree.

    Args:
        told: by name, what else the request says (None if nothing).

    Raises:
        InvalidInput: malformed, or several different versions.
    """
    versions = {name: _version_number(value, name) for name, value in told.items() if value is not None}
    if sent := request.headers.get("If-Match", ""):
        tags = parse_etags(sent)
        if len(tags) != 1 or (number := re.fullmatch(r'"([0-9]{1,10})"', tags[0])) is None:
            raise InvalidInput("If-Match must be one version in quotes, as in the ETag of what you read.", field="If-Match")
        versions["If-Match"] = int(number[1])
    if len(set(versions.values())) > 1:
        told_in_words = ", ".join(f"{name}: {version}" for name, version in versions.items())
        raise InvalidInput(f"The request names different versions ({told_in_words}). Send one.", field=next(iter(versions)))
    return next(iter(versions.values()), None)


def _version_number(value: Any, name: str) -> int:
    if type(value) is not int or value < 0:
        raise InvalidInput(f"'{name}' must be a whole number: the version that you read.", pointer=f"/{name}")
    return value


def is_other(request: Request | HttpRequest, etag: str) -> bool:
    """Does `If-Match` ask for another entity tag than this one (quoted, strong)? Strong comparison: `W/` is never the same."""
    sent = request.headers.get("If-Match")
    return sent is not None and not {"*", etag} & set(parse_etags(sent))


def is_unchanged(request: Request | HttpRequest, etag: str) -> bool:
    """Does `If-None-Match` name this entity tag (quoted, strong)? Weak comparison, as for all reads."""
    sent = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in sent or etag in [tag.removeprefix("W/") for tag in sent]
