"""Many clients at one session, over real sockets to a real hub: nothing is lost, and nobody is told what is not so."""

import pytest

from tests.races.checker import Outcome
from tests.races.course import Course, statuses, together
from tests.races.parts import save_after_save, stampede, vanish_and_retry

pytestmark = pytest.mark.slow


def test_of_a_herd_on_one_version_one_saves_and_the_others_are_kept(course: Course) -> None:
    """Two winners: one of them would believe that his work is stored. A loser without a conflict: his work would be gone."""
    first = course.first_versions("herd")
    herd = together(course.run(stampede, "herd", clients=course.sizes.herd, expected=1))
    ledger = course.settle(f"herd of {len(herd):,}", first + herd, "herd")
    assert statuses(herd) == {200: 1, 409: len(herd) - 1}
    assert ledger.actions == {"created": 1, "updated": 1, "conflict": len(herd) - 1}
    assert ledger.kept.total() == len(herd) - 1


@pytest.mark.parametrize(("expected", "refusal"), [(0, 409), (None, 428)], ids=["version 0", "no version"])
def test_of_a_herd_of_creators_one_creates(course: Course, expected: int | None, refusal: int) -> None:
    """Two devices that start one session while they are apart: the second must learn of the first."""
    name = f"made-{refusal}"
    herd = together(course.run(stampede, name, clients=course.sizes.herd, expected=expected))
    ledger = course.settle(f"{len(herd):,} creators with {expected}", herd, name)
    assert statuses(herd) == {200: 1, refusal: len(herd) - 1}
    assert ledger.kept.total() == (len(herd) - 1 if refusal == 409 else 0)


def test_a_counter_that_many_add_to_loses_nothing(course: Course) -> None:
    """A lost update: somebody was told "saved", and his work is in no version."""
    sizes = course.sizes
    first = course.first_versions("counter")
    history = together(course.run(save_after_save, "counter", clients=sizes.savers, steps=sizes.saves))
    ledger = course.settle(f"{sizes.savers} savers x {sizes.saves}", first + history, "counter")
    counts = statuses(history)
    assert set(counts) == {200, 409}
    assert counts.total() == sizes.savers * sizes.saves
    assert ledger.actions == {"created": 1, "updated": counts[200], "conflict": counts[409]}
    seen = course.read("counter")
    assert (seen.document["count"], seen.version) == (counts[200], counts[200] + 1)


def test_clients_that_vanish_and_send_the_same_again_save_once(course: Course) -> None:
    """A phone in a lift: it cannot know whether its save arrived, and sends it again."""
    names = [f"lift-{number}" for number in range(course.sizes.sessions)]
    history = course.first_versions(*names)
    clients = 4 * course.sizes.processes
    seen = course.run(vanish_and_retry, *names, clients=clients, steps=course.sizes.vanishing // clients)
    history += together([operations for operations, _retried in seen])
    retried = together([retried for _operations, retried in seen])
    course.report(f"{sum(one.cuts for one in retried):,} cut lines")
    course.settle("vanishing clients, same body", history, "lift-")
    saved = [one for one in retried if one.operation.outcome is Outcome.OK]
    assert saved
    assert all(one.answers and one.answers[0] == one.answers[1] for one in saved)
