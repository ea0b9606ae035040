"""Where blobs are raced for: a database and stores of their own, and processes that each are one part."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hub import ROOT

# Without a server: what is raced for lies below it.
START = "import django; django.setup(); from tests.races.blob_parts import main; main()"
PATIENCE = 1800.0


@dataclass
class Seen:
    """What parts saw: how often what happened, and what must not happen."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(self.counts + other.counts, self.faults + other.faults)


@dataclass(frozen=True)
class BlobCourse:
    """One database, and one store that new bytes go to."""

    data_dir: Path
    database_url: str
    store: str
    seed: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "HOLDFAST_DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url,
            "HOLDFAST_BLOB_STORE": self.store,
            "LOG_LEVEL": "CRITICAL",
            **self.settings,
        }

    def migrate(self) -> None:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=PATIENCE)

    def start(self, role: str, *, number: int = 0, **fields: Any) -> subprocess.Popen[str]:
        told = {"role": role, "number": number, "seed": self.seed, "stop": str(self._stop)} | fields
        command = [sys.executable, "-c", START, json.dumps(told)]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True)

    def run(self, role: str, *, processes: int = 1, **fields: Any) -> Seen:
        """A part that ends by itself, in so many processes at once."""
        return gathered([self.start(role, number=number, **fields) for number in range(processes)])

    @contextmanager
    def around(self, *parts: subprocess.Popen[str]) -> Iterator[Seen]:
        """While the block runs, so do these; they are told to stop after it. What they saw is known only then."""
        seen = Seen()
        try:
            yield seen
        finally:
            self._stop.touch()
            all_seen = gathered(parts)
            self._stop.unlink()
        seen.counts, seen.faults = all_seen.counts, all_seen.faults

    @property
    def _stop(self) -> Path:
        return self.data_dir / f"stop-{self.store}"


def gathered(parts: "Iterator[subprocess.Popen[str]] | tuple[subprocess.Popen[str], ...] | list[subprocess.Popen[str]]") -> Seen:
    """What they saw. A part that ends without a word is a fault, unless it was one that killed itself."""
    seen = Seen()
    for part in parts:
        said, _ = part.communicate(timeout=PATIENCE)
        if part.returncode == -9:
            seen.counts["killed"] += 1
        elif part.returncode:
            seen.faults.append(f"a part ended with {part.returncode}")
        else:
            answer = json.loads(said.splitlines()[-1])
            seen = seen + Seen(Counter(answer["counts"]), answer["faults"])
    return seen
