"""How fast sessions are saved, refused, read and listed, and what that costs: `python -m benchmarks.saves --help`.

Holdfast is held against the database alone (`benchmarks.floor`) and against a hub written in an hour (`benchmarks.naive`), all on
this machine and in the same rounds. Ratios are the result: absolute figures tell more of the machine.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import report
from benchmarks.contenders import Contender, Editors, Holdfast, Plain, expect, paging, paging_deep
from benchmarks.documents import LARGE, SMALL, Draft
from benchmarks.floor import Floor
from benchmarks.load import Running, measure
from benchmarks.memory import peak_megabytes
from benchmarks.report import Cell, Figures
from benchmarks.rows import copy_session
from benchmarks.servers import Databases, databases, holdfast, plain

GROUPS = ("saves", "refusals", "reads", "lists", "pages", "growth", "memory")
SIZES = dict(zip(report.SIZES, (SMALL, LARGE), strict=True))


@dataclass(frozen=True)
class Scale:
    """How much there is. Of a list's sessions the `newest` are saved over the API, 9 and 93 kB in turns; the others are small."""

    own: int = 20_000
    others: int = 80_000
    newest: int = 200
    few: int = 1_000
    many: int = 1_000_000
    huge: int = 8_000_000


QUICK = Scale(own=2_200, others=800, newest=20, many=20_000, huge=1_000_000)


class Task(NamedTuple):
    """Something to measure: `begin` starts it and tells whose processor time it takes."""

    cell: Cell
    begin: Callable[[], tuple[Running, list[psutil.Process]]]


def main() -> int:
    options = _options()
    lines: list[str] = []
    for kind in ("postgresql", "sqlite") if options.database == "both" else (options.database,):
        figures = Figures(kind)
        with databases(kind) as made:
            _measure_all(options, made, figures)
        title = f"{'PostgreSQL' if kind == 'postgresql' else 'SQLite'}, rounds: {options.rounds} of {options.seconds:g} s"
        title += " (quick: too little to judge by)" if options.quick else ""
        print(f"\n=== {title} ===")
        lines.append(f"### {title}")
        for table in report.tables(figures):
            print("\n" + report.plain_text(*table))
            lines.append(report.markdown(*table))
    if options.markdown:
        options.markdown.write_text("\n\n".join(lines) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.saves", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="that each operation is measured in each round")
    parser.add_argument("--database", choices=["postgresql", "sqlite", "both"], default="postgresql")
    parser.add_argument("--only", default=",".join(GROUPS), help=f"some of {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the tables to this file")
    parser.add_argument("--quick", action="store_true", help="one round of a second with few rows: only to see that it runs")
    options = parser.parse_args()
    options.only = set(options.only.split(","))
    if unknown := options.only - set(GROUPS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    options.scale = QUICK if options.quick else Scale()
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    return options


def _measure_all(options: argparse.Namespace, made: Databases, figures: Figures) -> None:
    """Stage by stage: idle servers would take time from those that are measured."""
    if options.only & {"saves", "refusals", "reads", "lists", "pages"}:
        with _everybody(options, made) as tasks:
            _measure_rounds(options, tasks, figures)
    if "growth" in options.only:
        with _few_and_many(options.scale, made) as tasks:
            _measure_rounds(options, tasks, figures)
    if "memory" in options.only:
        say("Saving very large documents")
        with made.fresh() as url, holdfast(url) as hub:
            figures.numbers[report.MEMORY] = peak_megabytes(hub, options.scale.huge)


def _measure_rounds(options: argparse.Namespace, tasks: list[Task], figures: Figures) -> None:
    """Whoever does the same thing does it one after another, each round in another order."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.cell.task, []).append(task)
    for number in range(options.rounds):
        for name, group in groups.items():
            say(f"Round {number + 1} of {options.rounds}: {name}")
            turn = number % len(group)
            for task in group[turn:] + group[:turn]:
                running, processes = task.begin()
                figures.add(task.cell, measure(running, processes, options.seconds))


@contextmanager
def _everybody(options: argparse.Namespace, made: Databases) -> Iterator[list[Task]]:
    """Holdfast, the plain hub and raw transactions, each in a database of its own, and all that they are to do."""
    with ExitStack() as stack:
        urls = [stack.enter_context(made.fresh()) for _ in range(3)]
        ours = Holdfast(stack.enter_context(holdfast(urls[0])))
        other = Plain(stack.enter_context(plain(urls[1])))
        database = made.processes()
        tasks = []
        for size, length in SIZES.items():
            if options.only & {"saves", "refusals"}:
                tasks += _save_tasks(size, length, [ours, other], database)
            if "saves" in options.only:
                tasks.append(_raw_task(Floor(urls[2]), size, length, database))
            if "refusals" in options.only:
                tasks += _refusal_tasks(size, length, [ours, other], database)
            if "reads" in options.only:
                tasks += _read_tasks(size, length, [ours, other], database)
        if options.only & {"lists", "pages"}:
            tasks += _list_tasks(options, [(ours, urls[0]), (other, urls[1])], database)
        if "pages" in options.only:
            with closing(ours.connect("lister")) as connection:
                paths = ours.deep_pages(connection, options.scale.own - 2_000)
            tasks.append(_task(report.DEEP, ours, partial(paging_deep, ours, paths), database))
        yield tasks


def _task(name: str, who: Contender, begin: Callable[[], Running], database: list[psutil.Process]) -> Task:
    return Task(Cell(name, who.name), lambda: (begin(), who.processes() + database))


def _save_tasks(size: str, length: int, contenders: list[Contender], database: list[psutil.Process]) -> list[Task]:
    return [_task(report.SAVE.format(size), who, Editors(who, length).saving, database) for who in contenders]


def _refusal_tasks(size: str, length: int, contenders: list[Contender], database: list[psutil.Process]) -> list[Task]:
    name = report.STALE.format(size)
    return [_task(name, who, Editors(who, length, name="stale").refused, database) for who in contenders]


def _read_tasks(size: str, length: int, contenders: list[Contender], database: list[psutil.Process]) -> list[Task]:
    name = report.READ.format(size)
    return [_task(name, who, Editors(who, length, name="read").reading, database) for who in contenders]


def _raw_task(floor: Floor, size: str, length: int, database: list[psutil.Process]) -> Task:
    def begin() -> tuple[Running, list[psutil.Process]]:
        running = floor.saves(length)
        return running, running.processes() + database

    return Task(Cell(report.SAVE.format(size), report.RAW), begin)


def _list_tasks(
    options: argparse.Namespace, contenders: list[tuple[Contender, str]], database: list[psutil.Process]
) -> list[Task]:
    tasks = []
    scale = options.scale
    for who, url in contenders if "lists" in options.only else contenders[:1]:
        say(f"Adding {scale.own + scale.others:,} sessions: {who.name}")
        with closing(who.connect("lister")) as connection:
            _add_copies(who, url, {"lister": scale.own - scale.newest - 1, "saver": scale.others})
            for index in range(scale.newest):
                draft = Draft(f"listed-{index}", (SMALL, LARGE)[index % 2])
                expect(who.save(connection, draft, 0), 200, 201)
        tasks.append(_task(report.LIST, who, partial(paging, who), database))
    return tasks


@contextmanager
def _few_and_many(scale: Scale, made: Databases) -> Iterator[list[Task]]:
    """Two hubs that differ in nothing but how many sessions there are, all of them the one's who lists them."""
    with ExitStack() as stack:
        tasks = []
        for name, count in ((report.FEW, scale.few), (report.MANY, scale.many)):
            say(f"Adding {count:,} sessions: {Holdfast.name}")
            url = stack.enter_context(made.fresh())
            who = Holdfast(stack.enter_context(holdfast(url)))
            _add_copies(who, url, {"lister": count - 1})
            tasks.append(_task(name, who, partial(paging, who), made.processes()))
        yield tasks


def _add_copies(who: Contender, url: str, counts: dict[str, int]) -> None:
    """Copies of a small session, which is saved as any other is, so many for each of these people."""
    with closing(who.connect("lister")) as connection:
        template = Draft("template", 500)
        expect(who.save(connection, template, 0), 200, 201)
    for owner, count in counts.items():
        copy_session(url, table=who.table, template=template.session_id, owner=owner, count=count)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
