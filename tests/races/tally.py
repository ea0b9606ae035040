"""One line about a race."""

from collections import Counter
from collections.abc import Sequence

from tests.races.checker import Kind, Operation, Outcome


def tally(name: str, history: Sequence[Operation], faults: Sequence[str]) -> str:
    """Attempts, how they ended, how fast, and what the checker says."""
    changes = [operation for operation in history if operation.kind is not Kind.READ]
    answered = [operation for operation in history if operation.outcome is not Outcome.INFO]
    seconds = (max(op.returned for op in history) - min(op.invoked for op in history)) / 1e9
    outcomes = Counter(operation.outcome for operation in changes)
    failures = sum(operation.status >= 500 for operation in history)
    times = sorted((operation.returned - operation.invoked) / 1e6 for operation in answered) or [0.0]
    verdict = f"{len(faults)} FAULTS" if faults else "linearizable"
    return (
        f"{name}: {len(changes):,} attempts and {len(history) - len(changes):,} reads, {outcomes[Outcome.OK]:,} saved, "
        f"{outcomes[Outcome.CONFLICT]:,} refused, {outcomes[Outcome.FAIL]:,} failed, {outcomes[Outcome.INFO]:,} unanswered, "
        f"{failures} x 5xx, {seconds:.1f} s, {len(changes) / seconds:.0f} attempts/s, "
        f"p50 {times[len(times) // 2]:.0f} ms, p99 {times[int(len(times) * 0.99)]:.0f} ms, max {times[-1]:.0f} ms, {verdict}"
    )
