"""Warm children. A file that takes its reader over must find nothing to open, and cost one answer."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from assets_app import sandbox, wire
from assets_app.errors import InvalidInput, SandboxFailed
from assets_app.nursery import CLONE_NEWNET, CLONE_NEWUSER
from assets_app.sandbox import MIB
from tests.assets_app.readers import readers

pytestmark = pytest.mark.no_database

LOOKS = """
import json, os, resource, socket
def main(file, args):
    found = []
    for what in (lambda: open(args[0]), lambda: open(args[0], "w"), lambda: socket.socket(), lambda: os.pipe(),
                 lambda: os.dup(3), lambda: os.listdir("/"), lambda: os.close(2) or open(args[0]),
                 lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99)) or open(args[0])):
        try:
            what()
            found.append("opened")
        except (OSError, ValueError) as error:
            found.append(getattr(error, "errno", 0))
    links = sorted(resource.getrlimit(getattr(resource, name)) for name in ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"))
    return json.dumps((found, links, sorted(os.environ), resource.getrlimit(resource.RLIMIT_AS))).encode()
"""
CODE = {
    "eats_memory": "def main(file, args):\n    return b'x' * (900 * 1024 * 1024)\n",
    "hangs": "import time\ndef main(file, args):\n    time.sleep(60)\n",
    "burns": "def main(file, args):\n    while True: pass\n",
    "dies": "import os, signal\ndef main(file, args):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
    "breaks": "def main(file, args):\n    raise RuntimeError('no luck')\n",
    "floods": "def main(file, args):\n    return b'x' * 3_000_000\n",
    "cannot_be_imported": "import nothing_of_that_name\n",
    "leaves": "import os\ndef main(file, args):\n    os._exit(0)\n",
    "echoes": "def main(file, args):\n    return file.read() + b' '.join(a.encode() for a in args)\n",
    "steps": (
        "def main(file, args):\n"
        "    for at in range(0, file.seek(0, 2), 5):\n        file.seek(at); file.read(3)\n    return b''\n"
    ),
    "refuses": "from assets_app.sandboxed import Refused\ndef main(file, args):\n    raise Refused('No use.', pointer='/a')\n",
    "mumbles": "import os\ndef main(file, args):\n    os.write(3, bytes(13)); os.read(3, 1)\n",
    "asks_beyond": "import os, struct\ndef main(file, args):\n    os.write(3, struct.pack('>cQI', b'R', 0, 9)); os.read(3, 1)\n",
    "asks_for_all": (
        "import os, struct\ndef main(file, args):\n"
        "    while True:\n        os.write(3, struct.pack('>cQI', b'R', 0, 1)); os.read(3, 9)\n"
    ),
    "drips": "import os, time\ndef main(file, args):\n    while True:\n        os.write(3, b'A'); time.sleep(0.3)\n",
    "refuses_in_riddles": "import os, struct\ndef main(file, args):\n    os.write(3, struct.pack('>cQI', b'A', 3, 2) + b'[]')\n",
    "looks_around": LOOKS,
    "waits": "import time\ndef main(file, args):\n    time.sleep(1)\n    return b'done'\n",
}
LIMITS = sandbox.Limits(memory_mb=512, cpu_seconds=1, wall_seconds=60, answer_mb=1, read_mb=1)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    yield from readers(tmp_path, monkeypatch, CODE)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("eats_memory", "more than 512 MB of memory"),
        ("hangs", "longer than 1 s"),
        ("burns", "ended with status -"),
        ("dies", "ended with status -11"),
        ("breaks", "no luck"),
        ("floods", "more than 1 MB"),
        ("cannot_be_imported", "nothing_of_that_name"),
        ("leaves", "ended with status 0"),
        ("mumbles", "may not have"),
        ("asks_beyond", "may not have"),
        ("asks_for_all", "may not have"),
        ("drips", "longer than 1 s"),
        ("refuses_in_riddles", "nobody can read"),
    ],
)
def test_a_child_that_misbehaves_fails_alone(reader: str, name: str, reason: str) -> None:
    # On a busy machine a second of the processor's time may take many of the wall clock's.
    limits = replace(LIMITS, wall_seconds=1 if "longer" in reason else 60)
    with pytest.raises(SandboxFailed) as failed:
        sandbox.run_lazily(reader + name, file=io.BytesIO(b"x"), limits=limits)
    assert reason in failed.value.details
    assert "no luck" not in failed.value.message, "the child's own words are not for callers"
    assert sandbox.run_lazily(reader + "echoes", "one", file=io.BytesIO(b"a "), limits=LIMITS) == b"a one"


def test_a_child_can_open_connect_and_write_nothing(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for children")
    canary = tmp_path / "canary"
    canary.write_text("alive")
    told = sandbox.run_lazily(reader + "looks_around", str(canary), file=io.BytesIO(), limits=LIMITS).decode()
    failures, limits, environment, memory = json.loads(told)
    assert failures == [*[errno.EMFILE] * 4, errno.EINVAL, errno.EMFILE, errno.EMFILE, 0], (
        "dup() says EINVAL, setrlimit ValueError"
    )
    assert limits == [[0, 0]] * 3
    assert not {"SECRET_KEY", "DATABASE_URL", "HOME"} & set(environment)
    assert memory == [512 * MIB, 512 * MIB] or sys.platform != "linux"
    assert canary.read_text() == "alive"


def test_a_refusal_comes_back_with_its_facts(reader: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sandbox.run_lazily(reader + "refuses", file=io.BytesIO())
    assert (refused.value.message, refused.value.facts) == ("No use.", {"pointer": "/a"})


def test_a_file_that_asks_to_be_read_too_often_stops_at_its_budget(reader: str) -> None:
    data = bytes(3 * MIB)
    with pytest.raises(SandboxFailed) as failed:
        sandbox.run_lazily(reader + "echoes", file=io.BytesIO(data), limits=LIMITS)
    assert "ReadTooMuch" in failed.value.details


def test_small_steps_through_a_file_cost_few_requests(reader: str) -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1) -> bytes:
            self.reads += 1
            return super().read(size)

    file = Counted(bytes(MIB))
    sandbox.run_lazily(reader + "steps", file=file, limits=sandbox.Limits(read_mb=2))
    assert file.reads < 2 * MIB / wire.BLOCK


def test_a_store_that_fails_is_not_taken_for_a_bad_file(reader: str) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError("the store")

    with pytest.raises(ConnectionResetError, match="the store"):
        sandbox.run_lazily(reader + "echoes", file=Broken(b"abc"), limits=LIMITS)


def test_a_file_that_is_shorter_than_it_said_costs_its_answer(reader: str) -> None:
    class Short(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(2) if self.tell() == 0 else b""

    with pytest.raises(SandboxFailed) as failed:
        sandbox.run_lazily(reader + "echoes", file=Short(b"abcdef"), limits=LIMITS)
    assert "shorter than it was" in failed.value.details


def test_many_threads_get_their_own_answers(reader: str) -> None:
    def one(number: int) -> bytes:
        return sandbox.run_lazily(reader + "echoes", str(number), file=io.BytesIO(b"%d " % number))

    with ThreadPoolExecutor(12) as threads:
        assert list(threads.map(one, range(100))) == [b"%d %d" % (n, n) for n in range(100)]


def test_waiting_children_do_not_hold_up_others(reader: str) -> None:
    started = time.monotonic()
    with ThreadPoolExecutor(sandbox.AT_ONCE) as threads:
        answers = list(threads.map(lambda _: sandbox.run_lazily(reader + "waits", file=io.BytesIO()), range(sandbox.AT_ONCE)))
    assert answers == [b"done"] * sandbox.AT_ONCE
    assert time.monotonic() - started < sandbox.AT_ONCE


def test_a_nursery_that_dies_is_started_again(reader: str) -> None:
    assert sandbox.run_lazily(reader + "echoes", file=io.BytesIO(b"a")) == b"a"
    first = sandbox.NURSERY.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    with suppress(SandboxFailed):  # what was under way is lost
        sandbox.run_lazily(reader + "echoes", file=io.BytesIO(b"b"))
    assert sandbox.run_lazily(reader + "echoes", file=io.BytesIO(b"c")) == b"c"
    assert sandbox.NURSERY.pid != first


def test_nothing_is_left_open(reader: str) -> None:
    """Descriptors that pile up stop a server after some thousand files."""
    sandbox.run_lazily(reader + "echoes", file=io.BytesIO(b"x"))
    before = _descriptors()
    for name in ["dies", "mumbles", "floods", "refuses"] * 5:
        with suppress(SandboxFailed, InvalidInput):
            sandbox.run_lazily(reader + name, file=io.BytesIO(b"x"), limits=LIMITS)
    assert _descriptors() == before


def _descriptors() -> list[int]:
    """The server's and the nursery's, once the last child is buried."""
    time.sleep(0.3)
    return [len(os.listdir(f"/proc/{pid}/fd")) if sys.platform == "linux" else 0 for pid in (os.getpid(), sandbox.NURSERY.pid)]


def test_a_server_that_is_killed_leaves_no_nursery(reader: str) -> None:
    """Else each restart would leave one more process, with its memory."""
    program = (
        "import sys; from assets_app.nurse import Nursery\n"
        "import os; nursery = Nursery(lambda: dict(os.environ))\n"
        "order = dict(module=sys.argv[1], args=[], memory_mb=512, cpu_seconds=9, wall_seconds=60, read_bytes=0)\n"
        "with nursery.child(order, wall_seconds=60) as child:\n"
        "    child.give(bytes(8)); print(nursery.pid, flush=True); sys.stdin.read()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program, reader + "hangs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=sandbox._nursery_environment(),
    )
    with server:
        assert server.stdout is not None
        nursery = int(server.stdout.readline())
        server.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _runs(nursery):
        time.sleep(0.05)
    assert not _runs(nursery)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _grants_name_spaces() -> bool:
    ask = f"import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare({CLONE_NEWUSER | CLONE_NEWNET}) != 0)"
    return sys.platform == "linux" and subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


@pytest.mark.skipif(
    not _grants_name_spaces(),
    reason="This system grants no name spaces: children are kept from the network by their limits alone.",
)
def test_the_nursery_has_no_network(reader: str) -> None:
    sandbox.run_lazily(reader + "echoes", file=io.BytesIO())
    assert os.readlink(f"/proc/{sandbox.NURSERY.pid}/ns/net") != os.readlink("/proc/self/ns/net")
