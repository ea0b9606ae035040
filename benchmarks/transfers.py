"""Large bodies over connections that stay open: sent from memory that is there, and received into memory that is used again."""

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.load import LENGTH, Answer, Connection

BUFFER_BYTES = 1024 * 1024
Step = Callable[[], None]


class Fetched(NamedTuple):
    status: int
    size: int
    sha256: str
    waited: float  # seconds until its first bytes came


class Line(Connection):
    """A keep-alive connection for files."""

    def __init__(self, port: int, authorization: str = "", *, cookie: str = "") -> None:
        super().__init__(port, authorization)
        self._who = f"Authorization: {authorization}\r\n" if authorization else ""
        self._who += f"Cookie: {cookie}\r\n" if cookie else ""
        self._buffer = memoryview(bytearray(BUFFER_BYTES))

    def send(self, method: str, path: str, content_type: str, parts: Sequence[bytes]) -> Answer:
        head = self._begin(method, path) + f"Content-Type: {content_type}\r\nContent-Length: {sum(map(len, parts))}\r\n\r\n"
        self._socket.sendall(head.encode())
        for part in parts:
            self._socket.sendall(part)
        return self._answer()

    def fetch(self, path: str, part: tuple[int, int] | None = None, *, digested: bool = False) -> Fetched:
        """The body is thrown away as it comes. `part`: the first and the last byte wanted."""
        wanted = f"Range: bytes={part[0]}-{part[1]}\r\n" if part else ""
        started = time.perf_counter()
        self._socket.sendall(f"{self._begin('GET', path)}{wanted}\r\n".encode())
        count, end = self._head_of_answer()
        waited = time.perf_counter() - started
        head = bytes(self._buffer[:end])
        found = LENGTH.search(head)
        if found is None:
            raise ConnectionError(f"an answer without a length: {head!r}")
        size, digest = int(found[1]), hashlib.sha256(self._buffer[end:count] if digested else b"")
        left = size - (count - end)
        while left:
            count = self._socket.recv_into(self._buffer, min(left, BUFFER_BYTES))
            if not count:
                raise ConnectionError("the server hung up")
            left -= count
            if digested:
                digest.update(self._buffer[:count])
        return Fetched(int(head[9:12]), size, digest.hexdigest(), waited)

    def _begin(self, method: str, path: str) -> str:
        return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._who}"

    def _head_of_answer(self) -> tuple[int, int]:
        """How much came, and where its head ends."""
        count = 0
        while True:
            more = self._socket.recv_into(self._buffer[count:])
            if not more:
                raise ConnectionError("the server hung up")
            count += more
            end = bytes(self._buffer[: min(count, 16384)]).find(b"\r\n\r\n")
            if end >= 0:
                return count, end + 4


class Done(NamedTuple):
    """How often something was done, and how often a second by all who did it together."""

    times: int
    rate: float


def repeat(step: Step, seconds: float) -> Done:
    """At least once; what has begun is brought to its end."""
    started, count = time.perf_counter(), 0
    while True:
        step()
        count += 1
        took = time.perf_counter() - started
        if took >= seconds:
            return Done(count, count / took)


def repeat_all(steps: Sequence[Step], seconds: float) -> Done:
    """Each in a thread of its own.

    Raises:
        Exception: what the first of them that failed raised.
    """
    done: list[Done] = []
    errors: list[BaseException] = []

    def go_on(step: Step) -> None:
        try:
            done.append(repeat(step, seconds))
        except BaseException as error:  # raised where somebody waits for it
            errors.append(error)

    threads = [threading.Thread(target=go_on, args=(step,), daemon=True) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return Done(sum(each.times for each in done), sum(each.rate for each in done))
