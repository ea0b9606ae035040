"""One line about a race."""

from collections import Counter
from collections.abc import Sequence

from tests.races.checker import Kind, Operation, Outcome


def tally(name: str, history: Sequence[Operation], faults: Sequence[str]) -> str:
    """Attempts, how they ended, how fast (latencies of changes), and what the checker says."""
    changes = [operation for operation in history if operation.kind is not Kind.READ]
    statuses = Counter(operation.status for operation in changes)
    failures = sum(operation.status >= 500 for operation in history)
    others = sum(count for status, count in statuses.items() if status not in (200, 409) and status < 500)
    saved = sum(operation.outcome is Outcome.OK for operation in changes)
    seconds = (max(op.returned for op in history) - min(op.invoked for op in history)) / 1e9
    times = sorted((op.returned - op.invoked) / 1e6 for op in changes if op.outcome is not Outcome.INFO) or [0.0]
    parts = [
        f"{len(changes):,} attempts, {len(history) - len(changes):,} reads",
        f"{statuses[200]:,} x 200, {statuses[409]:,} x 409, {failures} x 5xx, {others} other",
        f"{seconds:.1f} s, {len(changes) / seconds:.0f} attempts/s, {saved / seconds:.0f} saves/s",
        f"p50 {times[len(times) // 2]:.0f} ms, p99 {times[int(len(times) * 0.99)]:.0f} ms, max {times[-1]:.0f} ms",
        f"{len(faults)} FAULTS" if faults else "no faults",
    ]
    return f"{name}: {'; '.join(parts)}"
