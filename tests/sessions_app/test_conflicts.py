"""Conflicts: kept, told apart, settled and taken back. Each test names work that somebody would have lost."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from assets_app.errors import InvalidInput, NotAllowed, NotFound
from sessions_app.errors import AlreadySettled, VersionMoved
from sessions_app.models import Conflict, Session, SessionActivity, SessionVersion
from sessions_app.operations.conflicts import (
    assign_conflict,
    dismiss_conflict,
    preview_resolution,
    reopen_conflict,
    resolve_conflict,
    settle_many,
)
from sessions_app.operations.history import bytes_of, newest_value
from sessions_app.operations.saves import Refused, Saved, save_version
from sessions_app.policies import MergePolicy
from tests.make import make_session

BASE: list[dict[str, Any]] = [{"device_id": name, "status": "pending"} for name in ("D1", "D2", "D3")]


def devices(**statuses: str) -> list[dict[str, Any]]:
    return [device | {"status": statuses.get(device["device_id"], "pending")} for device in BASE]


def at(session: Session) -> dict[str, Any]:
    return newest_value(Session.objects.get(pk=session.pk))


def save(session: Session, based_on: int, by: User, policy: MergePolicy | None = None, **fields: Any) -> Saved | Refused:
    fresh = Session.objects.get(pk=session.pk)
    return save_version(session=fresh, value=fields, based_on=based_on, by=by, policy=policy)


def conflicting(alice: User, theirs: dict[str, Any], yours: dict[str, Any], **base: Any) -> Conflict:
    """Alice saved `theirs`; then somebody came with `yours`, made from the version before."""
    session = make_session(by=alice, **base)
    assert isinstance(save(session, 1, alice, **base | theirs), Saved)
    refused = save(session, 1, alice, **base | yours)
    assert isinstance(refused, Refused)
    return Conflict.objects.select_related("session").get(uuid=refused.conflict.uuid)


def soft(alice: User) -> Conflict:
    return conflicting(alice, {"devices": devices(D1="approved")}, {"devices": devices(D2="rejected")}, devices=BASE)


def hard(alice: User) -> Conflict:
    return conflicting(alice, {"note": "theirs", "a": 1}, {"note": "yours", "b": 1}, note="base")


def test_a_refused_save_is_kept_whole_and_told_by_path(alice: User) -> None:
    session = make_session(by=alice, note="base", devices=BASE)
    save(session, 1, alice, note="theirs", devices=devices(D1="approved"))
    refused = save(session, 1, alice, note="yours", devices=devices(D2="rejected"))
    assert isinstance(refused, Refused)
    assert refused.dispute.changes() == {
        "theirs": ["/devices/device_id=D1/status"],
        "yours": ["/devices/device_id=D2/status"],
        "both": ["/note"],
    }
    conflict = Conflict.objects.get()
    assert (conflict.severity, conflict.state, conflict.base_version, conflict.current_version) == ("hard", "open", 1, 2)
    assert json.loads(bytes_of(conflict, session.pk))["note"] == "yours"
    assert conflict.door == "command"


def test_a_repeated_refused_save_is_one_conflict(alice: User) -> None:
    conflict = hard(alice)
    again = save(conflict.session, 1, alice, note="yours", b=1)
    assert isinstance(again, Refused)
    assert again.conflict.uuid == conflict.uuid
    assert SessionActivity.objects.filter(action="conflict").count() == 1


def test_auto_saves_both_sides_where_they_fit(alice: User, bob: User) -> None:
    session = make_session(by=alice, devices=BASE)
    session.members.create(user=bob, added_by="alice")
    save(session, 1, alice, devices=devices(D1="approved"))
    saved = save(session, 1, bob, MergePolicy.AUTO, devices=devices(D2="rejected"))
    assert isinstance(saved, Saved)
    assert (saved.version, saved.is_merged) == (3, True)
    assert at(session)["devices"] == devices(D1="approved", D2="rejected")
    version = SessionVersion.objects.get(version=3)
    assert (version.cause, version.saved_by) == ("merged", bob)
    parent = version.conflict
    assert parent is not None
    assert json.loads(bytes_of(parent, session.pk))["devices"] == devices(D2="rejected")
    assert (parent.state, parent.result_version) == ("resolved", 3)
    assert list(SessionActivity.objects.order_by("seq").values_list("action", flat=True)) == ["created", "updated", "merged"]


def test_an_auto_merged_save_sent_again_gets_its_answer_again(alice: User, bob: User) -> None:
    session = make_session(by=alice, devices=BASE)
    session.members.create(user=bob, added_by="alice")
    save(session, 1, alice, devices=devices(D1="approved"))
    for _ in range(2):
        saved = save(session, 1, bob, MergePolicy.AUTO, devices=devices(D2="rejected"))
        assert isinstance(saved, Saved)
        assert (saved.version, saved.is_merged) == (3, True)
    assert Session.objects.get().version == 3


def test_auto_merges_nothing_that_was_made_from_a_version_that_never_was(alice: User) -> None:
    session = make_session(by=alice, note="base")
    for based_on in (0, 99):
        assert isinstance(save(session, based_on, alice, MergePolicy.AUTO, more=based_on), Refused)
    assert Session.objects.get().version == 1


def test_auto_does_not_guess_where_both_changed_the_same(alice: User) -> None:
    session = make_session(by=alice, note="base")
    save(session, 1, alice, note="theirs")
    assert isinstance(save(session, 1, alice, MergePolicy.AUTO, note="yours"), Refused)
    assert at(session)["note"] == "theirs"


def test_a_merge_that_grows_too_large_is_a_conflict_and_kept(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    session = make_session(by=alice)
    save(session, 1, alice, theirs="x" * 700_000)
    refused = save(session, 1, alice, MergePolicy.AUTO, yours="y" * 700_000)
    assert isinstance(refused, Refused)
    assert refused.conflict.severity == "soft"
    conflicts = list(Conflict.objects.select_related("session"))
    assert settle_many(conflicts=conflicts, rule="merge", by=alice) == {"hard": 1}


def test_a_save_that_was_decided_against_is_not_told_to_be_in(alice: User) -> None:
    conflict = hard(alice)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, take="theirs")
    again = save(conflict.session, 1, alice, note="yours", b=1)
    assert isinstance(again, Refused)
    assert Conflict.objects.count() == 2


def test_the_kind_of_session_decides_unless_the_request_does(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MERGE_POLICY = {"document": "auto"}
    session = make_session(by=alice, devices=BASE)
    save(session, 1, alice, devices=devices(D1="approved"))
    assert isinstance(save(session, 1, alice, MergePolicy.REFUSE, devices=devices(D3="rejected")), Refused)
    assert isinstance(save(session, 1, alice, devices=devices(D2="rejected")), Saved)


def test_choices_by_path_become_a_version_with_two_parents(alice: User, sam: User) -> None:
    conflict = hard(alice)
    version = resolve_conflict(conflict=conflict, based_on=2, by=sam, choices={"/note": "yours"}, reason=" he was there ")
    assert {"note": "yours", "a": 1, "b": 1}.items() <= at(conflict.session).items()
    assert (version.version, version.cause, version.conflict, version.saved_by) == (3, "resolved", conflict, sam)
    conflict.refresh_from_db()
    assert (conflict.state, conflict.settled_by, conflict.reason, conflict.result_version) == ("resolved", sam, "he was there", 3)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"/note": "theirs"}, {"note": "theirs", "a": 1, "b": 1}),
        ({"/note": "base", "/b": "theirs"}, {"note": "base", "a": 1}),
        ({"/note": {"value": {"by": "both"}}, "/a": "base"}, {"note": {"by": "both"}, "b": 1}),
    ],
)
def test_every_kind_of_choice_is_followed(alice: User, choices: dict[str, Any], expected: dict[str, Any]) -> None:
    conflict = hard(alice)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, choices=choices)
    kept = {key: value for key, value in at(conflict.session).items() if not key.startswith("session_")}
    assert kept == expected


@pytest.mark.parametrize(("side", "expected"), [("theirs", {"note": "theirs", "a": 1}), ("yours", {"note": "yours", "b": 1})])
def test_one_side_can_be_taken_whole(alice: User, side: Any, expected: dict[str, Any]) -> None:
    conflict = hard(alice)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, take=side)
    kept = {key: value for key, value in at(conflict.session).items() if not key.startswith("session_")}
    assert kept == expected


def test_a_preview_changes_nothing(alice: User) -> None:
    conflict = hard(alice)
    merged = preview_resolution(conflict=conflict, session=conflict.session, choices={})
    assert merged.undecided == ["/note"]
    assert (merged.value["a"], merged.value["b"]) == (1, 1)
    assert Session.objects.get().version == 2


def test_an_undecided_path_is_told_and_nothing_saved(alice: User) -> None:
    conflict = hard(alice)
    with pytest.raises(InvalidInput) as refused:
        resolve_conflict(conflict=conflict, based_on=2, by=alice)
    assert refused.value.facts["undecided"] == ["/note"]
    assert Session.objects.get().version == 2


@pytest.mark.parametrize("choices", [{"/nowhere": "yours"}, {"/note": "mine"}, {"/note": {"values": 1}}, {"/note": 7}])
def test_choices_that_fit_nothing_are_told(alice: User, choices: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve_conflict(conflict=hard(alice), based_on=2, by=alice, choices=choices)
    assert refused.value.facts["path"] in choices


def test_a_session_that_moved_meanwhile_is_told_and_the_new_choice_sees_it(alice: User) -> None:
    conflict = hard(alice)
    save(conflict.session, 2, alice, note="theirs, later", a=2)
    with pytest.raises(VersionMoved) as moved:
        resolve_conflict(conflict=conflict, based_on=2, by=alice, choices={"/note": "yours"})
    assert moved.value.facts["currentVersion"] == 3
    resolve_conflict(conflict=conflict, based_on=3, by=alice, choices={"/note": "theirs"})
    assert {"note": "theirs, later", "a": 2, "b": 1}.items() <= at(conflict.session).items()


def test_of_two_who_settle_one_conflict_the_second_is_told(alice: User) -> None:
    conflict = hard(alice)
    dismiss_conflict(conflict=conflict, by=alice, reason="not needed")
    for settle in (
        lambda: dismiss_conflict(conflict=conflict, by=alice),
        lambda: resolve_conflict(conflict=conflict, based_on=2, by=alice, take="yours"),
    ):
        with pytest.raises(AlreadySettled):
            settle()
    assert json.loads(bytes_of(Conflict.objects.get(), conflict.session.pk))["note"] == "yours"


def test_a_resolution_is_undone_in_one_step(alice: User) -> None:
    conflict = hard(alice)
    before = at(conflict.session)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, take="yours")
    version = reopen_conflict(conflict=conflict, by=alice)
    assert version is not None
    assert (version.version, version.cause, version.restored_from) == (4, "undone", 2)
    assert at(conflict.session) == before
    conflict.refresh_from_db()
    assert (conflict.state, conflict.settled_by, conflict.result_version) == ("open", None, None)
    resolve_conflict(conflict=conflict, based_on=4, by=alice, take="theirs")


def test_undoing_keeps_what_was_saved_after_the_resolution(alice: User) -> None:
    conflict = hard(alice)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, choices={"/note": "yours"})
    save(conflict.session, 3, alice, **at(conflict.session) | {"later": True})
    reopen_conflict(conflict=conflict, by=alice)
    assert {"note": "theirs", "later": True}.items() <= at(conflict.session).items()


def test_undoing_what_others_built_upon_is_refused(alice: User) -> None:
    conflict = hard(alice)
    resolve_conflict(conflict=conflict, based_on=2, by=alice, choices={"/note": "yours"})
    save(conflict.session, 3, alice, **at(conflict.session) | {"note": "yours, improved"})
    with pytest.raises(VersionMoved) as refused:
        reopen_conflict(conflict=conflict, by=alice)
    assert refused.value.facts["paths"] == ["/note"]
    assert at(conflict.session)["note"] == "yours, improved"


def test_a_dismissal_is_undone_without_a_version(alice: User) -> None:
    conflict = hard(alice)
    dismiss_conflict(conflict=conflict, by=alice)
    assert reopen_conflict(conflict=conflict, by=alice) is None
    assert Conflict.objects.get().state == "open"
    with pytest.raises(InvalidInput):
        reopen_conflict(conflict=conflict, by=alice)


def test_a_conflict_is_assigned_and_the_log_says_by_whom(alice: User, sam: User) -> None:
    conflict = hard(alice)
    assign_conflict(conflict=conflict, to=sam, by=sam)
    assert Conflict.objects.get().assignee == sam
    assert SessionActivity.objects.get(action="assigned").metadata == {"conflict": str(conflict.uuid), "assignee": "sam"}
    assign_conflict(conflict=conflict, to=None, by=sam)
    assert Conflict.objects.get().assignee is None


def test_no_door_can_let_a_collector_hand_out_work(alice: User, sam: User) -> None:
    conflict = hard(alice)
    with pytest.raises(NotAllowed):
        assign_conflict(conflict=conflict, to=sam, by=alice)
    assert Conflict.objects.get().assignee is None
    assert not SessionActivity.objects.filter(action="assigned").exists()


def test_who_may_not_see_the_session_settles_nothing(alice: User, charlie: User) -> None:
    conflict = hard(alice)
    with pytest.raises(NotFound):
        resolve_conflict(conflict=conflict, based_on=2, by=charlie, take="yours")
    with pytest.raises(NotFound):
        dismiss_conflict(conflict=conflict, by=charlie)


def many(alice: User) -> list[Conflict]:
    session = make_session(by=alice, note="base", devices=BASE)
    save(session, 1, alice, note="theirs", devices=devices(D1="approved"))
    for number in range(3):
        save(session, 1, alice, note="base", devices=devices(D2=f"s{number}"))
    save(session, 1, alice, note="yours", devices=BASE)
    return list(Conflict.objects.select_related("session").order_by("pk"))


def test_a_dry_run_counts_what_would_be_done_and_does_nothing(alice: User, sam: User) -> None:
    conflicts = many(alice)
    assert settle_many(conflicts=conflicts, rule="merge", by=sam, is_dry_run=True) == {"settled": 3, "hard": 1}
    assert settle_many(conflicts=conflicts, rule="dismiss", by=sam, is_dry_run=True) == {"settled": 4}
    assert Conflict.objects.unsettled().count() == 4
    assert Session.objects.get().version == 2


def test_many_are_settled_by_one_rule_and_what_does_not_fit_stays_open(alice: User, sam: User) -> None:
    conflicts = many(alice)
    # The first merge changes D2, so that the others are no longer soft: never the wrong thing for the sake of a count.
    assert settle_many(conflicts=conflicts, rule="merge", by=sam, reason="all fit") == {"settled": 1, "hard": 3}
    assert at(conflicts[0].session)["devices"] == devices(D1="approved", D2="s0")
    rest = list(Conflict.objects.unsettled())
    assert settle_many(conflicts=rest, rule="theirs", by=sam) == {"settled": 3}
    assert settle_many(conflicts=rest, rule="theirs", by=sam) == {"moved": 3}
