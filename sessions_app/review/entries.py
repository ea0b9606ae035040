"""What a posted form says: choices by path, typed values, and what was looked at."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets_app import strict_json
from sessions_app.documents import LARGEST_INTEGER
from sessions_app.review.rows import Row

CHOICES = ("base", "theirs", "yours", "value")
CHOICE, TYPED = "choice-", "value-"


@dataclass(frozen=True)
class Entries:
    """A form as it was sent. `picks` and `typed` go by `rows.key_of` a path; `rest` is for paths without a choice."""

    version: int | None = None
    picks: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)
    rest: str = ""
    reason: str = ""

    @classmethod
    def of(cls, data: Mapping[str, str]) -> "Entries":
        """From a form's fields. What cannot have come from the page is left out."""
        number = data.get("version", "")
        is_number = number.isascii() and number.isdigit() and len(number) <= 10 and int(number) <= LARGEST_INTEGER
        return cls(
            version=int(number) if is_number else None,
            picks={name.removeprefix(CHOICE): data[name] for name in data if name.startswith(CHOICE) and data[name] in CHOICES},
            typed={name.removeprefix(TYPED): _lines(data[name]) for name in data if name.startswith(TYPED)},
            rest=data.get("rest", "") if data.get("rest") in ("theirs", "yours") else "",
            reason=data.get("reason", ""),
        )


def put_on(rows: Iterable[Row], entries: Entries) -> None:
    """Put what was chosen and typed on the rows that it was meant for. Where both agree by now, there is nothing to choose."""
    for row in rows:
        row.choice = entries.picks.get(row.key, "") if row.difference.side != "same" else ""
        if row.choice == "value":
            row.typed = entries.typed.get(row.key, "")


def choices_on(rows: Iterable[Row], *, rest: str = "") -> dict[str, Any]:
    """The choices as `sessions_app.merge` takes them. A typed value that cannot be read gives its row a `problem`."""
    choices: dict[str, Any] = {}
    for row in rows:
        if row.choice == "value":
            try:
                choices[row.place.path] = {"value": typed_value(row.typed, is_text=row.is_text)}
            except strict_json.JsonRefused as refused:
                row.problem = refused.message if row.is_text else f"{refused.message} {HINT}"
        elif row.choice:
            choices[row.place.path] = row.choice
        elif rest and row.difference.side == "both":
            choices[row.place.path] = rest
    return choices


HINT = 'Texts stand in quotes: "like this"; numbers, true, false and null without.'


def typed_value(typed: str, *, is_text: bool) -> Any:
    """The value of what somebody typed.

    Raises:
        JsonRefused: no JSON, or a text that cannot be kept.
    """
    return strict_json.parse((json.dumps(typed) if is_text else typed).encode("utf-8", "surrogatepass"))


def _lines(text: str) -> str:
    """Browsers send line ends as CR LF, whatever was there before."""
    return text.replace("\r\n", "\n")
