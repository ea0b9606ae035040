"""The slow truth that the checker is held against: random small histories, and a search through every possible order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.races.checker import NEVER, Kind, Operation, Outcome, Stored

CHANGES = (Kind.WRITE, Kind.DELETE, Kind.RESTORE)


def is_linearizable(history: Sequence[Operation], rows: Sequence[Stored]) -> bool:
    """Wing and Gong's search: is there an order that agrees with time, and in which a register would have answered so?"""
    ordered = sorted(rows, key=lambda row: row.version)
    if [row.version for row in ordered] != list(range(1, len(rows) + 1)):
        return False
    told = [op for op in history if op.outcome is not Outcome.FAIL and (op.outcome, op.kind) != (Outcome.INFO, Kind.READ)]
    return _search(frozenset(range(len(told))), 0, told, ordered, set())


def _search(left: frozenset[int], version: int, told: list[Operation], rows: list[Stored], dead: set[object]) -> bool:
    """Whether the operations that are left can follow, from that version on, and lead to the last of the rows."""
    if not left:
        return version == len(rows)
    if (left, version) in dead:
        return False
    for number in left:
        if any(_end(told[other]) < told[number].invoked for other in left):
            continue
        rest = left - {number}
        if told[number].outcome is Outcome.INFO and _search(rest, version, told, rows, dead):
            return True
        after = _apply(told[number], version, rows)
        if after is not None and _search(rest, after, told, rows, dead):
            return True
    dead.add((left, version))
    return False


def _end(operation: Operation) -> int:
    return NEVER if operation.outcome is Outcome.INFO else operation.returned


def _apply(operation: Operation, version: int, rows: list[Stored]) -> int | None:
    """The version after the operation, or None if a register at `version` could not have answered like that."""
    now = rows[version - 1] if version else Stored("r", 0, "")
    is_deleted = now.kind is Kind.DELETE
    if operation.kind is Kind.READ:
        seen = "" if is_deleted else now.payload
        agrees = (operation.version, operation.payload, operation.deleted) == (version, seen, is_deleted)
        return version if agrees else None
    fits = is_deleted if operation.kind is Kind.RESTORE else not is_deleted and (version > 0 or operation.kind is Kind.WRITE)
    succeeds = fits and (operation.expected or 0) == version
    if operation.outcome is Outcome.CONFLICT:
        return version if not succeeds and operation.version == version else None
    payload = operation.payload if operation.kind is Kind.WRITE else now.payload
    made = Stored("r", version + 1, payload, operation.kind)
    told = operation.outcome is Outcome.INFO or operation.version == version + 1
    return version + 1 if succeeds and told and version < len(rows) and rows[version] == made else None


@dataclass
class Simulation:
    """A register that works, and clients with slow and broken lines to it."""

    dice: random.Random
    rows: list[Stored] = field(default_factory=list)
    history: list[Operation] = field(default_factory=list)

    def run(self, size: int) -> None:
        clients = [self.dice.randint(0, 20) for _ in range(self.dice.randint(2, 4))]
        plans = []
        for _ in range(size):
            client = self.dice.randrange(len(clients))
            invoked = clients[client] + self.dice.randint(1, 9)
            moment = invoked + self.dice.random() * 20
            returned = int(moment) + self.dice.randint(1, 9)
            clients[client] = returned
            plans.append((moment, client, invoked, returned))
        for _moment, client, invoked, returned in sorted(plans):
            self.history.append(self.answer(f"client {client}", invoked, returned))

    def answer(self, who: str, invoked: int, returned: int) -> Operation:
        kind = self.dice.choices((Kind.READ, *CHANGES), (3, 5, 1, 1))[0]
        version = len(self.rows)
        now = self.rows[-1] if self.rows else Stored("r", 0, "")
        is_deleted = now.kind is Kind.DELETE
        blank = Operation("r", kind, Outcome.OK, invoked, returned, who=who)
        if kind is Kind.READ:
            return replace(blank, version=version, deleted=is_deleted, payload="" if is_deleted else now.payload)
        expected = max(0, version - self.dice.choice((0, 0, 0, 1)))
        payload = f"a{len(self.history)}" if kind is Kind.WRITE else ""
        change = replace(blank, expected=expected, payload=payload)
        fits = is_deleted if kind is Kind.RESTORE else not is_deleted and (version > 0 or kind is Kind.WRITE)
        is_cut = self.dice.random() < 0.2
        if is_cut and self.dice.random() < 0.4:  # it never arrived
            return replace(change, outcome=Outcome.INFO)
        if not fits or expected != version:
            return replace(change, outcome=Outcome.INFO if is_cut else Outcome.CONFLICT, version=None if is_cut else version)
        self.rows.append(Stored("r", version + 1, payload or now.payload, kind))
        return replace(change, outcome=Outcome.INFO) if is_cut else replace(change, version=version + 1)

    def spoil(self) -> None:
        """One accident, anywhere. It need not show."""
        if self.rows and self.dice.random() < 0.25:
            self._spoil_a_row()
            return
        number = self.dice.randrange(len(self.history))
        self.history[number] = self._spoilt(self.history[number])

    def _spoil_a_row(self) -> None:
        number = self.dice.randrange(len(self.rows))
        how = self.dice.choice(("lose", "lose the last", "change", "repeat"))
        if how == "lose":
            self.rows.pop(number)
        elif how == "lose the last":
            self.rows.pop()
        elif how == "change":
            self.rows[number] = replace(self.rows[number], payload=self.dice.choice(self.rows).payload)
        else:
            self.rows.append(self.rows[number])

    def _spoilt(self, operation: Operation) -> Operation:
        how = self.dice.choice(("earlier", "later", "version", "outcome", "payload", "expected"))
        if how == "earlier":
            by = self.dice.randint(1, 40)
            return replace(operation, invoked=operation.invoked - by, returned=operation.returned - by)
        if how == "later":
            by = self.dice.randint(1, 40)
            return replace(operation, invoked=operation.invoked + by, returned=operation.returned + by)
        if how == "version":
            return replace(operation, version=max(0, (operation.version or 0) + self.dice.choice((-1, 1))))
        if how == "outcome":
            return replace(operation, outcome=self.dice.choice(list(Outcome)))
        if how == "payload" and operation.kind is Kind.READ and self.rows:
            return replace(operation, payload=self.dice.choice(self.rows).payload)
        return replace(operation, expected=max(0, (operation.expected or 0) + self.dice.choice((-1, 1))))
