"""Where races are held: a hub, who is let in, a seed, and somewhere to report to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.hub import Hub
from tests.races.checker import Kind, Operation, Outcome
from tests.races.clients import Client, Door, Seen
from tests.races.crew import run_crew
from tests.races.ledger import Ledger, disagreements, faults_of, findings_of
from tests.races.parts import Part
from tests.races.sizes import Sizes
from tests.races.tally import tally

T = TypeVar("T")


@dataclass(frozen=True)
class Course:
    """A hub to race on."""

    hub: Hub
    door: Door
    sizes: Sizes
    seed: int
    report: Callable[[str], None]

    def first_versions(self, *ids: str) -> list[Operation]:
        """New sessions, each at version 1 with the counter at 0."""
        maker = Client(self.door, "maker")
        made = [maker.save(session_id, 0, count=0) for session_id in ids]
        maker.close()
        assert {operation.outcome for operation in made} == {Outcome.OK}
        return made

    def run(self, work: Callable[[Part], T], *ids: str, clients: int, steps: int = 1, **fields: Any) -> list[T]:
        """What `work` gives in each of the processes, among which the clients are shared out."""
        processes = min(self.sizes.processes, clients)
        share = [clients // processes + (number < clients % processes) for number in range(processes)]
        crew = [Part(self.door, number, count, steps, ids, self.seed, **fields) for number, count in enumerate(share)]
        return run_crew(work, crew)

    def settle(self, name: str, history: Sequence[Operation], prefix: str) -> Ledger:
        """The books are closed: tell how it went, and fail if anything does not fit."""
        ledger = Ledger.of(self.hub, prefix)
        faults = faults_of(history, ledger) + disagreements(ledger, self.door) + findings_of(self.hub)
        self.report(tally(name, history, faults))
        assert faults == [], "\n".join(faults[:10])
        return ledger

    def read(self, session_id: str) -> Seen:
        reader = Client(self.door, "reader")
        seen = reader.read(session_id)
        reader.close()
        assert seen is not None
        return seen


def together(histories: Sequence[Sequence[T]]) -> list[T]:
    return [operation for seen in histories for operation in seen]


def statuses(history: Sequence[Operation]) -> Counter[int]:
    """Of the changes in it."""
    return Counter(operation.status for operation in history if operation.kind is not Kind.READ)
