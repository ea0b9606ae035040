"""Hostile files are read in a child process of their own, with limits on memory, CPU time and wall time.

A child is `python -m assets_app.sandboxed MODULE ARGS..`: it reads the file from its standard input, and answers on its
standard output. Its death costs one answer, never the web server or the worker.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assets_app.errors import InvalidInput, SandboxFailed

REFUSED = 3  # the child read the file and says what is wrong with it
OUT_OF_MEMORY = 4


@dataclass(frozen=True)
class Limits:
    memory_mb: int = 1536
    cpu_seconds: int = 30
    wall_seconds: int = 60
    answer_mb: int = 64


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
        answer = stdout.read(limits.answer_mb * 1024 * 1024 + 1)
        if len(answer) > limits.answer_mb * 1024 * 1024:
            raise SandboxFailed(f"answered with more than {limits.answer_mb} MB")
        if code == REFUSED:
            refusal: dict[str, Any] = json.loads(answer)
            raise InvalidInput(refusal["message"], **refusal["facts"])
        if code == OUT_OF_MEMORY:
            raise SandboxFailed(f"needed more than {limits.memory_mb} MB of memory")
        if code != 0:
            stderr.seek(0)
            last_words = stderr.read()[-2000:].decode("utf-8", "replace").strip()
            raise SandboxFailed(f"ended with status {code}: {last_words or 'no last words'}")
        return answer


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
