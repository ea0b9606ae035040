"""One process that keeps the web server and the background workers running, and ends them cleanly.

`manage.py serve` turns itself into this. It imports no Django: it has to be small, and to survive what its children do not.
"""

import argparse
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

LOOK_EVERY = 0.2
STEADY_SECONDS = 10
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# Longer than the web server's own patience with running requests.
STOP_SECONDS = 25
PR_SET_PDEATHSIG = 1
# Large buffers go back to the system when they are freed. By default each thread would keep as much as it ever held. Pieces of
# files (1 MiB) are kept for the next piece: to take each anew from the system halves the rate of downloads.
ALLOCATOR = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(1536 * 1024), "MALLOC_TRIM_THRESHOLD_": str(4 * 1024 * 1024)}


@dataclass
class Child:
    """A process that is to be there: started, and started again when it ends."""

    name: str
    command: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_after: float = 0.0
    pause: float = FIRST_PAUSE

    def start(self) -> None:
        # A session of its own, so that Ctrl-C in a terminal reaches only this supervisor, which then ends all in order.
        self.process = subprocess.Popen(
            self.command,
            env=ALLOCATOR | os.environ,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  (no threads here)
        )
        self.started_at = time.monotonic()

    def look_after(self) -> None:
        """Start it if it is due; note its end."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_after:
                self.start()
            return
        status = self.process.poll()
        if status is None:
            return
        self.pause = FIRST_PAUSE if now - self.started_at > STEADY_SECONDS else min(self.pause * 2, LONGEST_PAUSE)
        say(f"The {self.name} ended with status {status}; it is started again in {self.pause:.0f} s.")
        self.process, self.start_after = None, now + self.pause

    def tell(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """With all that it started: a server process that is left over would keep the port."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Supervisor:
    children: list[Child]
    host: str
    port: int
    stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        told = False
        while not self.stopping:
            for child in self.children:
                child.look_after()
            if not told and _answers(self.host, self.port):
                say_addresses(self.host, self.port)
                told = True
            time.sleep(LOOK_EVERY)
        return self._end_children()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        if self.stopping:  # asked twice: at once
            for child in self.children:
                child.kill()
        self.stopping = True

    def _end_children(self) -> int:
        say("Stopping.")
        for child in self.children:
            child.tell(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"The {child.name} did not end in time; its unfinished work will be taken up again.")
                child.kill()
                child.process.wait()
        return 0


def say(text: str) -> None:
    print(text, flush=True)


def say_addresses(host: str, port: int) -> None:
    base = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
    say(f"\nHoldfast is running at {base}/")
    for what, path in (("collect", "/collect/"), ("sessions", "/sessions/"), ("admin", "/admin/"), ("API", "/api/docs")):
        say(f"  {what:9} {base}{path}")
    say("Stop it with Ctrl-C.\n")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1" if host == "0.0.0.0" else host, port), timeout=0.2):
            return True
    except OSError:
        return False


def _end_with_parent() -> None:
    """Where the system can, have it end this child when the supervisor dies: its port and its leases become free."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--web-processes", type=int, required=True)
    parser.add_argument("--web-threads", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    options = parser.parse_args()
    web = [
        sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"{options.host}:{options.port}",
        "--worker-class", "config.worker.HoldfastWorker",
        "--workers", str(options.web_processes), "--threads", str(options.web_threads),
        "--timeout", "120", "--graceful-timeout", "15", "--no-control-socket", "--log-level", "warning",
        "--config", "config/gunicorn.py", "--limit-request-line", "8190",
        # What a proxy says of a request is Django's to believe or not (HOLDFAST_BEHIND_PROXY), and nobody else's.
        "--forwarded-allow-ips", "", "--forwarder-headers", "",
    ]  # fmt: skip
    if os.path.isdir("/dev/shm"):  # a heartbeat file on a slow disk looks like a hung process
        web += ["--worker-tmp-dir", "/dev/shm"]
    work = [sys.executable, "manage.py", "work"]
    children = [Child("web server", web)] + [Child("background worker", work) for _ in range(options.workers)]
    return Supervisor(children, options.host, options.port).run()


if __name__ == "__main__":
    sys.exit(main())
