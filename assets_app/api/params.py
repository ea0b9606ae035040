"""Query parameters, read by rule: a wrong one is told, never guessed."""

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


def text(request: Request, name: str) -> str:
    """Free text of at most 200 characters."""
    return check_text(request.query_params.get(name, "").strip(), what=name, max_length=200)
