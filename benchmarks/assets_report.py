"""What files are held against: names of tasks, goals, and the tables."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.keepers import NGINX, OURS, PLAIN
from benchmarks.report import Cell, Figures, Goal, rate, spread, told

VIDEO, RAW, RAW_GROUPS, RAW_ONCE = "Holdfast, video", "raw rows", "raw rows, 4 MiB a commit", "raw rows, one commit"
UPLOAD, DOWNLOAD, SMALL_DOWNLOAD, RANGE = "upload 50 MiB", "download 50 MiB", "download 1 MiB", "range of 64 KiB"
MEBIBYTES = {UPLOAD: 50.0, DOWNLOAD: 50.0, SMALL_DOWNLOAD: 1.0, RANGE: 1 / 16}


@dataclass
class Number:
    """Something that is no rate: a figure a round, and the most it should be. Without a limit it is only told."""

    text: str
    values: list[float] = field(default_factory=list)
    most: float | None = None
    digits: int = 1

    def line(self) -> list[str]:
        if self.most is None:
            return [self.text, spread(self.values, self.digits), "", ""]
        verdict = "met" if median(self.values) <= self.most else "MISSED"
        return [self.text, spread(self.values, self.digits), f"≤ {self.most:g}", verdict]


@dataclass
class Results:
    figures: Figures
    numbers: dict[str, Number] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def tell(self, text: str, value: float, *, most: float | None = None, digits: int = 1) -> None:
        self.numbers.setdefault(text, Number(text, most=most, digits=digits)).values.append(value)


def goals(floor_of_uploads: str) -> list[Goal]:
    """The floor of an upload is the quicker one of two ways to commit."""
    floor = Cell(UPLOAD, floor_of_uploads)
    wanted = []
    for name in (OURS, VIDEO):
        ours = Cell(UPLOAD, name)
        wanted += [
            Goal(f"{UPLOAD}, {name}: rate ÷ {floor_of_uploads}", ours, floor, rate, least=0.9),
            Goal(f"{UPLOAD}, {name}: rate ÷ plain hub", ours, Cell(UPLOAD, PLAIN), rate, least=5.0),
        ]
    for task in (DOWNLOAD, SMALL_DOWNLOAD):
        wanted += [
            Goal(f"{task}: rate ÷ raw rows", Cell(task, OURS), Cell(task, RAW), rate, least=0.4),
            Goal(f"{task}: rate ÷ plain hub", Cell(task, OURS), Cell(task, PLAIN), rate, least=3.0),
        ]
    wanted += [
        Goal(f"{RANGE}: rate ÷ raw rows", Cell(RANGE, OURS), Cell(RANGE, RAW), rate),
        Goal(f"{RANGE}: rate ÷ plain hub", Cell(RANGE, OURS), Cell(RANGE, PLAIN), rate, least=100.0),
    ]
    return wanted + [
        Goal(f"{task}: rate ÷ nginx", Cell(task, OURS), Cell(task, NGINX), rate)
        for task in (UPLOAD, DOWNLOAD, SMALL_DOWNLOAD, RANGE)
    ]


def quicker_floor(figures: Figures) -> str:
    def middle(name: str) -> float:
        found = figures.measured.get(Cell(UPLOAD, name), [])
        return median(one.rate for one in found) if found else 0.0

    return max(RAW_GROUPS, RAW_ONCE, key=middle)


def tables(results: Results) -> list[tuple[list[str], list[list[str]]]]:
    """Of rates, and of ratios and single figures; each a head and lines. A table without lines is left out."""
    figures = results.figures
    measured = [
        [
            cell.task,
            cell.who,
            spread([one.rate for one in found], 1),
            spread([one.rate * MEBIBYTES[cell.task] for one in found], 0),
            spread([one.cpu for one in found], 1),
        ]
        for cell, found in figures.measured.items()
    ]
    ratios: Iterable[list[str]] = (told(goal, figures) for goal in goals(quicker_floor(figures)))
    held = [line for line in ratios if line] + [number.line() for number in results.numbers.values()]
    both = [
        (["operation", "who", "a second", "MiB a second", "CPU ms an operation"], measured),
        (["figure", "median (least to most)", "goal", ""], held),
    ]
    return [table for table in both if table[1]]
