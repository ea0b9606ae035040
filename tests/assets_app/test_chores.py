"""What workers do beside their jobs."""

from datetime import timedelta
from typing import Any

import pytest

from assets_app import chores
from config.checks import check_merging


def test_a_chore_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise ValueError("damaged")

    def works() -> None:
        done.append("works")

    monkeypatch.setattr(chores, "CHORES", {})
    for chore in (fails, works):
        chores.add_chore(chore, every=timedelta(hours=1))
    chores.do_chores()
    chores.do_chores()
    assert done == ["fails", "works"]  # and neither again before it is due


@pytest.mark.parametrize(
    ("policy", "keys", "faults"),
    [
        ({"checklist": "auto"}, ["device_id"], []),
        ({"checklist": "guess"}, ["device_id"], ["holdfast.E006"]),
        ({"checklists": "auto"}, [""], ["holdfast.E006", "holdfast.E007"]),
    ],
)
def test_settings_of_merging_that_mean_nothing_are_told(settings: Any, policy: Any, keys: Any, faults: list[str]) -> None:
    settings.HOLDFAST_MERGE_POLICY, settings.HOLDFAST_MERGE_KEYS = policy, keys
    assert [fault.id for fault in check_merging()] == faults
