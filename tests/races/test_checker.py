"""The checker is checked first: a race that it calls clean means nothing if it calls everything clean."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.races.checker import Kind, Operation, Outcome, Stored, check
from tests.races.search import Simulation, is_linearizable

SMALL_HISTORIES = 20_000
MANY = 100_000


def test_it_agrees_with_a_search_through_every_order(races_seed: int, report: Callable[[str], None]) -> None:
    """Were it laxer than the definition, lost saves would pass; were it stricter, honest ones would be blamed."""
    dice = random.Random(races_seed)
    verdicts: Counter[bool] = Counter()
    for number in range(SMALL_HISTORIES):
        case = Simulation(random.Random(dice.getrandbits(64)))
        case.run(dice.randint(2, 8))
        for _ in range(dice.choice((0, 1, 1, 2))):
            case.spoil()
        dice.shuffle(case.history)
        expected = is_linearizable(case.history, case.rows)
        faults = check(case.history, case.rows)
        verdicts[expected] += 1
        shown = "\n".join(map(str, [*case.history, *case.rows]))
        assert (not faults) == expected, f"seed {races_seed}, history {number}: search {expected}, faults {faults}\n{shown}"
    report(f"checker: {verdicts[True]} linearizable and {verdicts[False]} other small histories, agreed on all")
    assert min(verdicts.values()) > SMALL_HISTORIES * 0.2, verdicts


def test_what_a_working_register_did_is_always_accepted(races_seed: int) -> None:
    dice = random.Random(races_seed)
    for _ in range(1_000):
        case = Simulation(random.Random(dice.getrandbits(64)))
        case.run(12)
        assert check(case.history, case.rows) == [], f"seed {races_seed}"


def write(number: int, outcome: Outcome = Outcome.OK, *, at: int, expected: int, version: int | None = None) -> Operation:
    """It takes from 10 * at to 10 * at + 5."""
    made = expected + 1 if version is None and outcome is Outcome.OK else version
    return Operation("r", Kind.WRITE, outcome, 10 * at, 10 * at + 5, expected, f"a{number}", made, who=f"client {number}")


def read(version: int, *, at: int) -> Operation:
    payload = f"a{version}" if version else ""
    return Operation("r", Kind.READ, Outcome.OK, 10 * at, 10 * at + 5, payload=payload, version=version, who="reader")


HISTORY = [
    read(0, at=0),
    write(1, at=1, expected=0),
    read(1, at=2),
    write(2, at=3, expected=1),
    write(9, Outcome.CONFLICT, at=4, expected=1, version=2),
    write(3, at=5, expected=2),
    read(3, at=6),
]
ROWS = [Stored("r", version, f"a{version}") for version in (1, 2, 3)]


def changed(number: int, **fields: object) -> list[Operation]:
    return [replace(op, **fields) if n == number else op for n, op in enumerate(HISTORY)]  # type: ignore[arg-type]  # by name


DELETED = [Stored("r", 1, "a1"), Stored("r", 2, "a1", Kind.DELETE)]
DELETE = Operation("r", Kind.DELETE, Outcome.OK, 30, 35, expected=1, version=2)

FAULTS: dict[str, tuple[list[Operation], list[Stored], str]] = {
    "a lost row": (HISTORY, ROWS[:2], "version that was never made"),
    "an acknowledged save that is lost": (HISTORY[:6], ROWS[:2], "an acknowledged write is lost"),
    "a row lost in the middle": (HISTORY, [ROWS[0], ROWS[2]], "lost or skipped"),
    "a changed payload": (changed(3, digest="11"), [ROWS[0], replace(ROWS[1], digest="22"), ROWS[2]], "stored otherwise"),
    "two winners": ([*HISTORY, write(8, at=3, expected=1)], ROWS, "two winners of version 2"),
    "two rows of one version": (HISTORY, [*ROWS, Stored("r", 2, "a8")], "stands twice"),
    "a refused save that took effect": (HISTORY, [*ROWS, Stored("r", 4, "a9")], "a refused write took effect"),
    "a save that took effect twice": (HISTORY, [*ROWS, Stored("r", 4, "a3")], "took effect twice"),
    "a stale read": ([*HISTORY, read(2, at=7)], ROWS, "against time"),
    "a stale refusal": ([*HISTORY, write(7, Outcome.CONFLICT, at=7, expected=1, version=2)], ROWS, "against time"),
    "a read from the future": (changed(2, payload="a2", version=2), ROWS, "against time"),
    "a read of what was never written": (changed(2, payload="a7"), ROWS, "not written as that version"),
    "a false conflict": ([*HISTORY, write(7, Outcome.CONFLICT, at=7, expected=3, version=3)], ROWS, "a false conflict"),
    "a skipped version": (changed(5, version=4), [*ROWS[:2], Stored("r", 4, "a3")], "lost or skipped"),
    "a success that skips": (changed(5, version=4), ROWS, "a success skipped"),
    "a version from nowhere": (HISTORY, [*ROWS, Stored("r", 4, "x")], "made by no operation"),
    "a save that starts a deleted session again": (
        [*HISTORY[:2], DELETE, write(3, at=5, expected=2)],
        [*DELETED, Stored("r", 3, "a3")],
        "cannot follow",
    ),
    "a deleted session that is read": ([*HISTORY[:2], DELETE, replace(read(1, at=6), version=2)], DELETED, "not deleted"),
    "a delete that changes the document": (
        [*HISTORY[:2], DELETE],
        [ROWS[0], replace(DELETED[1], payload="b")],
        "and changed",
    ),
}


def test_the_history_that_the_faults_are_planted_in_is_clean() -> None:
    assert check(HISTORY, ROWS) == []
    assert check([*HISTORY[:2], DELETE], DELETED) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_it_finds_a_planted_fault_and_names_it(fault: str) -> None:
    history, rows, words = FAULTS[fault]
    found = check(history, rows)
    assert any(words in reason for reason in found), found
    assert not is_linearizable(history, rows) or "digest" in str(rows)  # the search knows no digests


def test_a_save_whose_answer_was_lost_may_have_happened_or_not() -> None:
    lost = write(4, Outcome.INFO, at=6, expected=3)
    assert check([*HISTORY, lost], ROWS) == []
    assert check([*HISTORY, lost], [*ROWS, Stored("r", 4, "a4")]) == []
    early = replace(lost, invoked=1_000)
    seen = Operation("r", Kind.READ, Outcome.OK, 90, 95, payload="a4", version=4)
    assert check([*HISTORY, lost, seen], [*ROWS, Stored("r", 4, "a4")]) == []
    assert "against time" in check([*HISTORY, early, seen], [*ROWS, Stored("r", 4, "a4")])[0]


def test_it_finds_one_stale_read_among_many_operations(races_seed: int, report: Callable[[str], None]) -> None:
    history = [read(0, at=0)]
    for version in range(1, MANY // 2 + 1):
        history += [write(version, at=2 * version, expected=version - 1), read(version, at=2 * version + 1)]
    rows = [Stored("r", version, f"a{version}") for version in range(1, MANY // 2 + 1)]
    random.Random(races_seed).shuffle(history)
    started = time.monotonic()
    assert check(history, rows) == []
    report(f"checker: {len(history):,} operations in {time.monotonic() - started:.2f} s")
    stale = read(MANY // 4, at=MANY)
    assert [str(stale) in reason for reason in check([*history, stale], rows)] == [True]
