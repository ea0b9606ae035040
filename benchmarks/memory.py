"""What saving very large documents costs a web worker in memory (Linux: read from /proc)."""

import re
import time
from pathlib import Path

import psutil

from benchmarks.contenders import Editors, Holdfast
from tests.hub import Hub

PEOPLE = 4
SAVES = 12
LONGEST_SECONDS = 60
BETWEEN_SAMPLES = 0.02


def peak_megabytes(hub: Hub, size: int) -> float:
    """Megabytes above idle that one worker takes at its worst, while four connections save documents of `size` bytes."""
    contender = Holdfast(hub)
    workers = _web_workers(hub)
    Editors(contender, 9_000, name="warm").saving().end()  # what is loaded only once belongs to idling
    idle = {worker.pid: proportional_bytes(worker) for worker in workers}
    editors = Editors(contender, size, name="huge", people=PEOPLE)
    running = editors.saving()
    worst = 0
    deadline = time.monotonic() + LONGEST_SECONDS
    while running.count() < SAVES and running.is_well() and time.monotonic() < deadline:
        worst = max([worst, *(proportional_bytes(worker) - idle[worker.pid] for worker in workers)])
        time.sleep(BETWEEN_SAMPLES)
    running.end()
    return worst / 1024 / 1024


def _web_workers(hub: Hub) -> list[psutil.Process]:
    """The children of the web server's own first process."""
    servers = [process for process in hub.processes() if "gunicorn" in process.cmdline()]
    return [process for process in servers if process.ppid() in {server.pid for server in servers}]


def proportional_bytes(process: psutil.Process) -> int:
    """Its memory; what it shares is divided among those who share it."""
    found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{process.pid}/smaps_rollup").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
