"""Hostile files are read in a child process of their own, with limits on memory, CPU time and wall time.

`run`: a child is `python -m assets_app.sandboxed MODULE ARGS..`: it reads the file from its standard input, and answers on its
standard output. `run_lazily`: a child is forked off a warm process (see `nursery`) and reads of the file what it needs. The death
of a child costs one answer, never the web server or the worker.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.conf import settings

from assets_app import wire
from assets_app.errors import InvalidInput, SandboxFailed
from assets_app.nurse import Child, Nursery
from assets_app.sandboxed import ANSWERED, OUT_OF_MEMORY, REFUSED

MIB = 1024 * 1024
# Children of one server process at a time: what they may need in memory adds up.
AT_ONCE = 4
# The nursery ends a child this long after the server has stopped listening to it.
GRACE_SECONDS = 0.25


@dataclass(frozen=True)
class Limits:
    memory_mb: int = 1536
    cpu_seconds: int = 30
    wall_seconds: int = 60
    answer_mb: int = 64
    read_mb: int = 256  # of the file, in run_lazily


def run(module: str, *args: str, file: Iterable[bytes], limits: Limits = Limits()) -> bytes:
    """What `module.main(file, args)` answers, run in a limited child.

    Raises:
        InvalidInput: the child refused the file; the message and facts are the child's.
        SandboxFailed: the child died, or overran its memory, its time or the size of an answer.
    """
    # Unnamed files: they take no memory of ours, and none is left behind however this ends.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        for piece in file:
            stdin.write(piece)
        stdin.seek(0)
        command = [sys.executable, "-m", "assets_app.sandboxed", str(limits.memory_mb), str(limits.cpu_seconds), module, *args]
        try:
            code = subprocess.run(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd="/",
                env=_environment(),
                timeout=limits.wall_seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise SandboxFailed(f"took longer than {limits.wall_seconds} s") from None
        stdout.seek(0)
        answer = stdout.read(limits.answer_mb * MIB + 1)
        if len(answer) > limits.answer_mb * MIB:
            raise SandboxFailed(f"answered with more than {limits.answer_mb} MB")
        stderr.seek(0)
        return _told(code, answer, limits, last_words=stderr.read()[-2000:])


def run_lazily(module: str, *args: str, file: BinaryIO, limits: Limits = Limits()) -> bytes:
    """What `module.main(file, args)` answers, run in a limited child that reads of `file` only what it asks for.

    The child comes out of this process's nursery: its modules are imported. It can open, connect to and write nothing. `file`
    is read on the calling thread, from its own beginning to its end; what it raises itself (its store fails) is raised here.

    Raises:
        InvalidInput: the child refused the file; the message and facts are the child's.
        SandboxFailed: the child died, misbehaved, or overran its memory, its time, its reads or the size of an answer.
    """
    if not _places.acquire(timeout=limits.wall_seconds):
        raise SandboxFailed("no place for a child became free")
    try:
        with NURSERY.child(_order(module, args, limits), wall_seconds=limits.wall_seconds) as child:
            status, answer = _converse(child, file, limits)
    finally:
        _places.release()
    return _told(status, answer, limits, last_words=answer)


def _order(module: str, args: tuple[str, ...], limits: Limits) -> dict[str, Any]:
    return {
        "module": module,
        "args": args,
        "memory_mb": limits.memory_mb,
        "cpu_seconds": limits.cpu_seconds,
        "wall_seconds": limits.wall_seconds + GRACE_SECONDS,
        "read_bytes": limits.read_mb * MIB,
    }


def _converse(child: Child, file: BinaryIO, limits: Limits) -> tuple[int, bytes]:
    """Give the child what it asks for, until it answers: the status, and the answer. The child is believed nothing."""
    size, budget = file.seek(0, os.SEEK_END), limits.read_mb * MIB
    child.give(wire.SIZE.pack(size))
    while True:
        said, number, length = wire.SAID.unpack(child.take(wire.SAID.size))
        if said == wire.ANSWER:
            if length > limits.answer_mb * MIB:
                raise SandboxFailed(f"answered with more than {limits.answer_mb} MB")
            return number, child.take(length)
        budget -= wire.cost(length)
        if said != wire.READ or budget < 0 or length > wire.MOST_BYTES or number + length > size:
            raise SandboxFailed("the child asked for what it may not have")
        piece = _piece(file, number, length)
        child.give(wire.GIVEN.pack(len(piece)), piece)


def _piece(file: BinaryIO, start: int, length: int) -> bytes:
    """Up to `length` bytes, fewer only where the file ends before its time; the child makes of that what it can."""
    file.seek(start)
    pieces: list[bytes] = []
    while length and (piece := file.read(length)):
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def _told(status: int, answer: bytes, limits: Limits, *, last_words: bytes) -> bytes:
    """The answer, or the error that a status stands for."""
    if status == ANSWERED:
        return answer
    if status == REFUSED:
        raise _refusal(answer)
    if status == OUT_OF_MEMORY:
        raise SandboxFailed(f"needed more than {limits.memory_mb} MB of memory")
    words = last_words.decode("utf-8", "replace").strip()
    raise SandboxFailed(f"ended with status {status}: {words or 'no last words'}")


def _refusal(answer: bytes) -> InvalidInput | SandboxFailed:
    try:
        refusal = json.loads(answer)
        return InvalidInput(str(refusal["message"]), **refusal["facts"])
    except (ValueError, LookupError, TypeError):
        return SandboxFailed("refused in words that nobody can read")


def _environment() -> dict[str, str]:
    """Nothing of ours but what the child needs to find its code: no secret, no address of a database."""
    cache = settings.DATA_DIR / "cache" / "matplotlib"
    cache.mkdir(parents=True, exist_ok=True)
    return {
        "PYTHONPATH": str(settings.BASE_DIR),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(cache),
    }


def _nursery_environment() -> dict[str, str]:
    # Arrow would else bring an allocator that maps large areas in advance, and a limit on memory counts those.
    return {key: value for key, value in _environment().items() if key != "MPLCONFIGDIR"} | {
        "ARROW_DEFAULT_MEMORY_POOL": "system"
    }


NURSERY = Nursery(_nursery_environment)
_places = threading.BoundedSemaphore(AT_ONCE)
