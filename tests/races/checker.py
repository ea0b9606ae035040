"""Is a history of saves linearizable? A checker for versioned registers.

A save names the version that it was made from, and success always makes the next one. So the order of the writes is the order
of their versions, and nothing has to be searched for. What remains to be looked at, for each register by itself:

1. The stored versions are 1, 2, ... n, each made by exactly one operation, and with what that operation sent.
2. An operation that was refused made none. One whose answer never came (`info`) took effect if and only if what it sent is
   among the stored versions; it may have done so at any time after it was sent.
3. Who read or was refused saw a version that exists, with its payload, and had reason to be refused.
4. Time: in the order write 1, {who saw 1}, write 2, {who saw 2}, ... no operation had its answer before one that stands in an
   earlier place was sent. Then, and only then, is there a moment between question and answer for each (Wing and Gong, 1993).

One sort and one pass: O(n log n).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

NEVER = 2**63


class Kind(StrEnum):
    """Deleting and restoring are versions, too: with the payload of the version before."""

    WRITE = "write"
    READ = "read"
    DELETE = "delete"
    RESTORE = "restore"


class Outcome(StrEnum):
    """`fail`: certainly not done. `info`: nobody knows; no answer, or one that does not say."""

    OK = "ok"
    CONFLICT = "conflict"
    FAIL = "fail"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Operation:
    """What one client did, as it saw it.

    Attributes:
        invoked, returned: `time.monotonic_ns()`, one clock for all processes of a machine. An `info` never returned.
        expected: the version that a change was made from; 0 for a new register, None if it named none.
        payload: what a write sent or a read saw, unique for each write. Empty for deletes and restores, and where a read found
            no register, or a deleted one.
        version: the one made (ok), or the newest one as a read or a refusal told it (0: there is no such register).
        digest: of the bytes sent or read; empty if unknown.
        deleted: a read was told that the register is deleted.
        who, status: for the reader of a fault; the HTTP status is 0 without an answer.
    """

    register: str
    kind: Kind
    outcome: Outcome
    invoked: int
    returned: int
    expected: int | None = None
    payload: str = ""
    version: int | None = None
    digest: str = ""
    deleted: bool = False
    who: str = ""
    status: int = 0

    def __str__(self) -> str:
        named = f" {self.payload!r}" if self.payload else ""
        based = f" on version {self.expected}" if self.expected is not None else ""
        told = f", version {self.version}" if self.version is not None else ""
        end = "never answered" if self.outcome is Outcome.INFO else f"{self.returned:,}"
        return f"[{self.who or '?'}: {self.kind}{named}{based} -> {self.outcome}{told}; {self.invoked:,} to {end}]"


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it is kept in the end. The payload of a delete or restore is that of the version before."""

    register: str
    version: int
    payload: str
    kind: Kind = Kind.WRITE
    digest: str = ""


def check(history: Iterable[Operation], stored: Iterable[Stored]) -> list[str]:
    """The faults of a history, in words, with the operations that show them. Empty: it is linearizable.

    Args:
        history: all that was done to the registers, in any order. Everything that can have made a version must be in it.
        stored: all the versions that there are in the end.
    """
    histories: defaultdict[str, list[Operation]] = defaultdict(list)
    rows: defaultdict[str, list[Stored]] = defaultdict(list)
    for operation in history:
        histories[operation.register].append(operation)
    for row in stored:
        rows[row.register].append(row)
    faults: list[str] = []
    for register in sorted(histories.keys() | rows.keys()):
        found = _Register(rows[register]).faults(histories[register])
        faults += [f"{register}: {fault}" for fault in found]
    return faults


@dataclass
class _Register:
    """One register under examination: `placed` holds what was found plausible, with its place in the order."""

    rows: list[Stored]
    wrong: list[str] = field(default_factory=list)
    placed: list[tuple[int, Operation]] = field(default_factory=list)
    by_version: dict[int, Stored] = field(default_factory=dict)
    version_of: dict[str, int] = field(default_factory=dict)
    makers: dict[int, Operation] = field(default_factory=dict)
    unknown: list[Operation] = field(default_factory=list)

    def faults(self, history: list[Operation]) -> list[str]:
        self._look_at_rows()
        if self.wrong:
            return self.wrong
        self._look_at_attempts(history)
        for operation in history:
            self._place(operation)
        self._place_unknown()
        for version in self.by_version.keys() - self.makers.keys():
            self.wrong.append(f"version {version} was made by no operation: {self.by_version[version]}")
        return self.wrong or self._look_at_times()

    def is_deleted(self, version: int) -> bool:
        return version > 0 and self.by_version[version].kind is Kind.DELETE

    def allows(self, kind: Kind, version: int) -> bool:
        """Whether a change of that kind can follow that version."""
        if kind is Kind.WRITE:
            return not self.is_deleted(version)
        return version > 0 and self.is_deleted(version) == (kind is Kind.RESTORE)

    def _look_at_rows(self) -> None:
        self.rows.sort(key=lambda row: row.version)
        for number, row in enumerate(self.rows, start=1):
            if row.version != number:
                before = self.rows[number - 2] if number > 1 else None
                what = "stands twice" if before and before.version == row.version else "follows where"
                expected = "" if what == "stands twice" else f" version {number} should stand: it was lost or skipped"
                self.wrong.append(f"version {row.version} {what}{expected}: {before}, then {row}")
                return
            self.by_version[number] = row
        for row in self.rows:
            self._look_at_row(row)

    def _look_at_row(self, row: Stored) -> None:
        if not self.allows(row.kind, row.version - 1):
            self.wrong.append(f"version {row.version} is a {row.kind}, which cannot follow what stands before it: {row}")
        elif row.kind is Kind.WRITE:
            other = self.version_of.setdefault(row.payload, row.version)
            if other != row.version:
                self.wrong.append(f"one attempt took effect twice, as versions {other} and {row.version}: {row}")
        elif not _same_document(row, self.by_version[row.version - 1]):
            self.wrong.append(f"version {row.version} is a {row.kind} and changed the document: {row}")

    def _look_at_attempts(self, history: list[Operation]) -> None:
        """Two operations with one payload could not be told apart, and the verdict would be worth nothing."""
        seen: dict[str, Operation] = {}
        for operation in history:
            if operation.kind is Kind.WRITE and seen.setdefault(operation.payload, operation) is not operation:
                self.wrong.append(f"two operations sent one payload: {seen[operation.payload]} and {operation}")

    def _place(self, operation: Operation) -> None:
        if operation.outcome is Outcome.INFO:
            if operation.kind is not Kind.READ:
                self.unknown.append(operation)
        elif operation.kind is Kind.READ:
            if operation.outcome is not Outcome.FAIL:
                self._place_read(operation)
        elif operation.outcome is Outcome.OK:
            self._place_success(operation)
        else:
            self._place_refusal(operation)

    def _place_read(self, read: Operation) -> None:
        version = read.version
        if version is None or not 0 <= version <= len(self.rows):
            self.wrong.append(f"a read saw a version that was never made (the newest is {len(self.rows)}): {read}")
            return
        row = self.by_version.get(version)
        if read.deleted != self.is_deleted(version):
            self.wrong.append(f"a read was told that the register is {'' if read.deleted else 'not '}deleted: {read}, but {row}")
        elif read.payload != (row.payload if row and not read.deleted else ""):
            self.wrong.append(f"a read saw what was not written as that version: {read}, but {row}")
        elif row and read.digest and row.digest and read.digest != row.digest:
            self.wrong.append(f"a read saw other bytes than those stored: {read}, but {row}")
        else:
            self.placed.append((2 * version + 1, read))

    def _place_success(self, change: Operation) -> None:
        version = (change.expected or 0) + 1
        row = self.by_version.get(version)
        if change.version != version:
            self.wrong.append(f"a success skipped: version {version} was due: {change}")
        elif row is None:
            self.wrong.append(f"an acknowledged {change.kind} is lost; the newest version is {len(self.rows)}: {change}")
        elif version in self.makers:
            self.wrong.append(f"two winners of version {version}: {self.makers[version]} and {change}")
        elif not _is_of(row, change):
            self.wrong.append(f"an acknowledged {change.kind} is stored otherwise: {change}, but {row}")
        else:
            self._make(version, change)

    def _place_refusal(self, change: Operation) -> None:
        if change.kind is Kind.WRITE and change.payload in self.version_of:
            self.wrong.append(f"a refused write took effect as version {self.version_of[change.payload]}: {change}")
        if change.outcome is Outcome.FAIL:
            return
        seen = change.version
        if seen is None or not 0 <= seen <= len(self.rows):
            self.wrong.append(f"a refusal told a version that was never made (the newest is {len(self.rows)}): {change}")
        elif (change.expected if change.expected is not None else 0) == seen and self.allows(change.kind, seen):
            self.wrong.append(f"a false conflict: it was made from the newest version: {change}")
        else:
            self.placed.append((2 * seen + 1, change))

    def _place_unknown(self) -> None:
        """Of several unanswered deletes of one version any may have been the one: the first sent forbids the least."""
        for change in sorted(self.unknown, key=lambda operation: operation.invoked):
            version = (change.expected or 0) + 1
            row = self.by_version.get(version)
            if row is not None and version not in self.makers and _is_of(row, change):
                self._make(version, change)
            elif change.kind is Kind.WRITE and change.payload in self.version_of:
                at = self.version_of[change.payload]
                self.wrong.append(f"an unanswered write took effect out of its place, as version {at}: {change}")

    def _make(self, version: int, change: Operation) -> None:
        self.makers[version] = change
        self.placed.append((2 * version, change))

    def _look_at_times(self) -> list[str]:
        """One pass in the order that the versions dictate, with the latest start of all that stands before."""
        self.placed.sort(key=lambda item: (item[0], item[1].invoked))
        latest: Operation | None = None
        for _place, operation in self.placed:
            if latest and operation.outcome is not Outcome.INFO and operation.returned < latest.invoked:
                return [f"against time: {operation} had its answer before {latest} was sent, which must stand before it"]
            if latest is None or operation.invoked > latest.invoked:
                latest = operation
        return []


def _same_document(row: Stored, before: Stored) -> bool:
    return row.payload == before.payload and not (row.digest and before.digest and row.digest != before.digest)


def _is_of(row: Stored, change: Operation) -> bool:
    """Whether the row is what that change would have made."""
    if row.kind is not change.kind:
        return False
    if change.kind is not Kind.WRITE:
        return True
    return row.payload == change.payload and not (row.digest and change.digest and row.digest != change.digest)
