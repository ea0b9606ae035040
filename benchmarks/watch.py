"""How much memory processes take while something goes on (Linux: read from /proc)."""

import re
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

BETWEEN_SAMPLES = 0.1
Sample = Callable[[], int]


def memory(root: psutil.Process, field: str = "Pss") -> int:
    """Bytes of this process and of all that it started; what they share is counted once.

    Args:
        field: `Pss`, or `Pss_Anon` for what is their own: without files, and without PostgreSQL's shared buffers.
    """
    total = 0
    for process in [root, *root.children(recursive=True)]:
        with suppress(FileNotFoundError, ProcessLookupError):
            told = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            found = re.search(rf"^{field}: +(\d+) kB", told, re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


class Watch:
    """For as long as the block lasts: `grown` then tells by how many MiB each figure was higher at its worst than before."""

    def __init__(self, **samples: Sample) -> None:
        self._samples = samples
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.grown: dict[str, float] = {}

    def __enter__(self) -> "Watch":
        self._before = {name: sample() for name, sample in self._samples.items()}
        self._worst = dict(self._before)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()
        self.grown = {name: (worst - self._before[name]) / 2**20 for name, worst in self._worst.items()}

    def _look(self) -> None:
        while not self._ended.wait(BETWEEN_SAMPLES):
            for name, sample in self._samples.items():
                self._worst[name] = max(self._worst[name], sample())
