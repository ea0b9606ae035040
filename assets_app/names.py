"""Rules for names that come from outside. A name is only ever shown and stored, never used as a path."""

import unicodedata

from assets_app.errors import InvalidInput

MAX_NAME_LENGTH = 255
# Of a name with folders in front.
LONGEST_PATH = 4096
# Characters that reorder the text around them: "exe.gnp" can be made to read as "png.exe".
BIDI_CONTROLS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_file_name(raw: str) -> str:
    """The last part of a file name as sent by a client.

    A folder in front is dropped, as browsers send one for a file from a dropped folder.

    Raises:
        InvalidInput: empty, over 255 characters, `..` as a part, or a control character.
    """
    parts = raw[: LONGEST_PATH + 1].replace("\\", "/").split("/")
    name = parts[-1].strip()
    if ".." in parts:
        raise InvalidInput("The file name leads out of its folder ('..'). Rename the file and send it again.", name=shown(raw))
    check_text(raw, what="file name", max_length=LONGEST_PATH)
    if not name or name == ".":
        raise InvalidInput("The file has no name. Give it one and send it again.", name=shown(raw))
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInput(
            f"The file name has {len(name)} characters; at most {MAX_NAME_LENGTH} are kept. Shorten it and send it again.",
            name=shown(raw),
        )
    return name


def check_text(text: str, *, what: str, max_length: int | None = None) -> str:
    """`text` unchanged, if every database can store it and no screen can be deceived by it.

    Raises:
        InvalidInput: too long, or a control character, lone surrogate or direction override.
    """
    if max_length is not None and len(text) > max_length:  # first: looking at every character of a long one takes seconds
        raise InvalidInput(f"The {what} has {len(text)} characters; at most {max_length} are kept.", field=what)
    for position, character in enumerate(text):
        if unicodedata.category(character) in ("Cc", "Cs") or character in BIDI_CONTROLS:
            raise InvalidInput(
                f"The {what} holds the control character U+{ord(character):04X} at position {position + 1}. Remove it.",
                field=what,
            )
    return text


def shown(raw: str, length: int = 80) -> str:
    """A hostile name, safe to put into a message or a log line."""
    clean = "".join(c if c.isprintable() and c not in BIDI_CONTROLS else "\N{REPLACEMENT CHARACTER}" for c in raw)
    return clean if len(clean) <= length else clean[: length - 1] + "…"
