"""Long journeys through a whole hub: real processes that are raced, killed and stopped."""

import hashlib
import json
import os
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.hub import Hub, Program, running_hub, wait_for
from tests.make import PNG, capture_bytes

pytestmark = pytest.mark.slow
ID = "2025-12-14T10_24_07.182Z"
HERD = 24


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path) as running:
        yield running


def collect(hub: Hub, data: bytes, name: str) -> dict[str, Any]:
    browser = hub.browser()
    answer = hub.post_page(browser, "/collect/", {}, files={"files": (name, data)}, headers={"Accept": "application/json"})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def picture_of(program: Program, session_id: str) -> dict[str, Any]:
    """What the page's own script asks for until the plot is there."""
    page = program.hub.browser().get(f"{program.hub.url}/sessions/{session_id}/", timeout=30).text
    path = page.partition('data-picture="')[2].partition('"')[0]
    found: dict[str, Any] = program.get(path).json()
    return found


def send_half_an_upload(hub: Hub, program: Program) -> socket.socket:
    """A form whose second half never comes. The connection stays open."""
    line = socket.create_connection(("127.0.0.1", hub.port))
    head = (
        f"POST /api/v2/upload-asset HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {program.token}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 8000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'
    )
    line.sendall(head.encode() + b"half " * 800_000)
    return line


def test_what_was_acknowledged_survives_kill_9_in_mid_upload(hub: Hub) -> None:
    program = hub.program()
    for version in range(1, 6):
        answer = program.post("/api/sessions", {"session_id": "c1", "note": version, "_version": version - 1})
        assert answer.json()["version"] == version
    asset = program.session.post(f"{hub.url}/api/v2/upload-asset", files={"file": ("photo.png", PNG)}, timeout=30).json()
    capture = capture_bytes(samples=60_000)
    collect(hub, capture, f"{ID}.json")
    wait_for("the worker to begin", lambda: picture_of(program, ID)["attempts"])
    line = send_half_an_upload(hub, program)

    hub.kill_everything()
    line.close()
    hub.start()

    session = program.get("/api/sessions/c1").json()["session"]
    assert (session["note"], session["_version"]) == (5, 5)
    for number in range(1, 6):
        kept = program.get(f"/api/sessions/c1/versions/{number}").json()
        assert kept["document"]["note"] == number
        assert hashlib.sha256(kept["text"].encode()).hexdigest() == kept["sha256"]
    assert "nothing wrong" in hub.manage("fsck")
    assert program.get(asset["url"]).content == PNG
    kept = program.get(f"/api/sessions/{ID}").json()["session"]["recordings"][0]
    assert hashlib.sha256(program.get(kept["url"]).content).digest() == hashlib.sha256(capture).digest()
    assert hub.manage("shell", "-v0", "-c", "print(Asset.objects.filter(name='half.txt').count())").strip() == "0"
    picture = wait_for("the killed worker's plot", lambda: (p := picture_of(program, ID))["state"] == "made" and p)
    assert picture["attempts"] >= 2
    assert program.get(picture["image"]).content.startswith(b"\x89PNG")


def test_a_client_that_hangs_up_leaves_nothing_and_hurts_nobody(hub: Hub) -> None:
    program = hub.program()
    for _ in range(3):
        send_half_an_upload(hub, program).close()
    count = "print(PendingObject.objects.count(), Asset.objects.count())"
    wait_for("the halves to go", lambda: hub.manage("shell", "-v0", "-c", count).strip() == "0 0", 30)
    assert program.get("/api/sessions").status_code == 200


def test_of_a_herd_with_one_version_exactly_one_saves(hub: Hub) -> None:
    """Over real sockets to several server processes: on PostgreSQL a comparison in Python would lose saves here."""
    program = hub.program()
    for round_ in range(1, 4):
        program.post("/api/sessions", {"session_id": "herd", "_version": round_ - 1, "round": round_})
        base = program.get("/api/sessions/herd").json()["session"]["_version"]
        with ThreadPoolExecutor(HERD) as herd:
            clients = [Program(hub, program.token) for _ in range(HERD)]
            saves = [
                herd.submit(client.post, "/api/sessions", {"session_id": "herd", "_version": base, "by": number, "round": round_})
                for number, client in enumerate(clients)
            ]
            answers = [save.result() for save in saves]
        assert Counter(a.status_code for a in answers) == {200: 1, 409: HERD - 1}
        winner = next(number for number, a in enumerate(answers) if a.status_code == 200)
        session = program.get("/api/sessions/herd").json()["session"]
        assert (session["by"], session["_version"]) == (winner, base + 1)
        program.post("/api/sessions", {"session_id": "herd", "_version": base + 1, "round": round_ + 1})
    actions = json.loads(
        hub.manage(
            "shell", "-v0", "-c", "import json; print(json.dumps(list(SessionActivity.objects.values_list('action', flat=True))))"
        )
    )
    kept = int(hub.manage("shell", "-v0", "-c", "print(Conflict.objects.count())"))
    assert Counter(actions)["conflict"] == kept >= 3 * (HERD - 1)


def test_creators_of_one_id_race_to_one_session(hub: Hub) -> None:
    program = hub.program()
    with ThreadPoolExecutor(HERD) as herd:
        clients = [Program(hub, program.token) for _ in range(HERD)]
        saves = [herd.submit(client.post, "/api/sessions", {"session_id": "new", "by": n}) for n, client in enumerate(clients)]
        statuses = Counter(save.result().status_code for save in saves)
    assert statuses == {200: 1, 428: HERD - 1}
    assert program.get("/api/sessions/new").json()["session"]["_version"] == 1


def test_the_same_recording_sent_at_once_is_one_session(hub: Hub) -> None:
    browser = hub.browser()
    data = capture_bytes(samples=200)

    def send(_number: int) -> tuple[int, str]:
        files = {"files": (f"{ID}.json", data)}
        answer = hub.post_page(browser, "/collect/", {}, files=files, headers={"Accept": "application/json"})
        return answer.status_code, answer.json()["url"]

    with ThreadPoolExecutor(8) as herd:
        answers = Counter(herd.map(send, range(8)))
    assert answers == {(201, f"/sessions/{ID}/"): 1, (200, f"/sessions/{ID}/"): 7}


def test_labels_sent_at_once_are_all_kept_without_a_conflict(hub: Hub) -> None:
    collect(hub, capture_bytes(samples=50), f"{ID}.json")
    browser = hub.browser()

    def send(number: int) -> int:
        sidecar = {"timestamp": ID, "labels": [{"start_sample": 0, "end_sample": number, "gesture": "fist"}]}
        files = {"files": (f"{ID}.meta.json", json.dumps(sidecar).encode())}
        return hub.post_page(browser, "/collect/", {}, files=files, headers={"Accept": "application/json"}).status_code

    with ThreadPoolExecutor(8) as herd:
        assert set(herd.map(send, range(8))) == {201}
    counts = "print(Conflict.objects.count(), SessionVersion.objects.count())"
    assert hub.manage("shell", "-v0", "-c", counts).strip() == "0 9"


def test_forwarded_headers_are_nobodys_to_send(hub: Hub) -> None:
    program = hub.program()
    asset = program.session.post(f"{hub.url}/api/v2/upload-asset", files={"file": ("photo.png", PNG)}, timeout=30).json()
    told = program.session.get(
        f"{hub.url}/api/v2/assets/{asset['id']}", headers={"X-Forwarded-Proto": "https", "Script-Name": "/x"}, timeout=30
    )
    assert told.json()["url"] == asset["url"]


def test_the_same_bytes_sent_at_once_are_kept_once(hub: Hub) -> None:
    program = hub.program()
    data = os.urandom(700_000).hex().encode()

    def send(_number: int) -> Any:
        client = Program(hub, program.token)
        return client.session.post(f"{hub.url}/api/v2/upload-asset", files={"file": ("same.txt", data)}, timeout=60)

    with ThreadPoolExecutor(8) as herd:
        answers = list(herd.map(send, range(8)))
    assert [a.status_code for a in answers] == [201] * 8
    for answer in answers:
        assert program.get(answer.json()["url"]).content == data
    counts = "print(Blob.objects.count(), PendingObject.objects.count(), BlobChunk.objects.values('key').distinct().count())"
    assert hub.manage("shell", "-v0", "-c", counts).strip() == "1 0 1"


def worker_of(hub: Hub) -> psutil.Process | None:
    for process in hub.processes():
        try:
            if process.cmdline()[-1:] == ["work"]:
                return process
        except psutil.ZombieProcess:  # killed, and not yet noticed
            continue
    return None


def all_ended(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_a_worker_that_dies_is_started_again_and_stopping_ends_all(hub: Hub) -> None:
    first = wait_for("a worker", lambda: worker_of(hub))
    first.kill()
    wait_for("another worker", lambda: (again := worker_of(hub)) and again.pid != first.pid)
    everyone = hub.processes()
    assert hub.stop() == 0
    assert all_ended(everyone)
    assert "Traceback" not in hub.log.read_text()


def test_nothing_outlives_a_killed_supervisor(hub: Hub) -> None:
    assert hub.process is not None
    everyone = hub.processes()
    hub.process.kill()
    hub.process.wait()
    wait_for("its children to end", lambda: all_ended(everyone), 30)
    hub.start()
