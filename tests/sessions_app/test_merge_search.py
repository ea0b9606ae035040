"""What a merge keeps, for all documents. What fails here loses somebody's work, or writes it on the wrong device.

`HOLDFAST_TEST_EXAMPLES=5000` makes the searches longer.
"""

import copy
import json
import os
from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets_app.strict_json import canonical
from sessions_app.merge import MISSING, diff, is_same, merge
from tests.edits import PAIRS, TRIPLES, VALUES, Draw, assert_same, child, everywhere, patched, regardless_of_order

search = settings(
    max_examples=int(os.environ.get("HOLDFAST_TEST_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


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
