"""Paths and values as people say them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assets_app.names import shown
from sessions_app.merge import MISSING, escaped, unescaped

NAMES = ("product_name", "official_product_name", "name", "title", "label", "text", "filename")
DOORS = {"api": "the API", "page": "a page", "admin": "the admin", "command": "a command"}
BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"),
)  # fmt: skip
CAPITALS = {"id": "ID", "url": "URL", "urls": "URLs", "gmdn": "GMDN", "csv": "CSV", "pdf": "PDF"}
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NAME_LENGTH = 80


@dataclass(frozen=True)
class Place:
    """Where something differs. `row` is the path of the array's row that it is in, or empty.

    `title` and `note` name that row, and `identity` tells it from others of that name.
    """

    path: str
    row: str
    title: str
    note: str
    field: str
    identity: str = ""

    @property
    def row_name(self) -> str:
        """The row, told from others that are called the same."""
        return self.title if self.identity in ("", self.title) else f"{self.title} ({self.identity})"

    @property
    def words(self) -> str:
        return f"{self.title}: {self.field}" if self.row else self.field


class Gazetteer:
    """Names the places of some documents that belong together. `labels`: what fields are called elsewhere on the page."""

    def __init__(self, documents: Sequence[Any], keys: Sequence[str], labels: Mapping[str, str] | None = None) -> None:
        self._documents = documents
        self._keys = keys
        self._labels = labels or {}
        self._rows: dict[tuple[int, str], dict[str, Any]] = {}

    def place(self, path: str) -> Place:
        """The path in words: of rows by what they are called, of fields by their names."""
        nodes: list[Any] = list(self._documents)
        names: list[str] = []
        row = title = note = called = ""
        walked = ""
        for segment in path.split("/")[1:]:
            walked += f"/{segment}"
            lists = [node for node in nodes if isinstance(node, list)]
            if lists and segment == "~order":
                names.append("Order of the rows")
                nodes = []
            elif lists and (identity := self._identity(segment)) is not None:
                nodes = self._rows_called(lists, *identity)
                row, title = walked, row_name(nodes, identity[1])
                called = shown(identity[1], NAME_LENGTH)
                note = ", ".join([*names, called])
                names = []
            else:
                name = unescaped(segment)
                names.append(self._labels.get(name) or field_name(name))
                nodes = [node[name] for node in nodes if isinstance(node, dict) and name in node]
        return Place(path, row, title, note, " › ".join(names) or ("The whole row" if row else "The whole document"), called)

    def _identity(self, segment: str) -> tuple[str, str] | None:
        for key in self._keys:
            start = f"{escaped(key)}="
            if segment.startswith(start):
                return key, unescaped(segment[len(start) :])
        return None

    def _rows_called(self, lists: list[list[Any]], key: str, identity: str) -> list[Any]:
        found = []
        for items in lists:
            place = (id(items), key)
            if place not in self._rows:
                self._rows[place] = {str(item[key]): item for item in items if isinstance(item, dict) and key in item}
            if identity in self._rows[place]:
                found.append(self._rows[place][identity])
        return found


def row_name(rows: Sequence[Any], identity: str) -> str:
    """What a row is called: by the first of its names that says something, else by its identity."""
    for row in rows:
        for field in NAMES:
            name = row.get(field)
            if isinstance(name, str) and name.strip():
                return shown(name.strip(), NAME_LENGTH)
    return shown(identity, NAME_LENGTH)


def field_name(name: str) -> str:
    """`checker_notes` as "Checker notes"."""
    words = CAMEL.sub(" ", name.replace("_", " ")).split()
    spelled = [CAPITALS.get(word.lower(), word) for word in words]
    if not spelled:
        return "(a field without a name)"
    spelled[0] = spelled[0][0].upper() + spelled[0][1:]
    return shown(" ".join(spelled), NAME_LENGTH)


def value_text(value: Any) -> str:
    """A value as text: a text as it is, rows and lists laid out for reading."""
    if value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "\n".join(f"{field_name(name)}: {_inside(item)}" for name, item in value.items()) or "{}"
    if isinstance(value, list):
        return "\n".join(_inside(item) for item in value) or "[]"
    return json.dumps(value, ensure_ascii=False)


def door_name(door: str) -> str:
    return DOORS.get(door, door)


def device_name(device: str) -> str:
    """What a device calls itself; of a browser, which one it is and what it runs on."""
    if not device.startswith("Mozilla/"):
        return device
    browser = next((name for mark, name in BROWSERS if mark in device), "a browser")
    system = next((name for mark, name in SYSTEMS if mark in device), "")
    return f"{browser} on {system}" if system else browser


def _inside(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
