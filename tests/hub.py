"""A whole hub as its users have it: real processes, real sockets, a database of its own."""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90


def wait_for(what: str, answer: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := answer():
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


class Hub:
    """`manage.py serve` in a folder of its own."""

    def __init__(self, data_dir: Path, database_url: str, **settings: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir / "serve.log"
        kept = {key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ}
        self.environment = kept | {
            "HOLDFAST_DATA_DIR": str(data_dir),
            "DATABASE_URL": database_url,
            "PORT": str(self.port),
            "HOLDFAST_JOB_LEASE_SECONDS": "2",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for("the hub to be ready", self.is_ready)

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        assert self.process is not None
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]

    def kill_everything(self) -> None:
        """As a power cut would: no process gets to say a word."""
        for process in self.processes():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        assert self.process is not None
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True).stdout

    def admin_password(self) -> str:
        found = re.search(r"password  (\S+)", self.log.read_text())
        assert found is not None
        return found[1]

    def program(self) -> "Program":
        """An API client with a token of its own."""
        return Program(self, self.manage("create_token", "admin").strip())

    def browser(self) -> requests.Session:
        """A signed-in browser without scripts."""
        session = requests.Session()
        session.get(f"{self.url}/accounts/login/", timeout=30)
        answer = self.post_page(session, "/accounts/login/", data={"username": "admin", "password": self.admin_password()})
        assert answer.url.endswith("/collect/"), answer.text
        return session

    def post_page(self, session: requests.Session, path: str, data: dict[str, str], **kwargs: Any) -> requests.Response:
        token = session.cookies["csrftoken"]
        return session.post(f"{self.url}{path}", data=data | {"csrfmiddlewaretoken": token}, timeout=60, **kwargs)


class Program:
    def __init__(self, hub: Hub, token: str) -> None:
        self.hub, self.token = hub, token
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> requests.Response:
        return self.session.get(path if path.startswith("http") else f"{self.hub.url}{path}", timeout=30)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self.session.post(f"{self.hub.url}{path}", json=body, timeout=30)


@contextmanager
def own_database(data_dir: Path) -> Iterator[str]:
    """The URL of an empty database of the kind that the suite runs on."""
    configured = os.environ.get("DATABASE_URL", "")
    if not configured.startswith("postgres"):
        yield f"sqlite:///{data_dir}/holdfast.sqlite3"
        return
    name = f"hub_{secrets.token_hex(6)}"
    with psycopg.connect(configured, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield re.sub(r"(://[^/]*/)[^?]*", rf"\g<1>{name}", configured)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def running_hub(data_dir: Path, **settings: str) -> Iterator[Hub]:
    with own_database(data_dir) as database_url:
        hub = Hub(data_dir, database_url, **settings)
        try:
            hub.start()
            yield hub
        finally:
            if hub.process is not None and hub.process.poll() is None:
                hub.stop()
