"""Bytes move between stores under a hub at work: people upload, read and delete, and the command is killed in the middle."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hub import ROOT, Hub, Program, running_hub, wait_for

pytestmark = pytest.mark.slow
WRITERS = 4
FILES = 20
SIZE = 200_000


class Person:
    """Uploads, reads and deletes, and remembers what was acknowledged."""

    def __init__(self, program: Program, seed: int, shared: list[bytes]) -> None:
        self.program, self.random, self.shared = program, random.Random(seed), shared
        self.kept: dict[str, bytes] = {}
        self.faults: list[str] = []

    def upload(self, data: bytes) -> None:
        answer = self.program.session.post(
            f"{self.program.hub.url}/api/v2/upload-asset", files={"file": ("a.txt", data)}, timeout=60
        )
        if answer.status_code == 201:
            self.kept[answer.json()["id"]] = data
        elif answer.status_code not in (429, 503):
            self.faults.append(f"upload: {answer.status_code} {answer.text[:200]}")

    def read(self, asset_id: str) -> None:
        answer = self.program.get(f"/api/v2/assets/{asset_id}/data")
        if (answer.status_code, answer.content) != (200, self.kept[asset_id]):
            self.faults.append(f"read: {answer.status_code}, {len(answer.content)} bytes")

    def delete(self, asset_id: str) -> None:
        answer = self.program.session.delete(f"{self.program.hub.url}/api/v2/assets/{asset_id}", timeout=60)
        if answer.status_code in (200, 204):
            del self.kept[asset_id]
        elif answer.status_code != 503:
            self.faults.append(f"delete: {answer.status_code}")

    def live(self, until: threading.Event) -> None:
        while not until.wait(0.1):
            self.upload(self.random.choice([text(), *self.random.sample(self.shared, 3)]))
            if self.kept:
                self.read(self.random.choice(list(self.kept)))
            if len(self.kept) > 20:
                self.delete(self.random.choice(list(self.kept)))


def text() -> bytes:
    return os.urandom(SIZE // 2).hex().encode()


@contextmanager
def people_at_work(people: list[Person]) -> Iterator[None]:
    enough = threading.Event()
    threads = [threading.Thread(target=person.live, args=(enough,)) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@contextmanager
def moving(hub: Hub, to: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "manage.py", "move_blobs", "--to", to, *options]
    pipe, same = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, cwd=ROOT, env=hub.environment, text=True, stdout=pipe, stderr=same) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def moved(hub: Hub, to: str) -> str:
    with moving(hub, to) as process:
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    return output


def test_nothing_is_lost_when_bytes_move_there_and_back_and_the_command_is_killed(tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        program = hub.program()
        shared = [text() for _number in range(FILES)]
        people = [Person(Program(hub, program.token), seed, shared) for seed in range(WRITERS)]
        first = Person(program, 99, shared)
        for data in shared:
            first.upload(data)
        with people_at_work(people):
            with moving(hub, "filesystem", "--rate", "2") as process:
                wait_for("the first moves", lambda: len(list((tmp_path / "blobs").rglob("*"))) > 8)
                process.kill()
                process.wait()
            moved(hub, "filesystem")
            moved(hub, "database")
            time.sleep(0.3)
        assert "0 failed" in moved(hub, "filesystem")
        everybody = [first, *people]
        for person in everybody:
            for asset_id in person.kept:
                person.read(asset_id)
        assert [fault for person in everybody for fault in person.faults] == []
        assert len(first.kept) == FILES
        assert "nothing wrong" in hub.manage("fsck", "--verify-bytes")
