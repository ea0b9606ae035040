"""A light load: connections that stay open and ask one thing after another, and what they cost the servers."""

import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import psutil

CONNECTIONS = 8
WARM_UP_SECONDS = 0.4
TRIES, BURST = 800, 8
LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)


class Answer(NamedTuple):
    status: int
    body: bytes


class Connection:
    """A keep-alive connection to a server on this machine. A plain socket: parsing headers would cost more than serving."""

    def __init__(self, port: int, authorization: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f"HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n"

    def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        head = f"{method} {path} {self._head}Content-Length: {len(body)}\r\n\r\n".encode()
        self._socket.sendall(head + body)
        return self._answer()

    def _answer(self) -> Answer:
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._receive()
        length = LENGTH.search(received, 0, end)
        if length is None:
            raise ConnectionError(f"an answer without a length: {bytes(received[:end])!r}")
        whole = end + 4 + int(length[1])
        while len(received) < whole:
            received += self._receive()
        return Answer(int(received[9:12]), bytes(received[end + 4 :]))

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server hung up")
        return data

    @property
    def port(self) -> int:
        """Our end's."""
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        self._socket.close()


C = TypeVar("C", bound=Connection)


def spread_connections(connect: Callable[[], C], count: int, servers: int, root: psutil.Process) -> list[C]:
    """So many connections, evenly over the server processes below `root`.

    Whichever process wakes up first accepts a connection. Left to luck, one of two often gets all of them.
    """
    shares: dict[int, list[C]] = {}
    for _ in range(0, TRIES, BURST):
        for connection in [connect() for _ in range(BURST)]:  # at once, so that one process alone is not quick enough
            share = shares.setdefault(_server_of(connection, root), [])
            if len(share) * servers < count:
                share.append(connection)
            else:
                connection.close()
        if sum(map(len, shares.values())) == count:
            return [connection for share in shares.values() for connection in share]
    raise RuntimeError(f"of {TRIES} connections, one server process took nearly all")


def _server_of(connection: Connection, root: psutil.Process) -> int:
    """The id of the process that accepted it."""
    while True:
        for process in root.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # what a server starts for a moment
                ports = [line.raddr.port for line in process.net_connections("tcp") if line.raddr]
                if connection.port in ports:
                    return int(process.pid)
        time.sleep(0.002)


class Running(Protocol):
    """Something that goes on until it is ended."""

    def count(self) -> int:
        """How often it has been done so far."""

    def end(self) -> None:
        """Stop, and raise what went wrong meanwhile."""


class Threads:
    """Each step is done again and again, in a thread of its own, over a connection that is closed at the end."""

    def __init__(self, steps: Sequence[Callable[[], None]], connections: Sequence[Connection]) -> None:
        self._connections = connections
        self._ended = False
        self._errors: list[BaseException] = []
        self._counts = [0] * len(steps)
        self._threads = [threading.Thread(target=self._repeat, args=pair, daemon=True) for pair in enumerate(steps)]
        for thread in self._threads:
            thread.start()

    def _repeat(self, index: int, step: Callable[[], None]) -> None:
        try:
            while not self._ended:
                step()
                self._counts[index] += 1
        except BaseException as error:  # whatever it is, the one who waits has to hear of it
            self._errors.append(error)

    def count(self) -> int:
        return sum(self._counts)

    def is_well(self) -> bool:
        return not self._errors

    def end(self) -> None:
        self._ended = True
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()
        if self._errors:
            raise self._errors[0]


@dataclass(frozen=True)
class Measured:
    rate: float
    """Operations a second."""
    cpu: float
    """Milliseconds of processor time an operation, of the server and the database, or of the raw transactions."""


def measure(running: Running, roots: list[psutil.Process], seconds: float) -> Measured:
    """What it costs these processes, and those that they started, while it runs. It is ended."""
    try:
        time.sleep(WARM_UP_SECONDS)
        started, count, cpu = time.perf_counter(), running.count(), cpu_seconds(roots)
        time.sleep(seconds)
        done, used, took = running.count() - count, cpu_seconds(roots) - cpu, time.perf_counter() - started
    finally:
        running.end()
    if not done:
        raise RuntimeError(f"nothing was done within {seconds} s; give it more --seconds")
    return Measured(done / took, used / done * 1000)


def cpu_seconds(roots: list[psutil.Process]) -> float:
    """Of these processes, of what they started, and of those of them that have ended."""
    total = 0.0
    for root in roots:
        for process in [root, *root.children(recursive=True)]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total
