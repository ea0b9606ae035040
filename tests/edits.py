"""Documents of any kind, what people do to them, and a patcher that knows nothing of how differences are found."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st

from assets_app.strict_json import canonical
from sessions_app.merge import IDENTITY_KEYS, MISSING, Merge

SCALARS = st.sampled_from([None, True, False, 0, 1, -1, 0.0, -0.0, 1.0, 2, 10**40, 1e40, "", "a", "b", "1", "ü😀", "~", "a/b"])
NAMES = st.sampled_from(["a", "b", "", "~", "/", "~0", "~1", "=", "~order", "device_id=1", "id", "status", "ü", "devices"])
IDENTITIES = st.sampled_from(["D1", "D2", "D3", "", "1", "~", "a/b", "=", "~order", "ü", 0, 1, 2, -7, 10**40])


def rows_of(bodies: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.tuples(IDENTITIES, st.dictionaries(NAMES, bodies, max_size=3))
    pairs = st.lists(row, max_size=5, unique_by=lambda pair: str(pair[0]))
    return st.builds(lambda key, rows: [body | {key: name} for name, body in rows], st.sampled_from(IDENTITY_KEYS), pairs)


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4) | rows_of(inner) | rows_of(inner),
    max_leaves=12,
)
ROWS = rows_of(VALUES)
DOCUMENTS = st.dictionaries(NAMES, VALUES | ROWS, max_size=4) | ROWS | st.builds(lambda rows: {"devices": rows}, ROWS) | VALUES

Draw = Callable[[st.SearchStrategy[Any]], Any]


def edited(draw: Draw, value: Any) -> Any:
    """The value after one thing that somebody does to it, at any depth."""
    if isinstance(value, dict) and draw(st.integers(0, 9)):
        return edited_object(draw, value)
    if isinstance(value, list) and draw(st.integers(0, 9)):
        return edited_array(draw, value)
    return draw(VALUES)


def edited_object(draw: Draw, value: dict[str, Any]) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(value)) | NAMES if value else NAMES)
    what = draw(st.sampled_from(["inside", "inside", "inside", "set", "delete", "turn"]))
    if what == "turn":
        return dict(reversed(value.items()))
    if what == "delete":
        return {key: item for key, item in value.items() if key != name}
    return value | {name: edited(draw, value[name]) if what == "inside" and name in value else draw(VALUES)}


def edited_array(draw: Draw, value: list[Any]) -> list[Any]:
    what = draw(st.sampled_from(["inside", "inside", "insert", "delete", "move", "shuffle"]))
    if what == "shuffle":
        return list(draw(st.permutations(value)))
    items, place = list(value), draw(st.integers(0, len(value)))
    if what == "insert" or not value:
        return [*items[:place], draw(new_item(value)), *items[place:]]
    item = items.pop(min(place, len(items) - 1))
    if what == "delete":
        return items
    place = draw(st.integers(0, len(items))) if what == "move" else place
    return [*items[:place], edited(draw, item) if what == "inside" else item, *items[place:]]


def new_item(items: list[Any]) -> st.SearchStrategy[Any]:
    key = next((key for key in IDENTITY_KEYS if items and isinstance(items[0], dict) and key in items[0]), "device_id")
    return st.builds(lambda name, body: body | {key: name}, IDENTITIES, st.dictionaries(NAMES, SCALARS, max_size=2)) | VALUES


@st.composite
def versions(draw: Draw, count: int = 3) -> list[Any]:
    """Documents that were all made from the first; now and then from nothing in common."""
    base = draw(DOCUMENTS)
    result = [base]
    for _ in range(count - 1):
        document = base
        for _ in range(draw(st.integers(0, 4))):
            document = edited(draw, document)
        result.append(document)
    return result


ADDED_BY_BOTH = versions().map(lambda three: [{}, {"added": three[1]}, {"added": three[2]}])
TRIPLES = versions() | versions() | ADDED_BY_BOTH | st.lists(DOCUMENTS, min_size=3, max_size=3)
PAIRS = versions(2) | st.lists(DOCUMENTS, min_size=2, max_size=2)


def assert_same(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


def everywhere(result: Merge, side: Any) -> dict[str, Any]:
    return {difference.path: side for difference in result.differences}


def patched(document: Any, path: str, new: Any, like: Iterable[Any]) -> Any:
    """The document with `new` at a path. Containers that it lacks become what they are in one of `like`."""
    if path == "":
        return new
    step, _, rest = path[1:].partition("/")
    if document is MISSING:
        if new is MISSING:
            return MISSING
        document = next(type(other)() for other in like if isinstance(other, dict | list))
    rest = f"/{rest}" if path.count("/") > 1 else ""
    if isinstance(document, dict):
        name = unescaped(step)
        inner = patched(document.get(name, MISSING), rest, new, [child(other, step) for other in like])
        return {key: item for key, item in (document | {name: inner}).items() if item is not MISSING}
    assert isinstance(document, list)
    if step == "~order":
        return reordered(document, new)
    inner = patched(child(document, step), rest, new, [child(other, step) for other in like])
    if child(document, step) is MISSING:
        return [*document, inner] if inner is not MISSING else document
    return [item for item in (inner if row is child(document, step) else row for row in document) if item is not MISSING]


def child(value: Any, step: str) -> Any:
    if isinstance(value, dict):
        return value.get(unescaped(step), MISSING)
    if isinstance(value, list):
        key, _, name = step.partition("=")
        found = (row for row in value if isinstance(row, dict) and str(row.get(key, MISSING)) == unescaped(name))
        return next(found, MISSING)
    return MISSING


def reordered(rows: list[Any], names: Any) -> list[Any]:
    """Rows of the given identities take one another's places."""
    wanted = [] if names is MISSING else [str(name) for name in names]
    key = next(key for key in IDENTITY_KEYS if all(key in row for row in rows))
    by_name = {str(row[key]): row for row in rows}
    following = iter([by_name[name] for name in wanted if name in by_name])
    return [next(following) if str(row[key]) in wanted else row for row in rows]


def unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def regardless_of_order(value: Any) -> str:
    """A text in which rows stand sorted, so that only what is in them counts."""
    if isinstance(value, dict):
        return json.dumps({name: regardless_of_order(item) for name, item in value.items()}, sort_keys=True)
    if isinstance(value, list):
        texts = [regardless_of_order(item) for item in value]
        return json.dumps(["rows", sorted(texts)] if all(isinstance(item, dict) for item in value) else texts)
    return canonical(value)
