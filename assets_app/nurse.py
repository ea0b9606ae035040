"""The server's side of its nursery: starts it when it is first needed, and again when it has died; orders children from it.

One for each process. Many threads may ask at once.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assets_app import wire
from assets_app.errors import SandboxFailed
from assets_app.nursery import MESSAGE, STATUS

END_SECONDS = 5


@dataclass(frozen=True)
class Child:
    """The server's end of what it says to a child. It waits `wall_seconds` in all, however slowly bytes drip.

    Raises, in every method:
        SandboxFailed: the child is gone, or took too long.
    """

    channel: socket.socket
    status: socket.socket
    wall_seconds: float
    deadline: float

    def take(self, length: int) -> bytes:
        data = bytearray(length)
        view, have = memoryview(data), 0
        while have < length:
            with self._failing():
                got = self.channel.recv_into(view[have:])
            if not got:
                raise self._death()
            have += got
        return bytes(data)

    def give(self, *pieces: bytes) -> None:
        for piece in pieces:
            with self._failing():
                self.channel.sendall(piece)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        left = self.deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self.channel.settimeout(left)
            yield
        except TimeoutError:
            raise SandboxFailed(f"took longer than {self.wall_seconds} s") from None
        except OSError:
            raise self._death() from None

    def _death(self) -> SandboxFailed:
        self.status.settimeout(END_SECONDS)
        try:
            (status,) = STATUS.unpack(wire.receive_exactly(self.status, STATUS.size))
        except (OSError, EOFError):
            return SandboxFailed("the nursery died with its child")
        return SandboxFailed(f"ended with status {status}")


@dataclass(frozen=True)
class _Running:
    process: "subprocess.Popen[bytes]"
    control: socket.socket

    def end(self, *, patience: float) -> None:
        """It ends with all its children when its standard input does; if it hangs, it is ended."""
        self.control.close()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Nursery:
    """`environment` answers what the nursery's process is given; nothing else of ours goes to it."""

    def __init__(self, environment: Callable[[], dict[str, str]]) -> None:
        self._environment = environment
        self._running: _Running | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)
        atexit.register(self.close)

    @property
    def pid(self) -> int | None:
        """None until the first child was asked for."""
        return self._running.process.pid if self._running else None

    @contextmanager
    def child(self, order: dict[str, Any], *, wall_seconds: float) -> Iterator[Child]:
        """A child that carries out `order` (see `nursery._live`).

        Raises:
            SandboxFailed: no nursery can be started.
        """
        channel, far_channel = socket.socketpair()
        status, far_status = socket.socketpair()
        with channel, status:
            with far_channel, far_status:
                self._send(json.dumps(order).encode(), [far_channel.fileno(), far_status.fileno()])
            yield Child(channel, status, wall_seconds, time.monotonic() + wall_seconds)

    def close(self) -> None:
        with self._lock:
            self._end(END_SECONDS)

    def _end(self, patience: float) -> None:
        if self._running:
            self._running.end(patience=patience)
        self._running = None

    def _forget(self) -> None:
        """In a process forked from this one: the nursery is its parent's, and must not be kept alive from here."""
        if self._running:
            self._running.control.close()
            self._parents = self._running  # not ours to wait for, and so never let go
        self._running, self._lock = None, threading.Lock()

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        message = MESSAGE.pack(len(message)) + message
        with self._lock:
            for _ in range(2):
                self._running = self._running or self._start()
                control = self._running.control
                try:
                    # The descriptors ride on the first byte.
                    control.sendall(message[socket.send_fds(control, [message], descriptors) :])
                except OSError:
                    self._end(patience=0)
                else:
                    return
        raise SandboxFailed("the nursery ends as soon as it is started")

    def _start(self) -> _Running:
        near, far = socket.socketpair()
        near.settimeout(END_SECONDS)
        with far:
            process = subprocess.Popen(
                [sys.executable, "-m", "assets_app.nursery"],
                stdin=far.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=self._environment(),
                start_new_session=True,  # Ctrl-C is for the server, which ends it
            )
        return _Running(process, near)
