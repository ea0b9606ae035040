"""Merging two people's documents. What fails here loses somebody's work, or writes it on the wrong device.

`HOLDFAST_TEST_EXAMPLES=20000` makes the searches longer.
"""

import copy
import json
import os
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets_app.strict_json import canonical
from sessions_app.merge import IDENTITY_KEYS, MISSING, BadChoice, Choice, Difference, Merge, UnknownPath, diff, is_same, merge

search = settings(
    max_examples=int(os.environ.get("HOLDFAST_TEST_EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

# --- Documents of any kind, and what people do to them -----------------------------------------------------------------

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


TRIPLES = versions() | versions() | st.lists(DOCUMENTS, min_size=3, max_size=3)
PAIRS = versions(2) | st.lists(DOCUMENTS, min_size=2, max_size=2)


def assert_same(one: Any, other: Any) -> None:
    assert canonical(one) == canonical(other)


def everywhere(result: Merge, side: Any) -> dict[str, Any]:
    return {difference.path: side for difference in result.differences}


# --- A patcher that knows nothing of how differences are found ---------------------------------------------------------


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


# --- What holds for all documents --------------------------------------------------------------------------------------


@search
@given(PAIRS)
def test_what_one_person_did_is_taken_whole(pair: list[Any]) -> None:
    base, changed = pair
    for result in (merge(base, base, changed), merge(base, changed, base), merge(base, changed, changed)):
        assert_same(result.value, changed)
        assert result.is_disjoint
        assert result.undecided == []
    assert {each.side for each in merge(base, base, changed).differences} <= {"yours"}
    assert {each.side for each in merge(base, changed, base).differences} <= {"theirs"}
    assert {each.side for each in merge(base, changed, changed).differences} <= {"same"}


@search
@given(TRIPLES)
def test_taking_all_of_one_side_gives_that_side_and_nothing_else(triple: list[Any]) -> None:
    result = merge(*triple)
    for side, document in zip(("base", "theirs", "yours"), triple, strict=True):
        taken = merge(*triple, choices=everywhere(result, side))
        assert_same(taken.value, document)
        assert taken.undecided == []
        assert taken.differences == result.differences


@search
@given(TRIPLES, st.data())
def test_the_merge_is_the_base_with_the_chosen_changes_and_nothing_else(triple: list[Any], data: st.DataObject) -> None:
    base, theirs, yours = triple
    result = merge(*triple)
    chosen: dict[str, Any] = {
        each.path: data.draw(st.sampled_from(["theirs", "yours", "base"]), each.path)
        for each in result.differences
        if each.side == "both" or data.draw(st.booleans())
    }
    decided = merge(*triple, choices=chosen)
    assert decided.undecided == []
    expected = base
    for each in result.differences:
        side = chosen.get(each.path) or ("yours" if each.side == "yours" else "theirs")
        expected = patched(expected, each.path, getattr(each, side), [theirs, yours])
    assert regardless_of_order(decided.value) == regardless_of_order(expected)


@search
@given(TRIPLES)
def test_what_both_changed_differently_is_never_dropped_silently(triple: list[Any]) -> None:
    result = merge(*triple)
    assert result.undecided == [each.path for each in result.differences if each.side == "both"]
    decisions = {each.path for each in result.differences if each.side == "both"}
    for path in contested(*triple):
        assert any(path == each or path.startswith(f"{each}/") for each in decisions), path


def contested(base: Any, theirs: Any, yours: Any, path: str = "") -> Iterable[str]:
    """Paths through objects at which three different values stand that cannot be taken apart further."""
    if isinstance(base, dict) and isinstance(theirs, dict) and isinstance(yours, dict):
        for name in sorted({*base, *theirs, *yours}):
            step = name.replace("~", "~0").replace("/", "~1")
            inner = [side.get(name, MISSING) for side in (base, theirs, yours)]
            yield from contested(inner[0], inner[1], inner[2], f"{path}/{step}")
        return
    are_different = len({"" if side is MISSING else canonical(side) for side in (base, theirs, yours)}) == 3
    may_be_taken_apart = (
        type(theirs) is type(yours) and type(theirs) in (dict, list) and type(base) in (type(theirs), type(MISSING))
    )
    if are_different and not may_be_taken_apart:
        yield path


@search
@given(TRIPLES)
def test_every_difference_is_told_as_it_is(triple: list[Any]) -> None:
    differences = merge(*triple).differences
    assert len({each.path for each in differences}) == len(differences)
    for each in differences:
        if not each.path.endswith("/~order"):
            values = [each.base, each.theirs, each.yours]
            assert [at(document, each.path) for document in triple] == values
            changed = [not is_same(each.base, side) for side in values[1:]]
            if changed == [True, True]:
                assert each.side == ("same" if is_same(each.theirs, each.yours) else "both")
            else:
                assert each.side == ("theirs" if changed[0] else "yours")
                assert any(changed)


def at(document: Any, path: str) -> Any:
    for step in path.split("/")[1:]:
        document = child(document, step)
    return document


@search
@given(TRIPLES)
def test_swapping_the_sides_finds_the_same_differences(triple: list[Any]) -> None:
    base, theirs, yours = triple
    other = {"theirs": "yours", "yours": "theirs"}
    there = {(each.path, each.side) for each in merge(base, theirs, yours).differences}
    back = {(each.path, other.get(each.side, each.side)) for each in merge(base, yours, theirs).differences}
    assert there == back


@search
@given(TRIPLES)
def test_the_documents_stay_as_they_were_and_the_order_of_keys_means_nothing(triple: list[Any]) -> None:
    before = json.dumps(triple)
    result = merge(*triple)
    assert json.dumps(triple) == before
    turned = [backwards(document) for document in triple]
    again = merge(*turned)
    assert_same(again.value, result.value)
    assert [(each.path, each.side) for each in again.differences] == [(each.path, each.side) for each in result.differences]


def backwards(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: backwards(item) for name, item in reversed(value.items())}
    return [backwards(item) for item in value] if isinstance(value, list) else value


@search
@given(PAIRS)
def test_a_comparison_tells_every_change_and_only_changes(pair: list[Any]) -> None:
    before, after = pair
    changes = diff(before, after)
    assert (changes == []) == (canonical(before) == canonical(after))
    result = before
    for change in changes:
        assert not is_same(change.before, change.after)
        result = patched(result, change.path, change.after, [after])
    assert regardless_of_order(result) == regardless_of_order(after)


@search
@given(VALUES, VALUES)
def test_values_are_the_same_exactly_if_their_texts_are(one: Any, other: Any) -> None:
    assert is_same(one, other) == (canonical(one) == canonical(other))
    assert is_same(one, backwards(copy.deepcopy(one)))


# --- Devices: a model that is simple enough to be seen through ---------------------------------------------------------

FIELDS = ("status", "note", "µ")
Board = dict[str, dict[str, Any]]  # in the order of the rows


def document_of(board: Board) -> dict[str, Any]:
    return {"devices": [{"device_id": name} | fields for name, fields in board.items()]}


def board_of(document: Any) -> Board:
    board = {row["device_id"]: {key: row[key] for key in row if key != "device_id"} for row in document["devices"]}
    assert len(board) == len(document["devices"])
    return board


@st.composite
def boards(draw: Draw) -> Board:
    cells = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from([0, 1, True, "x"]))
    return {f"D{number}": draw(cells) for number in range(draw(st.integers(0, 6)))}


def worked_on(draw: Draw, board: Board, own: list[str], added: str, *, may_move: bool) -> Board:
    """What somebody made of the devices who touches only `own`, and adds devices called `added`…"""
    result = copy.deepcopy(board)
    for name in own:
        if draw(st.booleans()):
            if draw(st.booleans()):
                del result[name]
            else:
                result[name][draw(st.sampled_from(FIELDS))] = draw(st.sampled_from([1.0, False, "new"]))
    if may_move and draw(st.booleans()):
        result = {name: result[name] for name in draw(st.permutations(list(result)))}
    for number in range(draw(st.integers(0, 3))):
        rows = list(result.items())
        place = draw(st.integers(0, len(rows)))
        result = dict([*rows[:place], (f"{added}{number}", {"status": number}), *rows[place:]])
    return result


@st.composite
def shared_work(draw: Draw) -> tuple[Board, Board, Board]:
    """Two people who share the devices out between them. At most one of them sorts."""
    base = draw(boards())
    first = [name for name in base if draw(st.booleans())]
    second = [name for name in base if name not in first]
    theirs = worked_on(draw, base, first, "T", may_move=True)
    return base, theirs, worked_on(draw, base, second, "Y", may_move=not has_sorted(base, theirs))


@search
@given(shared_work())
def test_two_who_touch_different_devices_both_find_all_their_work(work: tuple[Board, Board, Board]) -> None:
    base, theirs, yours = work
    expected = {}
    for name in {**base, **theirs, **yours}:
        rows = [side.get(name) for side in work]
        row = rows[2] if is_same(rows[0], rows[1]) else rows[1]  # at most one of them touched it
        if row is not None:
            expected[name] = row
    for one, other in ((theirs, yours), (yours, theirs)):
        result = merge(document_of(base), document_of(one), document_of(other))
        assert result.is_disjoint
        merged = board_of(result.value)
        assert_same(merged, expected)
        for side in (theirs, yours):
            if has_sorted(base, side) or not (has_sorted(base, theirs) or has_sorted(base, yours)):
                assert not has_sorted(side, merged)
            assert_additions_follow_what_they_followed(list(base), list(side), list(merged))


def has_sorted(base: Iterable[str], side: Iterable[str]) -> bool:
    return [name for name in base if name in side] != [name for name in side if name in base]


def assert_additions_follow_what_they_followed(base: list[str], side: list[str], merged: list[str]) -> None:
    def followed(name: str, names: list[str]) -> str | None:
        before = names[: names.index(name)]
        return next((each for each in reversed(before) if each in base and each in merged), None)

    for name in side:
        if name not in base:
            assert followed(name, side) == followed(name, merged), name


@st.composite
def free_work(draw: Draw) -> tuple[Board, Board, Board]:
    """Two people who do whatever they like to the same devices, and may add the same ones."""
    base = draw(boards())
    theirs, yours = (worked_on(draw, base, list(base), draw(st.sampled_from(["N", name])), may_move=True) for name in ("T", "Y"))
    return base, theirs, yours


@search
@given(free_work())
def test_every_device_is_merged_with_itself_wherever_it_stands(work: tuple[Board, Board, Board]) -> None:
    base, theirs, yours = work
    result = merge(*map(document_of, work))
    merged, decisions = board_of(result.value), set(result.undecided)
    for name in {**base, **theirs, **yours}:
        path = f"/devices/device_id={name}"
        rows = [board.get(name) for board in work]
        if None in rows:
            expected, is_open = ruled(*rows)
            assert is_same(merged.get(name), expected)
            assert (path in decisions) == is_open
            continue
        for field in FIELDS:
            expected, is_open = ruled(*(board[name].get(field) for board in work))
            assert is_same(merged[name].get(field), expected)
            assert (f"{path}/{field}" in decisions) == is_open
    assert {path for path in decisions if not path.startswith("/devices/device_id=")} <= {"/devices/~order"}


def ruled(base: Any, theirs: Any, yours: Any) -> tuple[Any, bool]:
    """The three-way rule for one thing: its value, and whether it needs a decision."""
    if is_same(theirs, yours) or is_same(base, yours):
        return theirs, False
    return (yours, False) if is_same(base, theirs) else (theirs, True)


@search
@given(free_work())
def test_two_different_orders_are_a_decision(work: tuple[Board, Board, Board]) -> None:
    base, theirs, yours = map(list, work)
    orders = [each for each in merge(*map(document_of, work)).differences if each.path == "/devices/~order"]
    moved = [has_sorted(base, side) for side in (theirs, yours)]
    disagree = has_sorted(theirs, yours)
    if any(moved):
        (order,) = orders
        expected = ("both" if disagree else "same") if all(moved) else ("theirs" if moved[0] else "yours")
        assert order.side == expected
    elif disagree:
        assert [each.side for each in orders] == ["both"]
    for order in orders:
        assert order.theirs == [name for name in theirs if name in base or name in yours]
        assert order.yours == [name for name in yours if name in base or name in theirs]
        assert order.base == [name for name in base if name in theirs or name in yours]


# --- Single accidents --------------------------------------------------------------------------------------------------


def devices(*rows: tuple[str, str] | str) -> dict[str, Any]:
    pairs = [(row, "pending") if isinstance(row, str) else row for row in rows]
    return {"devices": [{"device_id": name, "status": status} for name, status in pairs]}


def names(result: Merge) -> list[str]:
    return [row["device_id"] for row in result.value["devices"]]


def sides(result: Merge) -> dict[str, str]:
    return {each.path: each.side for each in result.differences}


def test_a_row_in_front_moves_nobodys_work_to_a_neighbour() -> None:
    base = devices("d1", "d2", "d3")
    yours = devices(("d1", "done"), "d2", "d3", "d4")
    theirs = devices("d0", "d1", ("d2", "done"))
    result = merge(base, theirs, yours)
    assert_same(result.value, devices("d0", ("d1", "done"), ("d2", "done"), "d4"))
    assert result.is_disjoint
    assert sides(result) == {
        "/devices/device_id=d0": "theirs",
        "/devices/device_id=d1/status": "yours",
        "/devices/device_id=d2/status": "theirs",
        "/devices/device_id=d3": "theirs",
        "/devices/device_id=d4": "yours",
    }


def test_one_field_set_differently_is_a_decision_and_the_stored_one_stays() -> None:
    result = merge(devices("d1"), devices(("d1", "approved")), devices(("d1", "rejected")))
    assert result.differences == [Difference("/devices/device_id=d1/status", "both", "pending", "approved", "rejected")]
    assert result.undecided == ["/devices/device_id=d1/status"]
    assert_same(result.value, devices(("d1", "approved")))


@pytest.mark.parametrize(
    ("choice", "status"),
    [("theirs", "approved"), ("yours", "rejected"), ("base", "pending"), ({"value": "both looked"}, "both looked")],
)
def test_a_decision_is_carried_out(choice: Any, status: str) -> None:
    path = "/devices/device_id=d1/status"
    result = merge(devices("d1"), devices(("d1", "approved")), devices(("d1", "rejected")), choices={path: choice})
    assert_same(result.value, devices(("d1", status)))
    assert result.undecided == []
    assert not result.is_disjoint


def test_a_device_that_was_deleted_by_one_and_edited_by_the_other_is_a_decision() -> None:
    base, edited_row = devices("d1", "d2"), {"device_id": "d1", "status": "done"}
    path = "/devices/device_id=d1"
    result = merge(base, devices("d2"), devices(("d1", "done"), "d2"))
    assert result.differences == [Difference(path, "both", base["devices"][0], MISSING, edited_row)]
    assert names(result) == ["d2"]
    kept = merge(base, devices("d2"), devices(("d1", "done"), "d2"), choices={path: "yours"})
    assert_same(kept.value, devices(("d1", "done"), "d2"))
    other_way = merge(base, devices(("d1", "done"), "d2"), devices("d2"))
    assert other_way.undecided == [path]
    assert_same(other_way.value, devices(("d1", "done"), "d2"))


def test_a_device_that_nobody_else_touched_may_be_deleted_and_by_both() -> None:
    assert names(merge(devices("d1", "d2"), devices("d2"), devices("d1", "d2"))) == ["d2"]
    both = merge(devices("d1", "d2"), devices("d2"), devices("d2"))
    assert sides(both) == {"/devices/device_id=d1": "same"}


def test_a_change_can_be_declined() -> None:
    base, theirs, yours = devices("d1"), devices("d1"), devices("d1", "d2")
    declined: list[Choice] = ["theirs", "base"]
    for choice in declined:
        assert_same(merge(base, theirs, yours, choices={"/devices/device_id=d2": choice}).value, base)


def test_both_adding_in_the_same_place_keeps_both_and_theirs_first() -> None:
    result = merge(devices("d1", "d2"), devices("d1", "t1", "t2", "d2"), devices("d1", "y1", "y2", "d2"))
    assert names(result) == ["d1", "t1", "t2", "y1", "y2", "d2"]
    assert result.is_disjoint
    at_the_front = merge(devices("d1"), devices("t1", "d1"), devices("y1", "d1"))
    assert names(at_the_front) == ["t1", "y1", "d1"]


def test_both_adding_the_same_device_adds_it_once() -> None:
    result = merge(devices(), devices("d1"), devices("d1"))
    assert names(result) == ["d1"]
    assert sides(result) == {"/devices/device_id=d1": "same"}


def test_two_different_devices_under_one_new_name_are_not_mixed() -> None:
    theirs = {"devices": [{"device_id": "d1", "room": "12"}]}
    yours = {"devices": [{"device_id": "d1", "maker": "Acme"}]}
    result = merge(devices(), theirs, yours)
    assert result.undecided == ["/devices/device_id=d1"]
    assert_same(result.value, theirs)


def test_a_device_added_after_a_deleted_one_stays_in_its_place() -> None:
    assert names(merge(devices("d1", "d2", "d3"), devices("d1", "d3"), devices("d1", "d2", "new", "d3"))) == ["d1", "new", "d3"]


def test_sorting_by_one_and_editing_by_the_other_go_together() -> None:
    base, theirs, yours = devices("a", "b", "c"), devices("c", "b", "a"), devices("a", ("b", "done"), "new", "c")
    result = merge(base, theirs, yours)
    assert_same(result.value, devices("c", ("b", "done"), "new", "a"))
    assert sides(result) == {
        "/devices/device_id=b/status": "yours",
        "/devices/device_id=new": "yours",
        "/devices/~order": "theirs",
    }
    order = result.differences[-1]
    assert (order.base, order.theirs, order.yours) == (["a", "b", "c"], ["c", "b", "a"], ["a", "b", "c"])


def test_two_ways_of_sorting_are_a_decision() -> None:
    documents = devices("a", "b", "c"), devices("c", "b", "a"), devices("b", "a", "c")
    result = merge(*documents)
    assert result.undecided == ["/devices/~order"]
    assert names(result) == ["c", "b", "a"]
    taken: dict[Choice, str] = {"yours": "bac", "base": "abc", "theirs": "cba"}
    for choice, order in taken.items():
        assert names(merge(*documents, choices={"/devices/~order": choice})) == list(order)
    own = merge(*documents, choices={"/devices/~order": {"value": ["a", "c", "b"]}})
    assert names(own) == ["a", "c", "b"]
    some = merge(*documents, choices={"/devices/~order": {"value": ["c"]}})
    assert sorted(names(some)) == ["a", "b", "c"]


@pytest.mark.parametrize("value", ["abc", None, ["a", "a"], ["zzz"], [["a"]], [True], {"a": 1}])
def test_an_order_that_is_none_is_refused(value: Any) -> None:
    documents = devices("a", "b"), devices("b", "a"), devices("a", "b")
    with pytest.raises(BadChoice) as refused:
        merge(*documents, choices={"/devices/~order": {"value": value}})
    assert refused.value.path == "/devices/~order"


def test_both_adding_one_device_in_different_places_is_a_decision_about_the_order() -> None:
    result = merge(devices("a", "b"), devices("n", "a", "b"), devices("a", "b", "n"))
    assert sides(result) == {"/devices/device_id=n": "same", "/devices/~order": "both"}
    assert names(result) == ["n", "a", "b"]


def test_a_new_identity_is_a_new_device_and_an_edit_of_the_old_one_is_not_lost() -> None:
    result = merge(devices("d1"), devices("renamed"), devices(("d1", "done")))
    assert result.undecided == ["/devices/device_id=d1"]
    assert result.differences[1].yours == {"device_id": "d1", "status": "done"}
    assert names(result) == ["renamed"]


def test_devices_whose_identity_is_not_unique_are_one_value() -> None:
    base, theirs, yours = devices("a", "a"), devices("a", ("a", "done")), devices(("a", "done"), "a")
    result = merge(base, theirs, yours)
    assert result.undecided == ["/devices"]
    assert_same(result.value, theirs)


def test_the_first_key_that_tells_all_rows_apart_is_taken() -> None:
    base = [{"device_id": "", "row_index": 1}, {"device_id": "", "row_index": 2}]
    theirs, yours = copy.deepcopy(base), copy.deepcopy(base)
    theirs[0]["device_id"], yours[1]["note"] = "D1", "seen"
    assert sides(merge(base, theirs, yours)) == {"/row_index=1/device_id": "theirs", "/row_index=2/note": "yours"}
    own = [{"serial": "x", "n": 1}], [{"serial": "x", "n": 2}], [{"serial": "y"}, {"serial": "x", "n": 1}]
    assert sides(merge(*own, keys=["serial"])) == {"/serial=y": "yours", "/serial=x/n": "theirs"}


def test_a_number_and_its_text_are_one_identity_and_never_two_rows() -> None:
    base = [{"id": 1, "note": ""}, {"id": 2}]
    theirs, yours = [{"id": "1", "note": ""}, {"id": 2}], [{"id": 1, "note": "seen"}, {"id": 2}]
    assert_same(merge(base, theirs, yours).value, [{"id": "1", "note": "seen"}, {"id": 2}])
    assert sides(merge([{"id": 1}], [{"id": 1}, {"id": "1"}], [{"id": 1, "x": 1}])) == {"": "both"}
    assert sides(merge([{"id": True}], [{"id": True, "a": 1}], [{"id": True, "b": 1}])) == {"": "both"}


def test_lists_of_plain_values_are_one_value() -> None:
    result = merge({"tags": ["a", "b"]}, {"tags": ["a"]}, {"tags": ["a", "b", "c"]})
    assert result.differences == [Difference("/tags", "both", ["a", "b"], ["a"], ["a", "b", "c"])]
    assert merge({"tags": ["a"]}, {"tags": ["a"]}, {"tags": []}).value == {"tags": []}


def test_a_container_that_became_something_else_hides_no_edit_inside_it() -> None:
    base, yours = {"meta": {"author": "a"}}, {"meta": {"author": "b"}}
    for other in (None, "text", ["a"], [], 0):
        result = merge(base, {"meta": other}, yours)
        assert result.differences == [Difference("/meta", "both", base["meta"], other, yours["meta"])]
    assert merge(base, {}, yours).undecided == ["/meta"]
    assert merge(devices("a"), {"devices": {"a": 1}}, devices(("a", "done"))).undecided == ["/devices"]
    assert merge({}, [], {"a": 1}).undecided == [""]


def test_both_adding_an_object_under_one_key_keeps_the_parts_of_both() -> None:
    result = merge({}, {"meta": {"a": 1, "x": 1}}, {"meta": {"b": 2, "x": 2}})
    assert result.value == {"meta": {"a": 1, "b": 2, "x": 1}}
    assert sides(result) == {"/meta/a": "theirs", "/meta/b": "yours", "/meta/x": "both"}
    declined = merge({}, {"meta": {"a": 1}}, {"meta": {"b": 2}}, choices={"/meta/a": "base", "/meta/b": "base"})
    assert declined.value == {}
    assert merge({}, {"meta": {}}, {"meta": {"b": 2}}).undecided == ["/meta"]
    assert names(merge({}, devices("t"), devices("y"))) == ["t", "y"]


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, 1.0), (0.0, -0.0), (1, "1"), (None, False), ([], {})])
def test_values_that_python_takes_for_equal_are_changes(one: Any, other: Any) -> None:
    assert merge({"a": one}, {"a": other}, {"a": one}).differences == [Difference("/a", "theirs", one, other, one)]
    for wrap in (lambda value: value, lambda value: [value], lambda value: {"b": [{"c": value}]}):
        assert len(diff(wrap(one), wrap(other))) == 1
        assert len(merge(wrap("?"), wrap(one), wrap(other)).undecided) == 1


def test_awkward_names_have_paths_of_their_own() -> None:
    theirs = {"~order": 1, "a/b": 1, "": {"~1": 1}, "devices": [{"device_id": "a/b~=", "x": 1}]}
    base = {"~order": 0, "a/b": 0, "": {"~1": 0}, "devices": [{"device_id": "a/b~=", "x": 0}]}
    paths = ["//~01", "/a~1b", "/devices/device_id=a~1b~0=/x", "/~0order"]
    assert [change.path for change in diff(base, theirs)] == paths


def test_a_choice_where_nothing_differs_is_refused() -> None:
    with pytest.raises(UnknownPath) as refused:
        merge(devices("a"), devices("a"), devices("a", "b"), choices={"/devices/device_id=a": "theirs"})
    assert refused.value.path == "/devices/device_id=a"
    with pytest.raises(UnknownPath):
        merge({}, {}, {}, choices={"": "base"})


@pytest.mark.parametrize("choice", [None, "", "mine", "value", 1, [], {}, {"values": 1}, {"value": 1, "side": "yours"}])
def test_a_choice_that_cannot_be_followed_is_refused(choice: Any) -> None:
    with pytest.raises(BadChoice) as refused:
        merge({}, {"a": 1}, {"a": 2}, choices={"/a": choice})
    assert refused.value.path == "/a"


def test_a_comparison_tells_rows_fields_and_order_apart() -> None:
    changes = diff(devices("a", "b", "gone"), devices("b", "new", ("a", "done")))
    told = {change.path: (change.before, change.after) for change in changes}
    assert told == {
        "/devices/device_id=a/status": ("pending", "done"),
        "/devices/device_id=new": (MISSING, {"device_id": "new", "status": "pending"}),
        "/devices/device_id=gone": ({"device_id": "gone", "status": "pending"}, MISSING),
        "/devices/~order": (["a", "b"], ["b", "a"]),
    }


def test_nesting_to_the_allowed_depth_is_no_accident() -> None:
    def nested(leaf: Any, *, rows: bool) -> Any:
        value = leaf
        for level in range(49):
            value = [{"id": level, "in": value}] if rows else {"a": {"a": value}}
        return value

    for rows in (True, False):
        base, theirs, yours = (nested({"x": x, "y": y}, rows=rows) for x, y in ((0, 0), (1, 0), (0, 1)))
        assert_same(merge(base, theirs, yours).value, nested({"x": 1, "y": 1}, rows=rows))


def test_nothing_stays_nothing_when_it_is_copied() -> None:
    assert repr(MISSING) == "MISSING"
    assert copy.deepcopy(MISSING) is MISSING
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING  # noqa: S301  # our own bytes
