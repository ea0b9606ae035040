"""What the hub itself has in the end: every version, every entry of the log, every document that was refused and kept."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.hub import Hub
from tests.races.checker import Kind, Operation, Outcome, Stored, check

SCRIPT = """
import json
def attempt(text): return json.loads(text).get("attempt", "")
sessions = Session.objects.filter(session_id__startswith={prefix!r})
versions = [
    [v.session.session_id, v.version, attempt(v.text), v.sha256, v.text]
    for v in SessionVersion.objects.filter(session__in=sessions).select_related("session").iterator()
]
log = list(SessionActivity.objects.filter(session_id__startswith={prefix!r}).values_list("session_id", "action", "version"))
kept = [attempt(conflict.text) for conflict in Conflict.objects.filter(session__in=sessions).iterator()]
print(json.dumps({{"versions": versions, "log": log, "kept": kept}}))
"""


@dataclass(frozen=True)
class Ledger:
    """`actions` counts the log's entries by action; `kept` counts the attempts among the conflicts."""

    stored: list[Stored]
    actions: Counter[str]
    logged_versions: Counter[tuple[str, int]]
    kept: Counter[str]

    @classmethod
    def of(cls, hub: Hub, prefix: str) -> "Ledger":
        """Of the sessions whose ids begin with `prefix`. Each version's bytes are held against its digest."""
        told = json.loads(hub.manage("shell", "-v0", "-c", SCRIPT.format(prefix=prefix)))
        stored = []
        for session_id, version, attempt, digest, text in told["versions"]:
            assert hashlib.sha256(text.encode()).hexdigest() == digest, (session_id, version)
            stored.append(Stored(session_id, version, attempt, Kind.WRITE, digest))
        made = [(session_id, version) for session_id, action, version in told["log"] if action in ("created", "updated")]
        return cls(stored, Counter(action for _id, action, _v in told["log"]), Counter(made), Counter(told["kept"]))


def faults_of(history: Iterable[Operation], ledger: Ledger) -> list[str]:
    """What the checker finds, and what is wrong with the log and the conflicts of these operations."""
    history = list(history)
    faults = check(history, ledger.stored)
    made = Counter((row.register, row.version) for row in ledger.stored)
    if made != ledger.logged_versions:
        faults.append(f"versions without their one entry in the log, or the other way round: {_difference(made, ledger)}")
    known = {op.payload: op for op in history if op.kind is Kind.WRITE}
    for attempt, op in known.items():
        times = ledger.kept[attempt]
        if op.outcome is Outcome.CONFLICT and op.expected is not None and not times:
            faults.append(f"a refused document is lost: {op}")
        if op.outcome is Outcome.OK and times:
            faults.append(f"a saved document is kept as a conflict, too: {op}")
        if times > 1:
            faults.append(f"one refused document is kept {times} times: {op}")
    faults += [f"a conflict of nobody: {attempt!r}" for attempt in ledger.kept if attempt not in known]
    return faults


def _difference(made: Counter[tuple[str, int]], ledger: Ledger) -> str:
    return str(sorted(((made - ledger.logged_versions) + (ledger.logged_versions - made)).items())[:5])
