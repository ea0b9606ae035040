"""Memory while files come and go, and how long others wait while many read slowly."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from statistics import median, quantiles

from benchmarks import keepers
from benchmarks.assets_report import Results
from benchmarks.assets_scale import CONNECTIONS, Scale, say
from benchmarks.assets_transfers import FILE_BYTES
from benchmarks.bodies import MEBIBYTE, Body, text, video
from benchmarks.keepers import Keeper, connect, connect_all, wait_for_facts
from benchmarks.servers import PROCESSES, Databases, holdfast, plain
from benchmarks.slow import PATIENCE_SECONDS, Probed, Readers, probe
from benchmarks.transfers import repeat_all
from benchmarks.watch import Watch, memory
from tests.hub import Hub

READERS, PACE = 20, 2e6
MANY = 200
UPLOADS_EACH = 2
SERVER, WEB, DATABASE = "server", "web", "database"


# --- memory


def measure_memory(scale: Scale, made: Databases, results: Results) -> None:
    """Each time in servers that have just begun: what they once took, they may keep."""
    seconds = max(2.0, 2 * scale.seconds)
    with made.fresh() as url, holdfast(url) as hub:
        ours = keepers.Holdfast(hub)
        with closing(connect(ours)) as line:
            path = ours.send(line, text(FILE_BYTES))
        acts: dict[str, tuple[Callable[[], None], float]] = {
            "uploads of text": (partial(_send_some, ours, text(FILE_BYTES)), 32.0),
            "uploads of video": (partial(_send_some, ours, video(FILE_BYTES)), 32.0),
            f"{READERS} downloads": (partial(_read, ours, path, READERS, 0.0, seconds), 64.0),
            f"{READERS} slow readers": (partial(_read, ours, path, READERS, PACE, 3 * seconds), 64.0),
        }
        for number in range(min(scale.rounds, 2)):
            for name, (act, most) in acts.items():
                say(f"Memory {number + 1}: {name}")
                _restart(hub)
                _warm(ours)
                grown = _grown(ours, made, act)
                results.tell(f"{name}: memory of {ours.name}, MiB more", grown[SERVER], most=most)
                results.tell(f"{name}: of that, the web server alone", grown[WEB])
                if DATABASE in grown:
                    results.tell(f"{name}: private memory of PostgreSQL, MiB more", grown[DATABASE], most=32.0)
    with made.fresh() as url, plain(url) as other_hub:
        other = keepers.Plain(other_hub)
        grown = _grown(other, made, partial(_send_some, other, text(FILE_BYTES)))
        results.tell(f"uploads of text: memory of {other.name}, MiB more", grown[SERVER])


def _restart(hub: Hub) -> None:
    hub.stop()
    hub.start()


def _warm(ours: keepers.Holdfast) -> None:
    """What is loaded or opened only once, with small files only: all threads, and their connections to the database."""
    for line in connect_all(ours, PROCESSES):
        with closing(line):
            ours.send(line, text(2_000))
            path = ours.send(line, video(MEBIBYTE // 2))
            wait_for_facts(line, path)
    about = path.removesuffix("/data")
    for _ in range(3):
        repeat_all([lambda: _nothing(probe(ours.port, ours.authorization, about, 0.3))] * READERS, 0)


def _nothing(_result: object) -> None:
    """A step tells nothing."""


def _grown(keeper: Keeper, made: Databases, act: Callable[[], None]) -> dict[str, float]:
    server = keeper.processes()[0]
    web = next((process for process in server.children() if "gunicorn" in process.cmdline()), server)
    samples = {SERVER: partial(memory, server), WEB: partial(memory, web)}
    for database in made.processes():
        samples[DATABASE] = partial(memory, database, "Pss_Anon")
    with Watch(**samples) as watch:
        act()
    return watch.grown


def _send_some(keeper: Keeper, body: Body) -> None:
    def send() -> None:
        with closing(connect(keeper)) as line:
            for _ in range(UPLOADS_EACH):
                keeper.send(line, body)

    repeat_all([send] * CONNECTIONS, 0)


def _read(keeper: Keeper, path: str, count: int, pace: float, seconds: float) -> None:
    Readers(keeper.port, keeper.authorization, path, count=count, pace=pace, seconds=seconds).end()


# --- how long others wait


def measure_answers(scale: Scale, made: Databases, results: Results) -> None:
    with _both(made) as (ours, other):
        seconds = max(2.0, scale.seconds)
        for number in range(scale.rounds):
            say(f"Small things while {READERS} read slowly, {number + 1} of {scale.rounds}")
            for path in (ours.small, "/healthz"):
                _idle_and_busy(results, ours, path, seconds)
        for pace in (PACE / 10, PACE):
            say(f"Small things while {MANY} read slowly")
            _busy(results, ours, MANY, pace, seconds)
        say(f"Small things while {READERS} read slowly: {other.keeper.name}")
        _busy(results, other, READERS, PACE, seconds)


class _Asked:
    """A server with a large file and something small."""

    def __init__(self, keeper: Keeper, small: str) -> None:
        self.keeper, self._small = keeper, small
        with closing(connect(keeper)) as line:
            self.large = keeper.send(line, text(FILE_BYTES))

    @property
    def small(self) -> str:
        """What is known of the large file; of a server that tells nothing of files, another address."""
        return self._small or self.large.removesuffix("/data")

    def probe(self, path: str, seconds: float) -> Probed:
        return probe(self.keeper.port, self.keeper.authorization, path, seconds)

    def readers(self, count: int, pace: float, seconds: float) -> Readers:
        return Readers(self.keeper.port, self.keeper.authorization, self.large, count=count, pace=pace, seconds=seconds)


@contextmanager
def _both(made: Databases) -> Iterator[tuple[_Asked, _Asked]]:
    with ExitStack() as stack:
        hub = stack.enter_context(holdfast(stack.enter_context(made.fresh())))
        other = stack.enter_context(plain(stack.enter_context(made.fresh())))
        yield _Asked(keepers.Holdfast(hub), ""), _Asked(keepers.Plain(other), "/sessions/")


def _idle_and_busy(results: Results, ours: _Asked, path: str, seconds: float) -> None:
    name = "/healthz" if path == "/healthz" else "an asset's facts"
    idle = ours.probe(path, seconds)
    readers = ours.readers(READERS, PACE, seconds + 2)
    busy = ours.probe(path, seconds)
    read = readers.end()
    (idle_middle, idle_late), (middle, late) = _late(idle), _late(busy)
    results.tell(f"{name}, idle: p50, ms", idle_middle)
    results.tell(f"{name}, idle: p95, ms", idle_late)
    results.tell(f"{name}, {READERS} slow readers: p50, ms", middle)
    results.tell(f"{name}, {READERS} slow readers: p95, ms", late)
    results.tell(f"{name}: p95 with {READERS} slow readers ÷ idle", late / idle_late, most=3.0, digits=2)
    results.tell(f"{name}, {READERS} slow readers: unanswered", idle.unanswered + busy.unanswered, most=0.0, digits=0)
    results.tell(f"{READERS} slow readers: what they got of 2 MB a second each, %", 100 * read.bytes_a_second / (READERS * PACE))
    results.tell(f"{READERS} slow readers: cut off", read.broken, most=0.0, digits=0)
    results.tell(f"{READERS} slow readers: their own share of a processor, %", 100 * read.cpu_share)


def _busy(results: Results, asked: _Asked, count: int, pace: float, seconds: float) -> None:
    seconds += PATIENCE_SECONDS
    readers = asked.readers(count, pace, seconds + 1)
    found = asked.probe(asked.small, seconds)
    read = readers.end()
    name = f"{asked.keeper.name}, {count} slow readers of {pace / 1e6:g} MB/s"
    is_goal = count == MANY
    results.tell(f"{name}: answered within {PATIENCE_SECONDS:g} s", len(found.seconds), digits=0)
    results.tell(f"{name}: unanswered", found.unanswered, most=0.0 if is_goal else None, digits=0)
    if len(found.seconds) > 1:
        middle, late = _late(found)
        results.tell(f"{name}: p50, ms", middle)
        results.tell(f"{name}: p95, ms", late)
    results.tell(f"{name}: what they got, %", 100 * read.bytes_a_second / (count * pace))
    results.tell(f"{name}: cut off", read.broken, digits=0)
    results.tell(f"{name}: their own share of a processor, %", 100 * read.cpu_share)


def _late(found: Probed) -> tuple[float, float]:
    """Milliseconds that half of the answers took at most, and 19 of 20."""
    return 1000 * median(found.seconds), 1000 * quantiles(found.seconds, n=20)[-1]
