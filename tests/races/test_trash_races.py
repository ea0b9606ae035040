"""Saves, patches, deletes and restores of one session at once: a deletion is a version like any other."""

from collections import Counter

import pytest

from tests.races.checker import Kind, Operation, Outcome
from tests.races.course import Course, together
from tests.races.parts import mix, skirmish

pytestmark = pytest.mark.slow


def test_whatever_people_do_at_once_no_work_is_lost(course: Course) -> None:
    """A save that lands in a deleted session, a restore that brings back old work: each would hide what somebody did."""
    names = [f"mixed-{number}" for number in range(course.sizes.sessions)]
    history = course.first_versions(*names)
    clients = 8 * course.sizes.processes
    seen = course.run(mix, *names, clients=clients, steps=course.sizes.mixed // clients)
    history += together([operations for operations, _others in seen])
    others = sum((others for _operations, others in seen), Counter[str]())
    course.report(f"{dict(others)}")
    ledger = course.settle("mixed doors", history, "mixed-")
    assert set(others) <= {"attach 201", "attach 404", "attach 410", "page 200", "page 404", "lease 200", "lease 410"}
    assert ledger.actions["attached"] == others["attach 201"] > 0
    done = Counter((operation.kind, operation.outcome) for operation in history)
    assert all(done[kind, Outcome.OK] for kind in Kind), f"nothing of a kind succeeded: {done}"
    assert done[Kind.WRITE, Outcome.CONFLICT], "nobody met anybody"
    odd = [op for op in history if op.status not in (200, 409, 410, 412) and not _is_needless(op)]
    assert odd == [], "\n".join(map(str, odd[:10]))


def _is_needless(operation: Operation) -> bool:
    """Restoring what is not deleted."""
    return operation.kind is Kind.RESTORE and operation.status == 400


def test_of_a_save_a_delete_and_a_restore_at_once_one_happens(course: Course) -> None:
    """Both the delete and the save "done": either the work is in the trash unseen, or the deletion was undone unasked."""
    first = course.first_versions("skirmish")
    rounds = together(course.run(skirmish, "skirmish", clients=1, steps=course.sizes.rounds * 3))
    course.settle("skirmishes", first + together(rounds), "skirmish")
    changes = [[operation for operation in one if operation.kind is not Kind.READ] for one in rounds]
    winners = [[operation.kind for operation in one if operation.outcome is Outcome.OK] for one in changes]
    assert {len(kinds) for kinds in winners} == {1}, winners
    assert len({kinds[0] for kinds in winners}) > 1
