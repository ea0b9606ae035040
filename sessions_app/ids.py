"""Ids of sessions: chosen by clients, and spelled in two ways when they are capture times."""

import re

from assets_app.errors import InvalidInput
from assets_app.names import check_text

RESERVED = frozenset({"deleted"})
CAPTURE_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2})[_:]([0-9]{2})[_:]([0-9]{2}(?:\.[0-9]{1,9})?)Z")


def canonical_id(text: str) -> str:
    """An id in its one spelling: in capture times, `_` stands for `:`, so that it also serves as a file's name.

    Raises:
        InvalidInput: empty, over 255 characters, with control characters, a slash, or blanks at its ends.
    """
    check_text(text, what="session_id", max_length=255)
    if not text or text != text.strip() or "/" in text or text in (".", ".."):
        raise InvalidInput("A session_id has 1 to 255 characters, no slash, and no blank at either end.", field="session_id")
    return CAPTURE_TIME.sub(r"\1T\2_\3_\4Z", text)


def check_new_id(text: str) -> str:
    """An id for a new session, in its one spelling.

    Raises:
        InvalidInput: see `canonical_id`; or a word that addresses already mean something else by.
    """
    session_id = canonical_id(text)
    if session_id in RESERVED:
        raise InvalidInput(f"'{session_id}' means something else in this API's addresses. Choose another id.", field="session_id")
    return session_id


def capture_time_in(text: str) -> str | None:
    """The first capture time in a text, in ISO 8601: `2025-12-14T10:24:07.182Z`."""
    match = CAPTURE_TIME.search(text)
    return f"{match[1]}T{match[2]}:{match[3]}:{match[4]}Z" if match else None
