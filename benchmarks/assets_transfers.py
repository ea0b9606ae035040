"""Rates: files sent, and read whole and in parts, by everybody in turns."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from typing import NamedTuple

import psutil

from benchmarks import keepers
from benchmarks.assets_report import DOWNLOAD, RANGE, RAW, RAW_GROUPS, RAW_ONCE, SMALL_DOWNLOAD, UPLOAD, VIDEO, Results
from benchmarks.assets_scale import CONNECTIONS, Scale, say
from benchmarks.bodies import MARK_BYTES, MEBIBYTE, Body, text, video
from benchmarks.chunks import ChunkFloor, repeat_in_processes
from benchmarks.keepers import Keeper, connect, connect_all, wait_for_facts
from benchmarks.load import Measured, cpu_seconds
from benchmarks.nginx import nginx
from benchmarks.report import Cell, Figures
from benchmarks.servers import Databases, holdfast, plain
from benchmarks.transfers import Line, Step, repeat_all

FILE_BYTES, SMALL_BYTES, RANGE_BYTES = 50 * MEBIBYTE, MEBIBYTE, 64 * 1024
NO_NGINX = "nginx with its WebDAV module is not on this machine (Debian: nginx-light), and was left out."


class Task(NamedTuple):
    cell: Cell
    run: Callable[[float], Measured]


@dataclass
class Field:
    """Who takes part. The floor writes into one database and reads from another, as all that it wrote goes after each turn."""

    keepers: list[Keeper]
    writer: ChunkFloor
    reader: ChunkFloor
    database: list[psutil.Process]
    tasks: list[Task] = field(default_factory=list)

    def add(self, name: str, who: str, run: Callable[[float], Measured]) -> None:
        self.tasks.append(Task(Cell(name, who), run))


def measure(scale: Scale, made: Databases, results: Results, groups: set[str]) -> None:
    with _everybody(made, results) as ground:
        if "uploads" in groups:
            _add_uploads(ground)
        if "downloads" in groups:
            _add_downloads(ground, DOWNLOAD, FILE_BYTES)
            _add_downloads(ground, SMALL_DOWNLOAD, SMALL_BYTES)
        if "ranges" in groups:
            _add_ranges(ground)
        _measure_rounds(scale, ground.tasks, results.figures)


@contextmanager
def _everybody(made: Databases, results: Results) -> Iterator[Field]:
    with ExitStack() as stack:
        urls = [stack.enter_context(made.fresh()) for _ in range(4)]
        found: list[Keeper] = [
            keepers.Holdfast(stack.enter_context(holdfast(urls[0]))),
            keepers.Plain(stack.enter_context(plain(urls[1]))),
        ]
        server = stack.enter_context(nginx())
        if server is None:
            results.notes.append(NO_NGINX)
        else:
            found.append(keepers.Nginx(server))
        yield Field(found, ChunkFloor(urls[2]), ChunkFloor(urls[3]), made.processes())


def _measure_rounds(scale: Scale, tasks: list[Task], figures: Figures) -> None:
    """Whoever does the same thing does it one after another, each round in another order."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.cell.task, []).append(task)
    for number in range(scale.rounds):
        for name, group in groups.items():
            say(f"Round {number + 1} of {scale.rounds}: {name}")
            turn = number % len(group)
            for task in group[turn:] + group[:turn]:
                figures.add(task.cell, task.run(scale.seconds))


def _add_uploads(ground: Field) -> None:
    notes, film = text(FILE_BYTES), video(FILE_BYTES)
    for keeper in ground.keepers:
        ground.add(UPLOAD, keeper.name, partial(_over_http, ground, keeper, partial(_sending, keeper, notes)))
    ground.add(UPLOAD, VIDEO, partial(_sending_video, ground, ground.keepers[0], film))
    for who, at_once in ((RAW_GROUPS, False), (RAW_ONCE, True)):
        begin = ground.writer.writing(notes, at_once=at_once)
        ground.add(UPLOAD, who, partial(_by_hand, ground, begin, after=ground.writer.clear))


def _add_downloads(ground: Field, name: str, size: int) -> None:
    body = text(size)
    for keeper in ground.keepers:
        path = _kept(keeper, body)
        ground.add(name, keeper.name, partial(_over_http, ground, keeper, partial(_fetching, path)))
    ground.add(name, RAW, partial(_by_hand, ground, ground.reader.reading(ground.reader.store(body), body.size)))


def _add_ranges(ground: Field) -> None:
    body = text(FILE_BYTES)
    for keeper in ground.keepers:
        path = _kept(keeper, body)
        ground.add(RANGE, keeper.name, partial(_over_http, ground, keeper, partial(_fetching_parts, path, body.size)))
    begin = ground.reader.reading_parts(ground.reader.store(body), body.size, RANGE_BYTES)
    ground.add(RANGE, RAW, partial(_by_hand, ground, begin))


def _kept(keeper: Keeper, body: Body) -> str:
    """The address of a file that was sent, and comes back as it was."""
    body = replace(body, mark=b"=" * MARK_BYTES)
    with closing(connect(keeper)) as line:
        path = keeper.send(line, body)
        found = line.fetch(path, digested=True)
    if found.sha256 != hashlib.sha256(b"".join(body.parts())).hexdigest():
        raise RuntimeError(f"{keeper.name} gave back something else than it was sent")
    return path


def _sending(keeper: Keeper, body: Body, line: Line) -> Step:
    def send() -> None:
        keeper.send(line, body)

    return send


def _fetching(path: str, line: Line) -> Step:
    def fetch() -> None:
        _expect(line.fetch(path).status, 200)

    return fetch


def _fetching_parts(path: str, size: int, line: Line) -> Step:
    rng = Random()

    def fetch() -> None:
        start = rng.randrange(size - RANGE_BYTES)
        _expect(line.fetch(path, (start, start + RANGE_BYTES - 1)).status, 200, 206)

    return fetch


def _expect(status: int, *statuses: int) -> None:
    if status not in statuses:
        raise RuntimeError(f"status {status}")


def _sending_video(ground: Field, keeper: Keeper, body: Body, seconds: float) -> Measured:
    found = _over_http(ground, keeper, partial(_sending, keeper, body), seconds)
    with closing(connect(keeper)) as line:
        wait_for_facts(line, keeper.send(line, body))
    return found


def _over_http(ground: Field, keeper: Keeper, make_step: Callable[[Line], Step], seconds: float) -> Measured:
    lines = connect_all(keeper, CONNECTIONS)
    roots = keeper.processes() + ground.database
    try:
        cpu = cpu_seconds(roots)
        done = repeat_all([make_step(line) for line in lines], seconds)
        return Measured(done.rate, (cpu_seconds(roots) - cpu) / done.times * 1000)
    finally:
        for line in lines:
            line.close()


def _by_hand(ground: Field, begin: Callable[[], Step], seconds: float, after: Step = lambda: None) -> Measured:
    cpu = cpu_seconds(ground.database)
    used = repeat_in_processes(begin, seconds, CONNECTIONS)
    cpu = cpu_seconds(ground.database) - cpu + used.cpu_seconds
    after()
    return Measured(used.done.rate, cpu / used.done.times * 1000)
