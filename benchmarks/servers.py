"""What is measured, started: databases of one run, Holdfast, and the plain hub. Everything ends with its block."""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg

from tests.everything import postgres
from tests.hub import ROOT, Hub, wait_for

PROCESSES, THREADS = 2, 4
USERS = ("saver", "lister")
NEW_USERS = f"from django.contrib.auth.models import User; [User.objects.create_user(n) for n in {USERS}]"


class Databases:
    """Makes empty databases of one kind. `server`: the URL of a PostgreSQL server; "" for SQLite."""

    def __init__(self, server: str) -> None:
        self.is_sqlite = not server
        self._server = server

    @contextmanager
    def fresh(self) -> Iterator[str]:
        if self.is_sqlite:
            with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
                yield f"sqlite:///{folder}/measured.sqlite3"
            return
        name = f"measured_{secrets.token_hex(4)}"
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield re.sub(r"(://[^/]*/)[^?]*", rf"\g<1>{name}", self._server)
        finally:
            with psycopg.connect(self._server, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def processes(self) -> list[psutil.Process]:
        """The database server, if there is one. Its own process is the parent of the one that serves a connection."""
        if self.is_sqlite:
            return []
        with psycopg.connect(self._server) as connection:
            parent = psutil.Process(connection.info.backend_pid).parent()
        assert parent is not None
        return [parent]


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """`kind`: "postgresql" (the one at TEST_DATABASE_URL, or else one for this run) or "sqlite"."""
    if kind == "sqlite":
        yield Databases("")
        return
    with postgres() as server:
        yield Databases(server)


@contextmanager
def holdfast(database_url: str, **settings: str) -> Iterator[Hub]:
    """Our hub as `manage.py serve` starts it, with USERS."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        hub = Hub(Path(folder), database_url, WEB_CONCURRENCY=str(PROCESSES), WEB_THREADS=str(THREADS), **settings)
        try:
            hub.start()
            hub.manage("shell", "-v0", "-c", NEW_USERS)
            yield hub
        finally:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()


class PlainHub:
    """The plain hub, served as Holdfast is."""

    def __init__(self, database_url: str, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._environment = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        self._environment |= {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "benchmarks.naive.settings"}
        self._log = log
        self.manage("migrate", "-v0", "--run-syncdb")
        self.manage("shell", "-v0", "-c", NEW_USERS)
        self.process = self._serve()

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self._environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    def _serve(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable, "-m", "gunicorn", "benchmarks.naive.views:application", "--bind", f"127.0.0.1:{self.port}",
            "--worker-class", "gthread", "--workers", str(PROCESSES), "--threads", str(THREADS),
            "--log-level", "warning", "--no-control-socket", "--worker-tmp-dir", tempfile.gettempdir(),
        ]  # fmt: skip
        with self._log.open("wb") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    def answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def plain(database_url: str) -> Iterator[PlainHub]:
    """The plain hub with USERS."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        hub = PlainHub(database_url, Path(folder) / "serve.log")
        try:
            wait_for("the plain hub to answer", hub.answers)
            yield hub
        finally:
            hub.process.terminate()
            hub.process.wait(timeout=40)
