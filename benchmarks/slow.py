"""Readers who take their time, in a process of their own that ends by itself; and who asks for small things meanwhile."""

import socket
import time
from contextlib import suppress
from typing import NamedTuple

from benchmarks.floor import fork
from benchmarks.load import LENGTH

TICK_SECONDS = 0.05
# As over a network: with the buffers of one machine, a reader seems to have read megabytes that it has not.
RECEIVE_BUFFER_BYTES = 256 * 1024
PATIENCE_SECONDS = 5.0
PAUSE_SECONDS = 0.02


class _Reader:
    """Takes one answer after another, no faster than it is told to."""

    def __init__(self, port: int, request: bytes) -> None:
        self._request, self._left, self.taken = request, 0, 0
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._socket.settimeout(PATIENCE_SECONDS)
        self._socket.connect(("127.0.0.1", port))
        self._socket.sendall(request)
        self._socket.setblocking(False)

    def take(self, buffer: memoryview) -> None:
        with suppress(BlockingIOError):
            count = self._socket.recv_into(buffer)
            if not count:
                raise ConnectionError("the server hung up")
            self.taken += count
            self._left = (self._left or self._length(bytes(buffer[:count]))) - count
            if not self._left:
                self._socket.sendall(self._request)

    def _length(self, start: bytes) -> int:
        """Of the answer that begins here, with its head."""
        end, found = start.find(b"\r\n\r\n"), LENGTH.search(start)
        if end < 0 or found is None or not start.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"an unexpected answer: {start[:200]!r}")
        return end + 4 + int(found[1])

    def close(self) -> None:
        self._socket.close()


class Read(NamedTuple):
    bytes_a_second: float
    broken: int
    cpu_share: float  # of one processor


class Readers:
    """`count` of them, each of whom takes `pace` bytes a second (0: as fast as they come) of the bytes at `path`."""

    def __init__(self, port: int, authorization: str, path: str, *, count: int, pace: float, seconds: float) -> None:
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n\r\n".encode()
        self._port, self._count, self._pace, self._seconds = port, count, pace, seconds
        self._found = fork.RawArray("d", 3)
        self._ready = fork.Event()
        self._process = fork.Process(target=self._work, daemon=True)
        self._process.start()
        if not self._ready.wait(timeout=60):
            raise RuntimeError("not all readers were let in")

    def _work(self) -> None:
        readers, broken = [_Reader(self._port, self._request) for _ in range(self._count)], 0
        self._ready.set()
        started, cpu = time.perf_counter(), time.process_time()
        buffer = memoryview(bytearray(int(self._pace * TICK_SECONDS) or 1024 * 1024))
        before = sum(reader.taken for reader in readers)
        while (now := time.perf_counter()) < started + self._seconds:
            for reader in readers[:]:
                try:
                    reader.take(buffer)
                except OSError:
                    broken += 1
                    readers.remove(reader)
            if self._pace:
                time.sleep(max(0.0, now + TICK_SECONDS - time.perf_counter()))
        took = time.perf_counter() - started
        taken = sum(reader.taken for reader in readers) - before
        self._found[:] = [taken / took, broken, (time.process_time() - cpu) / took]
        for reader in readers:
            reader.close()

    def end(self) -> Read:
        """Once their time is over."""
        self._process.join()
        if self._process.exitcode:
            raise RuntimeError("the process of readers failed")
        rate, broken, share = self._found
        return Read(rate, int(broken), share)


class Probed(NamedTuple):
    seconds: list[float]  # that each answer took
    unanswered: int


def probe(port: int, authorization: str, path: str, seconds: float) -> Probed:
    """Ask for something small again and again, each time over a new connection."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n".encode()
    found, unanswered, end = [], 0, time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        try:
            _ask(port, request)
            found.append(time.perf_counter() - started)
        except OSError:
            unanswered += 1
        time.sleep(PAUSE_SECONDS)
    return Probed(found, unanswered)


def _ask(port: int, request: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        start = connection.recv(65536)
        if not start.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"an unexpected answer: {start[:200]!r}")
        found = LENGTH.search(start)
        left = start.find(b"\r\n\r\n") + 4 + int(found[1]) - len(start) if found else 0
        while left > 0 and (more := connection.recv(65536)):
            left -= len(more)
