"""The sandbox. A file that takes its reader down must take nothing else with it."""

import os
from pathlib import Path
from typing import Any

import pytest

from assets_app import sandbox
from assets_app.errors import InvalidInput, SandboxFailed

READERS = {
    "eats_memory": "def main(file, args):\n    return b'x' * (900 * 1024 * 1024)\n",
    "hangs": "import time\ndef main(file, args):\n    time.sleep(60)\n",
    "burns": "def main(file, args):\n    while True: pass\n",
    "dies": "import os, signal\ndef main(file, args):\n    os.kill(os.getpid(), signal.SIGSEGV)\n",
    "breaks": "def main(file, args):\n    raise RuntimeError('no luck')\n",
    "floods": "def main(file, args):\n    return b'x' * 3_000_000\n",
    "looks_around": "import os\ndef main(file, args):\n    return '\\n'.join(sorted(os.environ)).encode()\n",
    "echoes": "def main(file, args):\n    return file.read() + b' '.join(a.encode() for a in args)\n",
    "refuses": "from assets_app.sandboxed import Refused\ndef main(file, args):\n    raise Refused('No use.', pointer='/a')\n",
}


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of readers, found by the child as our own modules are."""
    for name, code in READERS.items():
        (tmp_path / f"reader_that_{name}.py").write_text(code)
    original = sandbox._environment

    def environment() -> dict[str, str]:
        found = original()
        return found | {"PYTHONPATH": found["PYTHONPATH"] + os.pathsep + str(tmp_path)}

    monkeypatch.setattr(sandbox, "_environment", environment)
    return "reader_that_"


LIMITS = sandbox.Limits(memory_mb=512, cpu_seconds=1, wall_seconds=15, answer_mb=1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("eats_memory", "more than 512 MB of memory"),
        ("hangs", "longer than 15 s"),
        ("burns", "ended with status -"),
        ("dies", "ended with status -11"),
        ("breaks", "no luck"),
        ("floods", "more than 1 MB"),
    ],
)
def test_a_reader_that_misbehaves_fails_alone(reader: str, name: str, reason: str) -> None:
    with pytest.raises(SandboxFailed) as failed:
        sandbox.run(reader + name, file=[b"x"], limits=LIMITS)
    assert reason in failed.value.details
    assert "no luck" not in failed.value.message, "the child's own words are not for callers"


def test_the_child_is_given_the_file_and_nothing_of_ours(reader: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for children")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "neither")
    assert sandbox.run(reader + "echoes", "one", "two", file=[b"a", b"b "]) == b"ab one two"
    seen = sandbox.run(reader + "looks_around", file=[]).decode().split()
    assert not {"SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "HOME"} & set(seen)


def test_a_refusal_comes_back_with_its_facts(reader: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        sandbox.run(reader + "refuses", file=[])
    assert (refused.value.message, refused.value.facts) == ("No use.", {"pointer": "/a"})
