"""What the web server is told beyond its command line."""

import json
import socket
import struct
from http import HTTPStatus
from typing import Any

from gunicorn import util

# A client that falls silent in the middle of a request gives its thread back after this long: a phone that lost its network
# must not keep others waiting.
SILENCE_SECONDS = 30


def when_ready(server: Any) -> None:
    """Sockets that are accepted inherit this from the one that listens."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENCE_SECONDS, 0))


def refuse_broken_request(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:
    """What is no HTTP, or too long a line of it, is refused before Django sees it: in the one error body, and not as a page."""
    too_long = status_int in (HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    code = "TOO_LARGE" if too_long else "INVALID" if status_int < 500 else "SERVER_ERROR"
    message = f"{reason}: the request cannot be read. Shorten its address and headers, or send it as HTTP/1.1."
    body = json.dumps({"error": code, "message": message, "detail": message}).encode()
    head = f"HTTP/1.1 {status_int} {reason}\r\nConnection: close\r\nContent-Type: application/json\r\n"
    util.write_nonblock(sock, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


# gunicorn has no setting for what it answers itself.
util.write_error = refuse_broken_request
