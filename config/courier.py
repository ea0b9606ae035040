"""Brings bodies to those who read slowly, so that no thread of the web server waits for them.

One event loop in a thread of its own waits for all readers at once. Pieces are fetched by a few threads, which have a database
connection each; a delivery that waits for its reader holds one piece of memory, and no connection.
"""

import asyncio
import contextvars
import fcntl
import logging
import select
import socket
import struct
import termios
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Any

import structlog
from django.db import close_old_connections, connections

log = structlog.get_logger(__name__)

# A reader that takes nothing for so long is given up.
PATIENCE_SECONDS = 60.0
FETCHERS = 2
# So many pieces in a row, while the reader keeps up; then it is another's turn.
PIECES_A_TURN = 8
# A reader who takes no more within this is no fast one: to wait for those on the spot spares a change of threads a piece.
MOMENT_MILLISECONDS = 1
# How much the system may hold of what it cannot send yet: without this, megabytes for every slow reader.
UNSENT_BYTES = 512 * 1024
# How long a connection that we end stays open for what its client is still sending, so that our last bytes are not lost.
LINGER_SECONDS, LINGER_BYTES = 2.0, 64 * 1024


class BodyBroken(Exception):
    """The body could not be fetched to its end, or is not of the length that its head announced."""


class SilentReader(Exception):
    """Nothing was taken for PATIENCE_SECONDS."""


class Parcel:
    """One answer under way: what of it is still to be sent. Used by one thread at a time."""

    def __init__(self, sock: socket.socket, pieces: Iterator[bytes], length: int, close: Callable[[], None]) -> None:
        self.sock = sock
        self.left = length  # bytes of the body that are not fetched yet
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._close = close
        # What the pieces bind for their log lines stays with them, whichever thread asks for the next one.
        self._context = contextvars.copy_context()

    @property
    def is_waiting(self) -> bool:
        """Is there something that did not fit yet?"""
        return bool(self._rest)

    @property
    def is_sent(self) -> bool:
        return not self.left and not self._rest

    def begin(self, head: bytes) -> None:
        """Send the head and as much of the first piece as there is room for.

        Raises:
            Exception: whatever the first piece raises. Nothing is sent then.
        """
        piece = self._context.run(self._next)
        sent = 0
        with suppress(BlockingIOError):
            sent = self.sock.sendmsg([head, piece], [], socket.MSG_DONTWAIT)
        self._rest = memoryview(piece)[sent - len(head) :] if sent >= len(head) else memoryview(head[sent:] + piece)

    def push(self) -> bool:
        """Send what is at hand without waiting. Was there room for all of it?"""
        if self._rest:
            with suppress(BlockingIOError):
                self._rest = self._rest[self.sock.send(self._rest, socket.MSG_DONTWAIT) :]
        return not self._rest

    def push_while_taken(self) -> bool:
        """Send what is at hand, and wait a moment for a reader who takes it. Was all of it taken over?"""
        room = select.poll()
        room.register(self.sock, select.POLLOUT)
        while not self.push():
            if not room.poll(MOMENT_MILLISECONDS):
                return False
        return True

    def take_a_turn(self) -> None:
        """Fetch and send for as long as the reader keeps up, but not for ever."""
        _look_after_connections()
        try:
            for _ in range(PIECES_A_TURN):
                if not self.left:
                    return
                self._rest = memoryview(self._fetched())
                if not self.push_while_taken():
                    return
        finally:
            close_old_connections()

    def _fetched(self) -> bytes:
        try:
            return self._context.run(self._next)
        except Exception as fault:
            raise BodyBroken(repr(fault)) from fault

    def _next(self) -> bytes:
        piece = next(self._pieces, None)
        while piece == b"":
            piece = next(self._pieces, None)
        if piece is None:
            raise BodyBroken(f"{self.left} bytes are missing")
        self.left -= len(piece)
        # The last piece is not sent before it is known to be the last.
        if self.left < 0 or (self.left == 0 and any(self._pieces)):
            raise BodyBroken("more bytes came than were announced")
        return piece

    def tell(self, level: int, event: str, **facts: Any) -> None:
        self._context.run(log.log, level, event, left_bytes=self.left + len(self._rest), **facts)

    def close(self) -> None:
        """Ends the request for Django, too, which then looks after the connections of the thread that calls this."""
        self._rest = memoryview(b"")
        with suppress(ValueError, RuntimeError):  # a body that another thread is still fetching: only when everything ends
            self._context.run(self._close)


def _look_after_connections() -> None:
    """As at the beginning of a request."""
    close_old_connections()
    for connection in connections.all(initialized_only=True):
        connection.close_if_health_check_failed()


class Courier:
    """One for a process. Its threads begin with the first parcel."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._lock = Lock()
        self._thread: Thread | None = None
        self._ready = Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fetchers = ThreadPoolExecutor(FETCHERS, "fetcher")
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event

    def bring(self, parcel: Parcel, done: Callable[[bool], None]) -> None:
        """Send the rest of it; then `done` is told, on another thread, whether all of it went out."""
        with suppress(OSError):  # not all sockets know it
            parcel.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        parcel.sock.setblocking(False)
        self._spawn(lambda: self._bring(parcel, done))

    def part(self, sock: socket.socket, done: Callable[[], None]) -> None:
        """Take leave of a client: no more is sent, and what it still sends is thrown away, for a moment (RFC 9112, 9.6)."""
        sock.setblocking(False)
        self._spawn(lambda: self._part(sock, done))

    def stop(self) -> None:
        """At once: what is under way is cut off."""
        with self._lock:
            if self._thread is None:
                return
            self._fetchers.shutdown(wait=False, cancel_futures=True)
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(timeout=2)

    def _spawn(self, make: Callable[[], Any]) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=lambda: asyncio.run(self._main()), name="courier", daemon=True)
                self._thread.start()
                self._ready.wait()
        self._loop.call_soon_threadsafe(self._begin, make)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._ready.set()
        await self._stopping.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, make: Callable[[], Any]) -> None:
        task = self._loop.create_task(make())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _bring(self, parcel: Parcel, done: Callable[[bool], None]) -> None:
        was_sent = False
        try:
            await self._send(parcel)
            was_sent = True
        except OSError as fault:
            parcel.tell(logging.INFO, "reader_gone", error=repr(fault))
        except SilentReader:
            parcel.tell(logging.INFO, "reader_silent")
        except BodyBroken as fault:
            parcel.tell(logging.ERROR, "delivery_broken", error=str(fault))
        except asyncio.CancelledError:
            parcel.tell(logging.WARNING, "delivery_cut_off")
            parcel.close()
            raise
        except Exception as fault:  # whatever it is: the connection must not be forgotten because of it
            parcel.tell(logging.ERROR, "delivery_broken", error=repr(fault))
        try:
            await self._loop.run_in_executor(self._fetchers, parcel.close)
        except Exception as fault:
            parcel.tell(logging.ERROR, "request_not_ended", error=repr(fault))
        finally:
            done(was_sent)

    async def _send(self, parcel: Parcel) -> None:
        while not parcel.is_sent:
            if parcel.is_waiting:
                await self._room(parcel.sock)
                parcel.push()
            else:
                await self._loop.run_in_executor(self._fetchers, parcel.take_a_turn)

    async def _room(self, sock: socket.socket) -> None:
        """Wait until the system takes more. Even before that it shows whether the reader takes anything."""
        unread = _unread_bytes(sock)
        while not await self._has_room(sock):
            before, unread = unread, _unread_bytes(sock)
            if unread >= before:
                raise SilentReader

    async def _has_room(self, sock: socket.socket) -> bool:
        ready = self._loop.create_future()
        timer = self._loop.call_later(self._patience, _answer, ready, False)
        self._loop.add_writer(sock.fileno(), _answer, ready, True)
        try:
            has_room: bool = await ready
            return has_room
        finally:
            timer.cancel()
            self._loop.remove_writer(sock.fileno())

    async def _part(self, sock: socket.socket, done: Callable[[], None]) -> None:
        with suppress(OSError, TimeoutError):
            sock.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(LINGER_SECONDS):
                thrown = 0
                while thrown < LINGER_BYTES and (data := await self._loop.sock_recv(sock, 4096)):
                    thrown += len(data)
        done()


def _answer(future: "asyncio.Future[bool]", answer: bool) -> None:
    if not future.done():
        future.set_result(answer)


def _unread_bytes(sock: socket.socket) -> int:
    """What was given to the system and the reader's machine has not taken yet."""
    told: int = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
    return told
