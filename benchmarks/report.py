"""Figures of all rounds, the goals they are held against, and both as tables."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from benchmarks.load import Measured


class Cell(NamedTuple):
    """Who was measured doing what."""

    task: str
    who: str


@dataclass
class Figures:
    """Of one database: a measurement a round for each cell, and single numbers."""

    database: str
    measured: dict[Cell, list[Measured]] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def add(self, cell: Cell, figure: Measured) -> None:
        self.measured.setdefault(cell, []).append(figure)

    def ratios(self, above: Cell, below: Cell, of: Callable[[Measured], float]) -> list[float]:
        """Round by round: what disturbs the machine in one round disturbs both."""
        pairs = zip(self.measured.get(above, []), self.measured.get(below, []), strict=True)
        return [of(one) / of(other) for one, other in pairs]


@dataclass(frozen=True)
class Goal:
    """A ratio, and where it should be. Without a limit it is only told."""

    text: str
    above: Cell
    below: Cell
    of: Callable[[Measured], float]
    least: float | None = None
    most: float | None = None


def rate(figure: Measured) -> float:
    return figure.rate


def cpu(figure: Measured) -> float:
    return figure.cpu


OURS, PLAIN, RAW = "Holdfast", "plain hub", "raw transaction"
SAVE, STALE, READ = "save {}", "stale save {}", "read {}"
LIST, DEEP, FEW, MANY = "first page", "deep page", "first page, few sessions", "first page, many sessions"
MEMORY, MEMORY_GOAL = "peak memory of a web worker above idle, MB", 150.0
SIZES = ("9 kB", "93 kB")


def goals(database: str) -> list[Goal]:
    """Rates are held against raw transactions only where those write jsonb."""
    raw = {"9 kB": 0.60, "93 kB": 1.0} if database == "postgresql" else {}
    wanted = []
    for size in SIZES:
        save, stale, read = (task.format(size) for task in (SAVE, STALE, READ))
        cheaper = 5.0 if size == "9 kB" else None
        wanted += [
            Goal(f"{save}: rate ÷ raw transaction", Cell(save, OURS), Cell(save, RAW), rate, least=raw.get(size)),
            Goal(f"{save}: plain hub's CPU ÷ ours", Cell(save, PLAIN), Cell(save, OURS), cpu, least=cheaper),
            Goal(f"{stale}: CPU ÷ own save's", Cell(stale, OURS), Cell(save, OURS), cpu, most=1.0),
            Goal(f"{stale}: plain hub's CPU ÷ ours", Cell(stale, PLAIN), Cell(stale, OURS), cpu),
            Goal(f"{read}: plain hub's CPU ÷ ours", Cell(read, PLAIN), Cell(read, OURS), cpu, least=6.0),
        ]
    return [
        *wanted,
        Goal("first page: plain hub's CPU ÷ ours", Cell(LIST, PLAIN), Cell(LIST, OURS), cpu, least=30.0),
        Goal("first page: CPU with many sessions ÷ with few", Cell(MANY, OURS), Cell(FEW, OURS), cpu, most=2.0),
        Goal("deep page: rate ÷ first page's", Cell(DEEP, OURS), Cell(LIST, OURS), rate, least=0.8),
    ]


def tables(figures: Figures) -> list[tuple[list[str], list[list[str]]]]:
    """Two tables, each a head and lines: what was measured, and the ratios."""
    measured = [
        [cell.task, cell.who, spread([one.rate for one in found], 1), spread([one.cpu for one in found], 3)]
        for cell, found in figures.measured.items()
    ]
    ratios = [line for goal in goals(figures.database) if (line := told(goal, figures))]
    for name, number in figures.numbers.items():
        ratios.append([name, f"{number:.1f}", f"< {MEMORY_GOAL:.0f}", "met" if number < MEMORY_GOAL else "MISSED"])
    return [
        (["operation", "who", "operations a second", "CPU ms an operation"], measured),
        (["ratio", "median (least to most)", "goal", ""], ratios),
    ]


def told(goal: Goal, figures: Figures) -> list[str]:
    """A line of the table; nothing if a part of it was not measured."""
    if goal.above not in figures.measured or goal.below not in figures.measured:
        return []
    found = figures.ratios(goal.above, goal.below, goal.of)
    middle = median(found)
    if goal.least is not None:
        limit, is_met = f"≥ {goal.least:g}", middle >= goal.least
    elif goal.most is not None:
        limit, is_met = f"≤ {goal.most:g}", middle <= goal.most
    else:
        return [goal.text, spread(found, 2), "", ""]
    return [goal.text, spread(found, 2), limit, "met" if is_met else "MISSED"]


def spread(found: Iterable[float], digits: int) -> str:
    """The median, and the least and the most."""
    ordered = sorted(found)
    middle, least, most = (f"{number:,.{digits}f}" for number in (median(ordered), ordered[0], ordered[-1]))
    return middle if len(ordered) == 1 else f"{middle} ({least} to {most})"


def plain_text(head: list[str], lines: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in [head, *lines]) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [head, *lines])


def markdown(head: list[str], lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])
