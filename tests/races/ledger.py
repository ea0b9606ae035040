"""What the hub itself has in the end: every version, every entry of the log, every document that was refused and kept."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.hub import ROOT, Hub
from tests.races.checker import Kind, Operation, Outcome, Stored, check
from tests.races.clients import Door, Line, Question

# From the database itself: what is checked must not come through the doors alone that are on trial.
SCRIPT = """
import hashlib, json
from sessions_app.operations.history import bytes_of
def told(kept):
    data = bytes_of(kept, kept.session_id)
    assert hashlib.sha256(data).hexdigest() == kept.sha256, kept
    return [json.loads(data).get("attempt", ""), kept.sha256]
names = dict(Session.objects.filter(session_id__startswith={prefix!r}).values_list("pk", "session_id"))
versions = SessionVersion.objects.filter(session__in=names)
log = SessionActivity.objects.filter(session_id__startswith={prefix!r}).order_by("session_id", "seq")
print(json.dumps({{
    "versions": [[names[v.session_id], v.version, v.cause, *told(v)] for v in versions.iterator()],
    "log": list(log.values_list("session_id", "seq", "action", "version")),
    "kept": [told(conflict)[0] for conflict in Conflict.objects.filter(session__in=names).iterator()],
}}))
"""
KINDS = {"saved": Kind.WRITE, "deleted": Kind.DELETE, "undeleted": Kind.RESTORE}
CAUSES = {kind: cause for cause, kind in KINDS.items()}
MAKING = ("created", "updated", "deleted", "undeleted")


@dataclass(frozen=True)
class Ledger:
    """`stored`: the versions; `log`: (session id, number of the entry, action, version); `kept`: attempts among the conflicts."""

    stored: list[Stored]
    log: list[tuple[str, int, str, int]]
    kept: Counter[str]

    @classmethod
    def of(cls, hub: Hub, prefix: str) -> "Ledger":
        """Of the sessions whose ids begin with `prefix`. Each version's bytes are held against its digest."""
        told = json.loads(hub.manage("shell", "-v0", "-c", SCRIPT.format(prefix=prefix)))
        stored = [Stored(name, version, attempt, KINDS[cause], sha) for name, version, cause, attempt, sha in told["versions"]]
        return cls(stored, [tuple(entry) for entry in told["log"]], Counter(told["kept"]))

    @property
    def actions(self) -> Counter[str]:
        return Counter(action for _id, _number, action, _version in self.log)


def faults_of(history: Iterable[Operation], ledger: Ledger) -> list[str]:
    """What the checker finds, and what is wrong with the log and the conflicts of these operations."""
    history = list(history)
    faults = check(history, ledger.stored)
    made = Counter((row.register, row.version) for row in ledger.stored)
    logged = Counter((name, version) for name, _number, action, version in ledger.log if action in MAKING)
    if made != logged:
        odd = sorted(((made - logged) + (logged - made)).items())
        faults.append(f"versions without their one entry in the log, or the other way round: {odd[:5]}")
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for name, number, _action, _version in ledger.log:
        numbers[name].append(number)
    faults += [
        f"the log of {name} is not numbered 1, 2, ..." for name, seen in numbers.items() if seen != [*range(1, len(seen) + 1)]
    ]
    return faults + _faults_of_conflicts(history, ledger)


def _faults_of_conflicts(history: list[Operation], ledger: Ledger) -> list[str]:
    faults = []
    known = {operation.payload: operation for operation in history if operation.kind is Kind.WRITE}
    for attempt, operation in known.items():
        times = ledger.kept[attempt]
        if operation.outcome is Outcome.CONFLICT and operation.status == 409 and not times:
            faults.append(f"a refused document is lost: {operation}")
        if operation.outcome is Outcome.OK and times:
            faults.append(f"a saved document is kept as a conflict, too: {operation}")
        if times > 1:
            faults.append(f"one refused document is kept {times} times: {operation}")
    return faults + [f"a conflict of nobody: {attempt!r}" for attempt in ledger.kept if attempt not in known]


def disagreements(ledger: Ledger, door: Door) -> list[str]:
    """Where the API tells another history than the database has."""
    rows: defaultdict[str, list[Stored]] = defaultdict(list)
    entries: defaultdict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for row in ledger.stored:
        rows[row.register].append(row)
    for name, number, action, version in ledger.log:
        entries[name].append((number, action, version))
    line = Line(door)
    faults = []
    for name in rows:
        kept = sorted(rows[name], key=lambda row: row.version)
        listed = [(item["version"], item["cause"], item["sha256"]) for item in _pages(line, name, "versions")]
        if listed[::-1] != [(row.version, CAUSES[row.kind], row.digest) for row in kept]:
            faults.append(f"the API's versions of {name} are not those of the database")
        logged = [(item["seq"], item["action"], item["version"]) for item in _pages(line, name, "activity")]
        if logged[::-1] != sorted(entries[name]):
            faults.append(f"the API's log of {name} is not that of the database")
        for row in (kept[0], kept[len(kept) // 2], kept[-1]):
            past = line.ask(Question("GET", f"/api/sessions/{name}?version={row.version}")).json()["session"]
            if (past["_version"], past["attempt"]) != (row.version, row.payload):
                faults.append(f"the API shows another version {row.version} of {name}: {past}")
    line.close()
    return faults


def findings_of(hub: Hub) -> list[str]:
    """What the hub's own auditor says of everything in it."""
    command = [sys.executable, "manage.py", "fsck", "--json"]
    told = subprocess.run(command, cwd=ROOT, env=hub.environment, check=False, capture_output=True, text=True)
    findings = json.loads(told.stdout)["findings"]
    return [f"fsck: {finding}" for finding in findings] + ([] if told.returncode == 0 or findings else [told.stderr])


def _pages(line: Line, session_id: str, what: str) -> list[dict[str, Any]]:
    """All the items of a list that comes in pages."""
    path: str | None = f"/api/sessions/{session_id}/{what}?limit=1000"
    items: list[dict[str, Any]] = []
    while path:
        told = line.ask(Question("GET", path)).json()
        items += told[what]
        path = told["next"] and "/" + told["next"].split("/", 3)[3]
    return items
