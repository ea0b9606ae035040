"""The differences of a conflict, laid out for a template: one row for each path, grouped by the array's row that it is in."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from assets_app.strict_json import canonical
from sessions_app.merge import MISSING, Change, Difference, escaped, is_same, unescaped
from sessions_app.review.texts import Piece, around, pieces, shortened, whole
from sessions_app.review.words import Gazetteer, Place, field_name, row_name, value_text

SIDES = ("base", "theirs", "yours")
KEY_LENGTH = 20
PREFILLED = 2000
NAMED = 300


@dataclass(frozen=True)
class Cell:
    """What one side holds at a path."""

    side: str
    is_there: bool
    pieces: list[Piece] = field(default_factory=list)
    whole: str = ""
    note: str = ""


@dataclass
class Row:
    """One path on which the sides differ, and what was chosen for it."""

    key: str
    place: Place
    difference: Difference
    choice: str = ""
    typed: str = ""
    problem: str = ""
    has_moved: bool = False

    @property
    def is_text(self) -> bool:
        """Whether what is typed is taken as text, or else as JSON."""
        values = self.values()
        return any(isinstance(value, str) for value in values) and all(
            value is MISSING or value is None or isinstance(value, str) for value in values
        )

    @property
    def is_decision(self) -> bool:
        """Whether it needs a choice, or has one that was made when it did."""
        return self.difference.side == "both" or self.choice in ("theirs", "yours", "value")

    @property
    def is_order(self) -> bool:
        return self.difference.path.endswith("/~order")

    @property
    def cells(self) -> list[Cell]:
        if self.is_order:
            return _order_cells(self.difference)
        return _cells(dict(zip(SIDES, self.values(), strict=True)))

    @property
    def taken(self) -> list[Cell]:
        """Before and after, where only one side changed it."""
        after = "yours" if self.difference.side == "yours" else "theirs"
        return [cell for cell in self.cells if cell.side in ("base", after)]

    @property
    def prefilled(self) -> str:
        """What stands in the field to begin with: what was typed, or else yours, to go on from."""
        if self.typed or self.choice == "value":
            return self.typed
        value = self.difference.yours if self.difference.yours is not MISSING else self.difference.theirs
        text = "" if value is MISSING else value if self.is_text and isinstance(value, str) else canonical(value)
        return text if len(text) <= PREFILLED else ""

    def values(self) -> tuple[Any, Any, Any]:
        return self.difference.base, self.difference.theirs, self.difference.yours


@dataclass
class Group:
    """The rows of one array's row, such as a device; or of the document itself, without a title."""

    title: str
    note: str
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class ChangeRow:
    """One path at which a document was changed."""

    place: Place
    cells: list[Cell]


@dataclass(frozen=True)
class Fold:
    """What nobody changed: how many of what, and their names."""

    count: int
    noun: str
    names: list[str]

    @property
    def more(self) -> int:
        return self.count - len(self.names)


def key_of(path: str) -> str:
    """The name of a path's form fields. The same, whatever else changed meanwhile."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:KEY_LENGTH]


def rows_of(differences: Iterable[Difference], gazetteer: Gazetteer) -> list[Row]:
    return [Row(key_of(each.path), gazetteer.place(each.path), each) for each in differences]


def change_rows(changes: Iterable[Change], gazetteer: Gazetteer) -> list[ChangeRow]:
    """Changes of a document as rows with two cells: before, after."""
    found = []
    for change in changes:
        if change.path.endswith("/~order"):
            difference = Difference(change.path, "theirs", change.before, change.after, change.before)
            cells = _order_cells(difference)[:2]
        else:
            cells = _cells({"base": change.before, "theirs": change.after})
        found.append(ChangeRow(gazetteer.place(change.path), cells))
    return found


def grouped(rows: Sequence[Row] | Sequence[ChangeRow]) -> list[Group]:
    """In the order in which they come. What belongs to no row of an array comes together."""
    groups: dict[str, Group] = {}
    for row in rows:
        place = row.place
        groups.setdefault(place.row, Group(place.title, place.note)).rows.append(row)
    return list(groups.values())


def folds_of(document: dict[str, Any], paths: Iterable[str], keys: Sequence[str]) -> list[Fold]:
    """What is the same on all sides, by the paths that are not: rows of arrays, and fields of the document."""
    touched: dict[str, set[str]] = {}
    for path in paths:
        first, _, rest = path[1:].partition("/")
        touched.setdefault(unescaped(first), set()).add(rest.partition("/")[0])
    folds, fields = [], []
    for name, value in document.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            same = _rows_untouched(value, touched.get(name, set()), keys)
            if same:
                folds.append(Fold(len(same), _counted(field_name(name), len(same)), same[:NAMED]))
        elif name not in touched:
            fields.append(field_name(name))
    if fields:
        folds.append(Fold(len(fields), "field" if len(fields) == 1 else "fields", fields[:NAMED]))
    return folds


def _rows_untouched(items: list[dict[str, Any]], touched: set[str], keys: Sequence[str]) -> list[str]:
    if "" in touched:  # the array as a whole
        return []
    key = next((key for key in keys if all(key in item for item in items)), "")
    start = f"{escaped(key)}="
    names = {unescaped(segment[len(start) :]) for segment in touched if segment.startswith(start)}
    return [row_name([item], str(item.get(key, "a row"))) for item in items if str(item.get(key)) not in names]


def _counted(noun: str, count: int) -> str:
    noun = noun[0].lower() + noun[1:]
    return noun[:-1] if count == 1 and noun.endswith("s") else noun


def _cells(values: dict[str, Any]) -> list[Cell]:
    texts = {side: value_text(value) for side, value in values.items()}
    there = [side for side, value in values.items() if value is not MISSING]
    compared = {side: pieces(texts["base"] if "base" in there else texts[side], texts[side]) for side in there}
    if "base" in there:
        # Of a long text, what the others changed in it is shown, not its beginning.
        compared["base"] = around(texts["base"], [parts for parts in compared.values() if len(parts) > 1]) or compared["base"]
    return [
        Cell(side, True, *_fitting(compared[side], texts[side]), note=_note(values[side], values, texts, side))
        if side in there
        else Cell(side, is_there=False)
        for side in values
    ]


def _fitting(parts: list[Piece], text: str) -> tuple[list[Piece], str]:
    """What is shown, and the whole text if that is less."""
    short = shortened(parts)
    return short, "" if short is parts else whole(text)


def _note(value: Any, values: dict[str, Any], texts: dict[str, str], side: str) -> str:
    """What the text alone does not tell: that it is empty, or of another kind than one that reads the same."""
    if value == "" and isinstance(value, str):
        return "empty text"
    alike = any(
        texts[other] == texts[side] and values[other] is not MISSING and not is_same(values[other], value) for other in values
    )
    return _kind(value) if alike else ""


def _kind(value: Any) -> str:
    kinds = {str: "text", bool: "yes or no", int: "whole number", float: "number", dict: "object", list: "list"}
    return kinds.get(type(value), "nothing (null)")


def _order_cells(difference: Difference) -> list[Cell]:
    """Of an order, who moved: all names in a row would hide that."""
    base = [str(name) for name in difference.base]
    cells = [Cell("base", True, [Piece("same", "As it was")], whole=whole("\n".join(base)))]
    for side, names in (("theirs", difference.theirs), ("yours", difference.yours)):
        texts = [str(name) for name in names]
        moved = _moves([name for name in base if name in set(texts)], texts)
        told = "\n".join(moved[:20]) + (f"\n… and {len(moved) - 20} more" if len(moved) > 20 else "")
        cells.append(Cell(side, True, [Piece("same", told or "As it was")], whole=whole("\n".join(texts))))
    return cells


def _moves(before: list[str], after: list[str]) -> list[str]:
    """Each row that stands after another one than before."""
    previous = dict(zip(before, ["", *before], strict=False))
    told = []
    for name, predecessor in zip(after, ["", *after], strict=False):
        if previous.get(name) != predecessor:
            told.append(f"{name} after {predecessor}" if predecessor else f"{name} first")
    return told
