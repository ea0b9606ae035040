"""gunicorn's threaded worker, except that no thread waits for a slow reader.

Every answer of known length is tried at once. What does not fit goes to the process's one courier, and the thread takes the
next request; when the courier is done, the connection comes back for its next request, or is closed.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from django.db import close_old_connections
from django.http import HttpResponse
from gunicorn.http.wsgi import FileWrapper, Response
from gunicorn.workers.gthread import TConn, ThreadWorker

from assets_app.delivery import Delivery
from config.courier import Courier, Parcel

HANDED_OVER = object()
# Ordinary answers are wholly in memory. No more than this waits for slow readers; then threads wait, too, and ask for no more.
MOST_HELD_BYTES = 64 * 1024 * 1024
FILE_BYTES = 64 * 1024
# For what a refused client is still sending. Longer would hold a thread (gunicorn: five seconds); the courier takes leave.
UNREAD_SECONDS = 0.1


class HoldfastWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._here = threading.local()
        self._courier = Courier()
        self._held_bytes = 0
        self._held_lock = threading.Lock()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self._application: Callable[..., Any] = self.app.wsgi()
        self.wsgi = self._answer

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._courier.stop()

    # --- on a request's thread

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._here.conn, self._here.parcel = conn, None
        try:
            return super().handle_request(req, conn)
        except BaseException:
            if self._here.parcel is not None:
                self._here.parcel.close()
                self._here.parcel = None
            raise
        finally:
            self._here.conn = None

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The application, and what can be sent of its answer without waiting."""
        body = self._application(environ, start_response)
        answer = start_response.__self__  # type: ignore[attr-defined]  # gunicorn's own, bound to its answer
        conn = getattr(self._here, "conn", None)
        if conn is None or not self._can_wait(body, answer):
            return body  # type: ignore[no-any-return]  # what every WSGI application returns
        parcel = Parcel(conn.sock, _pieces(body), answer.response_length, body.close)
        try:
            parcel.begin(_head(answer))
            answer.headers_sent = True
            if not parcel.left:
                parcel.push_while_taken()
        except BaseException:
            body.close()
            raise
        if parcel.is_sent:
            return _Sent(body.close)
        self._here.parcel, self._here.held = parcel, answer.response_length if isinstance(body, HttpResponse) else 0
        close_old_connections()  # the request ends later, and on another thread: this one's connection is treated now
        return ()

    def _can_wait(self, body: Any, answer: Any) -> bool:
        """May it be sent by another thread? Not if it is enciphered or framed, or if its length or its source is unknown."""
        if type(answer) is not Response or not answer.response_length or answer._omits_body or self.cfg.is_ssl:
            return False
        if isinstance(body, HttpResponse):
            return bool(self._held_bytes + answer.response_length <= MOST_HELD_BYTES)
        return isinstance(body, (Delivery, FileWrapper))

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> Any:
        """The last step on this thread: with a body under way, the connection's fate is decided when that is through."""
        parcel, self._here.parcel = self._here.parcel, None
        try:
            kept = keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + UNREAD_SECONDS))
        except BaseException:
            if parcel is not None:
                parcel.close()
            raise
        if parcel is None:
            return kept
        held = self._here.held
        self._hold(held)

        def done(was_sent: bool) -> None:
            self._hold(-held)
            self.method_queue.defer(self.finish_request, conn, _ended(kept, was_sent, conn.sock))

        self._courier.bring(parcel, done)
        return HANDED_OVER

    def _hold(self, count: int) -> None:
        with self._held_lock:
            self._held_bytes += count

    # --- on the worker's first thread

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        result = fs.result() if not fs.cancelled() and fs.exception() is None else None
        if result is HANDED_OVER:
            return
        if result is not False or self.cfg.is_ssl:
            super().finish_request(conn, fs)
        elif conn.sock.fileno() < 0:
            self._forget(conn)
        else:  # gunicorn would wait here for the client to close, up to two seconds, with everyone else behind it
            self._courier.part(conn.sock, lambda: self.method_queue.defer(self._forget, conn))

    def _forget(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


class _Sent:
    """Nothing is left to be sent; the request ends as usual."""

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


def _pieces(body: Any) -> Iterator[bytes]:
    if isinstance(body, HttpResponse):
        return iter((body.content,))
    if isinstance(body, FileWrapper):
        return iter(partial(body.filelike.read, FILE_BYTES), b"")
    return iter(body)


def _head(answer: Any) -> bytes:
    """As gunicorn itself would send it, but in one go with the body."""
    lines = [*answer.default_headers(), *(f"{name}: {value}\r\n" for name, value in answer.headers), "\r\n"]
    return "".join(lines).encode("latin-1")


def _ended(kept: bool, was_sent: bool, sock: socket.socket) -> "Future[bool]":
    """What gunicorn is told. A body that is not complete must not end like one that is: its connection is reset."""
    future: Future[bool] = Future()
    if was_sent:
        future.set_result(kept)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        future.set_exception(ConnectionAbortedError())
    return future
