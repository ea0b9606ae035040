"""`Idempotency-Key`: what was asked twice is done once, and answered twice."""

from dataclasses import replace

import pytest

from tests.races.checker import Kind, Operation, Outcome
from tests.races.clients import Answer, Client, judge, save_of
from tests.races.course import Course, statuses, together
from tests.races.parts import pile_on, vanish_and_retry

pytestmark = pytest.mark.slow


def test_clients_that_vanish_and_repeat_their_key_have_one_effect_and_one_answer(course: Course) -> None:
    """A save done twice, or an answer that differs: a program that retries could not tell what it has done."""
    names = [f"key-{number}" for number in range(course.sizes.sessions)]
    history = course.first_versions(*names)
    clients = 4 * course.sizes.processes
    seen = course.run(vanish_and_retry, *names, clients=clients, steps=course.sizes.vanishing // clients, with_keys=True)
    history += together([operations for operations, _retried in seen])
    retried = together([retried for _operations, retried in seen])
    course.report(f"{sum(one.cuts for one in retried):,} cut lines")
    ledger = course.settle("vanishing clients, same key", history, "key-")
    assert {one.answers is None or one.answers[0] == one.answers[1] for one in retried} == {True}
    assert {operation.outcome for operation in history} <= {Outcome.OK, Outcome.CONFLICT}
    counts = statuses(history)
    assert ledger.actions == {"created": len(names), "updated": counts[200] - len(names), "conflict": counts[409]}


def test_one_key_from_many_clients_at_once_is_done_once(course: Course) -> None:
    """An impatient program that asks 32 times: one save or one conflict, and every answer the same or "in a moment"."""
    names = [f"pile-{number}" for number in range(course.sizes.rounds)]
    history = course.first_versions(*names)
    for number, name in enumerate(names):  # every other one comes too late
        answers = together(course.run(pile_on, name, clients=course.sizes.same_key, expected=number % 2))
        history.append(_one_operation(name, answers, expected=number % 2))
    ledger = course.settle(f"{len(names)} x {course.sizes.same_key} clients with one key", history, "pile-")
    assert ledger.actions == {"created": len(names), "updated": len(names) // 2, "conflict": len(names) // 2}


def _one_operation(name: str, answers: list[tuple[int, int, Answer | None]], *, expected: int) -> Operation:
    """What all these questions come to, if they are one."""
    told = [(began, ended, answer) for began, ended, answer in answers if answer is not None and not _is_in_a_moment(answer)]
    assert len({(answer.status, answer.body) for _began, _ended, answer in told}) == 1, told
    assert all(answer is not None for _began, _ended, answer in answers)
    outcome, version = judge(told[0][2])
    began, ended = min(began for began, _ended, _answer in told), min(ended for _began, ended, _answer in told)
    _question, digest = save_of(name, f"key of {name}", expected)
    return Operation(
        name, Kind.WRITE, outcome, began, ended, expected, f"key of {name}", version, digest, status=told[0][2].status
    )


def _is_in_a_moment(answer: Answer) -> bool:
    return answer.status in (409, 503) and answer.retry_after is not None and judge(answer)[0] is not Outcome.CONFLICT


def test_a_key_that_comes_with_other_content_is_refused(course: Course) -> None:
    """A program that numbers its keys wrongly would otherwise be told "saved" of what was never stored."""
    client = Client(course.door, "reuser")
    first = client.line.ask(save_of("reused", "one", 0, key="k")[0])
    other = client.line.ask(save_of("reused", "two", 1, key="k")[0])
    again = client.line.ask(save_of("reused", "one", 0, key="k")[0])
    client.close()
    assert (first.status, other.status) == (200, 422)
    assert replace(again, retry_after=None) == first
    assert course.read("reused").version == 1
