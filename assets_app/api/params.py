"""Query parameters, read by rule: a wrong one is told, never guessed."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from assets_app.errors import InvalidInput
from assets_app.names import check_text


def integer(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number in a range.

    Raises:
        InvalidInput: not a whole number, or out of range.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or not least <= int(text) <= most:
        raise InvalidInput(f"'{name}' must be a whole number from {least} to {most}.", field=name)
    return int(text)


def choice(request: Request, name: str, choices: list[str], *, default: str = "") -> str:
    """One of a few words.

    Raises:
        InvalidInput: another word.
    """
    text = request.query_params.get(name, "") or default
    if text and text not in choices:
        raise InvalidInput(f"'{name}' must be one of: {', '.join(choices)}.", field=name)
    return text


def moment(request: Request, name: str) -> datetime | None:
    """A time in ISO 8601. Without a zone it is UTC.

    Raises:
        InvalidInput: not a time.
    """
    sent = request.query_params.get(name, "").strip()
    if not sent:
        return None
    try:
        return as_utc(sent.replace(" ", "+"))  # a plus that was not escaped arrives as a blank
    except ValueError:
        raise InvalidInput(f"'{name}' must be a time such as 2025-12-14T10:24:07Z.", field=name) from None


def as_utc(text: str) -> datetime:
    """A time in ISO 8601, without a zone taken for UTC.

    Raises:
        ValueError: not a time, or one that in UTC lies before the year 1 or after 9999.
    """
    found = parse_datetime(text)
    if found is None:
        raise ValueError(text)
    try:
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(text) from None


def text(request: Request, name: str) -> str:
    """Free text of at most 200 characters."""
    return check_text(request.query_params.get(name, "").strip(), what=name, max_length=200)


def texts(request: Request, name: str, *, most: int) -> list[str]:
    """A parameter that may be given several times.

    Raises:
        InvalidInput: too often, or one that is too long or holds control characters.
    """
    sent = [text for text in request.query_params.getlist(name) if text]
    if len(sent) > most:
        raise InvalidInput(f"'{name}' can be given at most {most} times.", field=name)
    return [check_text(text, what=name, max_length=200) for text in sent]
