"""What the web server is told beyond its command line."""

import socket
import struct
from typing import Any

# A client that falls silent in the middle of a request gives its thread back after this long: a phone that lost its network
# must not keep others waiting.
SILENCE_SECONDS = 30


def when_ready(server: Any) -> None:
    """Sockets that are accepted inherit this from the one that listens."""
    for listener in server.LISTENERS:
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENCE_SECONDS, 0))
