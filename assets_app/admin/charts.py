"""Charts as numbers for a template: plain SVG, so that they need no script and can be read aloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from assets_app.operations.statistics import Amount, Week
from assets_app.windows import sized

# The drawing's own units; the page stretches it.
WIDTH, HEIGHT = 520, 100
GAP = 4


@dataclass(frozen=True)
class Bar:
    """A row of a table with a bar in it. `width` is in percent of the longest."""

    name: str
    width: str
    size: str
    files: int
    share: str
    href: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a chart, in the drawing's units, and the row of the table beside it."""

    x: str
    y: str
    width: str
    height: str
    title: str


@dataclass(frozen=True)
class Columns:
    caption: str
    most: str
    columns: list[Column]


def bars(amounts: Sequence[Amount], hrefs: dict[str, str] | None = None) -> list[Bar]:
    longest = max((amount.size for amount in amounts), default=0) or 1
    total = sum(amount.size for amount in amounts) or 1
    return [
        Bar(
            amount.name,
            _number(100 * amount.size / longest),
            sized(amount.size),
            amount.files,
            percent(amount.size, total),
            (hrefs or {}).get(amount.name, ""),
        )
        for amount in amounts
    ]


def size_columns(weeks: Sequence[Week]) -> Columns:
    return _columns("Bytes that came each week", [week.size for week in weeks], [sized(week.size) for week in weeks], weeks)


def file_columns(weeks: Sequence[Week]) -> Columns:
    texts = [f"{week.files:,} file{'' if week.files == 1 else 's'}" for week in weeks]
    return _columns("Files that came each week", [week.files for week in weeks], texts, weeks)


def percent(part: int, whole: int) -> str:
    """`12 %`; what is there is never nothing."""
    share = 100 * part / whole if whole else 0.0
    return "under 1 %" if 0 < share < 1 else f"{share:.0f} %"


def _columns(caption: str, values: list[int], texts: list[str], weeks: Sequence[Week]) -> Columns:
    most = max(values, default=0)
    step = WIDTH / max(len(values), 1)
    drawn = []
    for number, (value, text, week) in enumerate(zip(values, texts, weeks, strict=True)):
        height = max(HEIGHT * value / most, 1.0) if value else 0.0
        title = f"Week of {week.monday:%d %b %Y}: {text}"
        x, y = number * step + GAP / 2, HEIGHT - height
        drawn.append(Column(_number(x), _number(y), _number(step - GAP), _number(height), title))
    return Columns(caption, texts[values.index(most)] if most else "nothing", drawn)


def _number(value: float) -> str:
    """As SVG has it, whatever the language of the page."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
