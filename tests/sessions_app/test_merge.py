"""Merging two people's documents: single accidents. `test_merge_search` looks for those that nobody thought of."""

import copy
import pickle
from typing import Any

import pytest

from sessions_app.merge import MISSING, BadChoice, Choice, Difference, Merge, UnknownPath, diff, merge
from tests.edits import assert_same, everywhere


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


def test_a_device_added_after_a_deleted_one_stays_in_its_place_even_if_the_other_side_sorted() -> None:
    result = merge(devices("a", "q", "p", "c"), devices("a", "p", "new", "c"), devices("q", "c", "a"))
    assert names(result) == ["c", "a", "new"]
    assert result.is_disjoint


def test_a_device_added_between_two_that_both_added_stays_there() -> None:
    result = merge(devices(), devices("n1", "n2"), devices("n1", "y", "n2"))
    assert names(result) == ["n1", "y", "n2"]
    assert result.is_disjoint


def test_differences_are_told_in_the_order_of_the_merged_rows() -> None:
    result = merge(devices("a", "b", "c"), devices(("a", "1"), ("b", "1"), ("c", "1")), devices("c", "b", "a"))
    paths = [f"/devices/device_id={name}/status" for name in ("c", "b", "a")]
    assert [each.path for each in result.differences] == [*paths, "/devices/~order"]


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
    rows = merge({}, devices("t"), devices("y"))
    assert names(rows) == ["t", "y"]
    assert merge({}, devices("t"), devices("y"), choices=everywhere(rows, "base")).value == {}


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


def test_rows_that_were_numbered_anew_are_never_mixed_up() -> None:
    """A row was put in front, and all after it counted anew: the work on row 0 must not land in the new row 0."""
    base = [{"row_index": 0, "name": "pump"}, {"row_index": 1, "name": "bed"}]
    theirs = [{"row_index": 0, "name": "NEW"}, {"row_index": 1, "name": "pump"}, {"row_index": 2, "name": "bed"}]
    yours = [{"row_index": 0, "name": "pump", "status": "done"}, {"row_index": 1, "name": "bed"}]
    merged = merge({"rows": base}, {"rows": theirs}, {"rows": yours})
    assert merged.undecided == ["/rows"]
    assert merged.value == {"rows": theirs}


def test_a_numbered_row_that_moved_and_was_edited_does_not_take_anothers_work() -> None:
    base = [{"row_index": 0, "name": "A", "status": "pending"}]
    theirs = [{"row_index": 0, "name": "X", "status": "pending"}, {"row_index": 1, "name": "A", "status": "done"}]
    yours = [{"row_index": 0, "name": "A", "status": "rejected"}]
    assert merge({"rows": base}, {"rows": theirs}, {"rows": yours}).undecided == ["/rows"]


def test_numbered_rows_that_keep_their_numbers_are_merged_row_by_row() -> None:
    base = [{"row_index": number, "status": "pending"} for number in range(3)]
    theirs = [base[0] | {"status": "done"}, *base[1:]]
    yours = [*base[:2], base[2] | {"status": "skipped"}]
    merged = merge({"rows": base}, {"rows": theirs}, {"rows": yours})
    assert merged.is_disjoint
    assert [row["status"] for row in merged.value["rows"]] == ["done", "pending", "skipped"]
