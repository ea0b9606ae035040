"""Changes of documents in words: which device, which field, from what to what."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sessions_app.merge import MISSING, Change, diff
from sessions_app.pages.rows import STATUSES
from sessions_app.policies import identity_keys
from sessions_app.review.words import Gazetteer, Place

LABELS = {  # as the editor calls them
    "selected_image_url": "Chosen image",
    "custom_image_url": "Own image",
    "checker_notes": "Notes",
    "product_name": "Product",
    "completed_batches": "Batches done",
    "session_name": "Name",
}
LONGEST = 400


@dataclass
class Section:
    """What changed in one device, or in the list itself."""

    title: str
    lines: list[dict[str, str]] = field(default_factory=list)


def changes_in_words(before: dict[str, Any], after: dict[str, Any]) -> list[Section]:
    """What changed from one document to another."""
    gazetteer = Gazetteer((after, before), identity_keys(), LABELS)
    changes = [(gazetteer.place(change.path), change) for change in diff(before, after, keys=identity_keys())]
    return [
        Section(title, [_line(place, change) for place, change in group])
        for title, group in groupby(changes, key=lambda pair: _title(pair[0]))
    ]


def paths_in_words(paths: Iterable[str], document: dict[str, Any]) -> list[str]:
    gazetteer = Gazetteer((document,), identity_keys(), LABELS)
    return [f"{_title(place)}: {place.field}" for place in map(gazetteer.place, paths)]


def in_words(value: Any, path: str = "") -> str:
    """A value, short enough to be read."""
    if value is MISSING or value is None or value == "":
        return "nothing"
    if path.endswith("/status") and isinstance(value, str):
        return STATUSES.get(value, value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _title(place: Place) -> str:
    return place.row_name or "The list itself"


def _line(place: Place, change: Change) -> dict[str, str]:
    before, after = (in_words(value, change.path) for value in (change.before, change.after))
    return {"label": place.field, "before": before, "after": after}
