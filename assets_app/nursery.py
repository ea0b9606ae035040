"""Where children that read hostile files are born: warm, limited, one for each file. No Django, no settings, no secrets.

`python -m assets_app.nursery` runs once beside each server process that asks for it. On its standard input, a socket, it is told
which module is to read, under which limits; two sockets come with each message. It imports the module, which the next child then
finds imported, and forks. The child talks to the server over the first socket (see `wire`); over the second the nursery
tells how the child ended. The nursery itself never sees a byte of a file. It ends when its standard input does.
"""

import codecs
import ctypes
import gc
import importlib
import io
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from assets_app import wire
from assets_app.sandboxed import BROKEN, limit_process, outcome

# Imported by Python when they are first used; in a child that is too late.
CODECS = (
    "ascii", "latin-1", "cp1252", "cp437", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be",
)  # fmt: skip
READ_AHEAD = 16 * 1024
MESSAGE = struct.Struct(">I")
STATUS = struct.Struct(">i")
CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
NO_CAPABILITIES = struct.pack("Ii", 0x20080522, 0)  # of this process, in the kernel's third form


@dataclass
class Child:
    status: socket.socket
    deadline: float


def main() -> int:
    _leave_the_network()
    control = socket.socket(fileno=os.dup(0))
    _point_standard_streams_nowhere()
    for codec in CODECS:
        codecs.lookup(codec)
    # The end of a child makes `awake` readable.
    awake, woken = socket.socketpair()
    awake.setblocking(False)
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    children: dict[int, Child] = {}
    while True:
        soonest = min((child.deadline for child in children.values()), default=None)
        patience = None if soonest is None else max(soonest - time.monotonic(), 0)
        ready, _, _ = select.select([control, awake], [], [], patience)
        if awake in ready:
            awake.recv(4096)
        _end_late(children)
        _bury(children)
        if control in ready and not _serve(control, children):
            return _end_all(children)


def _leave_the_network() -> None:
    """A network name space without any network, where this system lets one have it. Every child is born into it.

    Root needs no name space of users for that, and in one could not read code that is another's.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0:
            libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC)


def _point_standard_streams_nowhere() -> None:
    """Libraries in C talk on standard error; what they say of hostile files is of no use to anybody."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _serve(control: socket.socket, children: dict[int, Child]) -> bool:
    """Take one order. False: the server is gone."""
    head, descriptors, _, _ = socket.recv_fds(control, MESSAGE.size, 2)
    if not head:
        return False
    head += wire.receive_exactly(control, MESSAGE.size - len(head))
    order = json.loads(wire.receive_exactly(control, MESSAGE.unpack(head)[0]))
    channel, status = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    try:
        _import(order["module"])
    except Exception as error:
        _answer(channel, BROKEN, f"{type(error).__name__}: {error}".encode())
    else:
        pid = os.fork()
        if pid == 0:
            _live(channel, order)
        children[pid] = Child(status, time.monotonic() + order["wall_seconds"])
    channel.close()
    return True


def _import(module: str) -> None:
    """Once for all children. What is imported is never collected, so that children share its memory for good."""
    if module not in sys.modules:
        importlib.import_module(module)
        gc.collect()
        gc.freeze()


def _end_late(children: dict[int, Child]) -> None:
    now = time.monotonic()
    for pid, child in children.items():
        if child.deadline <= now:
            os.kill(pid, signal.SIGKILL)  # not yet waited for, so that nobody else can have its number


def _bury(children: dict[int, Child]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        child = children.pop(pid)
        with child.status, suppress(OSError):  # the server may have stopped waiting
            child.status.send(STATUS.pack(os.waitstatus_to_exitcode(status)))


def _end_all(children: dict[int, Child]) -> int:
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    return 0


def _live(channel: socket.socket, order: dict[str, Any]) -> None:
    """The child's whole life. Whatever happens, it never returns into the nursery's loop."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        channel = _alone_with(channel)
        reader = sys.modules[order["module"]]
        if hasattr(reader, "prepare"):
            reader.prepare(order["args"])  # what has to be imported or opened for this file's kind
        limit_process(order["memory_mb"], order["cpu_seconds"])
        _shut_doors()
        (size,) = wire.SIZE.unpack(wire.receive_exactly(channel, wire.SIZE.size))
        file = io.BufferedReader(wire.RemoteFile(channel, size=size, budget=order["read_bytes"]), READ_AHEAD)
        try:
            status, answer = outcome(lambda: reader.main(file, order["args"]))
        except Exception as error:
            status, answer = BROKEN, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:2000]
        _answer(channel, status, answer)
        os._exit(0)
    finally:
        os._exit(70)


def _alone_with(channel: socket.socket) -> socket.socket:
    """Every descriptor but the standard streams (which lead nowhere) and the channel is closed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.dup2(channel.fileno(), 3)
    if channel.fileno() != 3:
        channel.detach()
    os.closerange(4, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return channel if channel.fileno() == 3 else socket.socket(fileno=3)


def _shut_doors() -> None:
    """From here on nothing can be opened, connected or written, except that the open channel still works. Not even root can
    undo it."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    if sys.platform == "linux" and ctypes.CDLL(None).capset(NO_CAPABILITIES, bytes(24)) != 0:
        raise OSError("capabilities cannot be laid down")


def _answer(channel: socket.socket, status: int, answer: bytes) -> None:
    channel.sendall(wire.SAID.pack(wire.ANSWER, status, len(answer)))
    channel.sendall(answer)


if __name__ == "__main__":
    sys.exit(main())
