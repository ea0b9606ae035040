"""The web server with readers of every pace: real sockets, real processes."""

import hashlib
import http.client
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

import psutil
import psycopg
import pytest
import requests

from config.courier import Courier, Parcel
from tests.hub import Hub, Program, running_hub, wait_for
from tests.make import PNG

MIB = 1024 * 1024
BIG = b"%PDF-1.7\n" + os.urandom(12 * MIB)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


@pytest.fixture(scope="module")
def program(hub: Hub) -> Program:
    return hub.program()


@pytest.fixture(scope="module")
def big(hub: Hub, program: Program) -> str:
    """The path of a file of 12 MiB."""
    answer = program.session.post(f"{hub.url}/api/v2/upload-asset", files={"file": ("big.pdf", BIG)}, timeout=60)
    return f"/api/v2/assets/{answer.json()['id']}/data"


class Reader:
    """A client that reads as slowly as it likes, with hardly any room for what it has not read."""

    def __init__(self, program: Program, path: str, *, headers: str = "") -> None:
        self.line = socket.socket()
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        self.line.settimeout(15)
        self.line.connect(("127.0.0.1", program.hub.port))
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {program.token}\r\n{headers}\r\n"
        self.line.sendall(head.encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.line.close()

    def read_all(self, *, bytes_a_second: float = 0) -> bytes:
        """Until the server closes, or the announced length is there."""
        began, got, length = time.monotonic(), bytearray(), -1
        while length < 0 or len(got) < length:
            data = self.line.recv(65536)
            if not data:
                break
            got += data
            if length < 0 and b"\r\n\r\n" in got:
                head, _, rest = bytes(got).partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
                got = bytearray(rest)
            if bytes_a_second:
                time.sleep(max(0, began + len(got) / bytes_a_second - time.monotonic()))
        return bytes(got)


@contextmanager
def slow_readers(program: Program, path: str, number: int) -> Iterator[None]:
    """So many, each reading 200 kB a second for as long as the block lasts."""
    ended = threading.Event()

    def read(readers: list[Reader]) -> None:
        while not ended.wait(0.1):
            for reader in readers:
                reader.line.recv(20_000)

    with ExitStack() as lines:
        readers = [Reader(program, path) for _ in range(number)]
        for reader in readers:
            lines.callback(reader.line.close)
        thread = threading.Thread(target=read, args=(readers,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def slowest_answer(program: Program, seconds: float) -> float:
    """Of small requests, one after the other; in seconds."""
    slowest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        assert program.get("/api/sessions").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def web_processes(hub: Hub) -> list[psutil.Process]:
    return [process for process in hub.processes() if "gunicorn" in process.cmdline()]


def open_files(hub: Hub) -> int:
    return sum(process.num_fds() for process in web_processes(hub))


def test_forty_slow_readers_keep_nobody_waiting(hub: Hub, program: Program, big: str) -> None:
    with slow_readers(program, big, 40):
        assert slowest_answer(program, 3) < 2
        assert connections_of(hub) <= 2 * (8 + 2) + 4  # threads, fetchers, workers


def test_twenty_slow_senders_keep_nobody_waiting(hub: Hub, program: Program) -> None:
    """A few phones on a bad network would otherwise stop the hub for everybody."""
    head = (
        f"POST /api/v2/upload-asset HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {program.token}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 8000000\r\n\r\n"
    )
    senders = [socket.create_connection(("127.0.0.1", hub.port)) for _each in range(20)]
    for sender in senders:
        sender.sendall(head.encode() + b"--x\r\n")
    assert slowest_answer(program, 2) < 1
    refused = 0
    for sender in senders:
        sender.settimeout(0.1)
        with suppress(OSError):
            refused += sender.recv(4096).startswith(b"HTTP/1.1 503")
        sender.close()
    assert refused >= 8  # of 20; two processes have six places each
    wait_for("an upload to be taken again", lambda: upload(program, PNG * 10_000).status_code == 201)


def upload(program: Program, data: bytes) -> requests.Response:
    files = {"file": ("long.txt", data.hex())}
    return program.session.post(f"{program.hub.url}/api/v2/upload-asset", files=files, timeout=30)


def connections_of(hub: Hub) -> int:
    """To the database, where they can be counted."""
    url = hub.environment["DATABASE_URL"]
    if not url.startswith("postgres"):
        return 0
    with psycopg.connect(url) as asking:
        sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        found = asking.execute(sql).fetchone()
        assert found is not None
        return int(found[0])


def test_slowly_read_bytes_are_exact(program: Program, big: str) -> None:
    with Reader(program, big) as whole:
        assert whole.read_all(bytes_a_second=8e6) == BIG
    with Reader(program, big, headers="Range: bytes=3000000-5500000\r\n") as part:
        assert part.read_all(bytes_a_second=4e6) == BIG[3_000_000:5_500_001]


def test_a_connection_serves_on_after_a_download(hub: Hub, program: Program, big: str) -> None:
    line = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=15)
    headers = {"Authorization": f"Bearer {program.token}"}
    line.connect()
    kept = line.sock
    for _ in range(3):
        line.request("GET", big, headers=headers)
        assert hashlib.sha256(line.getresponse().read()).digest() == hashlib.sha256(BIG).digest()
        line.request("GET", big, headers=headers | {"Range": "bytes=0-9"})
        assert line.getresponse().read() == BIG[:10]
        line.request("HEAD", big, headers=headers)
        assert line.getresponse().read() == b""
    assert line.sock is kept
    line.close()


def test_the_next_request_may_come_before_the_answer_is_read(program: Program, big: str) -> None:
    with Reader(program, big) as both:
        both.line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        got = b""
        while b'{"status": "ok"}' not in got[-100:]:
            got += both.line.recv(65536)
    first, _, second = got.partition(BIG)
    assert first.startswith(b"HTTP/1.1 200 OK")
    assert second.startswith(b"HTTP/1.1 200 OK")


def test_a_client_that_wants_the_connection_closed_gets_everything_first(program: Program, big: str) -> None:
    with Reader(program, big, headers="Connection: close\r\n") as reader:
        assert reader.read_all(bytes_a_second=10e6) == BIG
        assert reader.line.recv(1) == b""


def test_readers_that_vanish_leave_nothing_behind(hub: Hub, program: Program, big: str) -> None:
    slowest_answer(program, 0.3)
    before = open_files(hub)
    threads = sum(process.num_threads() for process in web_processes(hub))
    for _ in range(20):
        reader = Reader(program, big)
        reader.line.recv(1000)
        reader.line.close()
    wait_for("their files to be closed", lambda: open_files(hub) <= before + 8, 30)
    assert sum(process.num_threads() for process in web_processes(hub)) <= max(threads, 2 * (1 + 8 + 1 + 2) + 1)
    assert "Traceback" not in hub.log.read_text()


def test_lost_bytes_never_end_as_a_good_answer(hub: Hub, program: Program) -> None:
    data = b"%PDF-1.7\n" + os.urandom(6 * MIB)
    sent = program.session.post(f"{hub.url}/api/v2/upload-asset", files={"file": ("lost.pdf", data)}, timeout=60).json()
    lose = f"BlobChunk.objects.filter(key=Asset.objects.get(pk='{sent['id']}').blob.key, index=4).delete()"
    hub.manage("shell", "-v0", "-c", lose)
    with Reader(program, f"/api/v2/assets/{sent['id']}/data") as reader, pytest.raises(ConnectionResetError):
        reader.read_all()
    wait_for("the log to tell of it", lambda: "delivery_broken" in hub.log.read_text(), 5)


def test_stopping_lets_downloads_come_to_their_end(hub: Hub, program: Program, big: str) -> None:
    with Reader(program, big) as reader:
        assert reader.line.recv(1, socket.MSG_PEEK)
        stopping = threading.Thread(target=hub.stop)
        stopping.start()
        assert reader.read_all(bytes_a_second=6e6) == BIG
    stopping.join()
    assert "delivery_cut_off" not in hub.log.read_text()
    hub.start()  # for whatever is tested after this


# --- the courier alone, with less patience than it has in the hub


@pytest.fixture
def courier() -> Iterator[Courier]:
    one = Courier(patience=1)
    yield one
    one.stop()


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as reader:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        reader.connect(listening.getsockname())
        sock, _ = listening.accept()
        with sock:
            yield sock, reader


Line = tuple[socket.socket, socket.socket]


def bring(courier: Courier, sock: socket.socket, pieces: list[bytes], length: int) -> Callable[[], bool | None]:
    """Begins; gives what tells how it ended, or None before that."""
    ended: list[bool] = []
    closed: list[str] = []
    parcel = Parcel(sock, iter(pieces), length, lambda: closed.append(threading.current_thread().name))
    parcel.begin(b"HEAD")

    def told(was_sent: bool) -> None:
        assert len(closed) == 1
        assert closed[0].startswith("fetcher")
        ended.append(was_sent)

    courier.bring(parcel, told)
    return lambda: ended[0] if ended else None


def test_a_reader_that_takes_nothing_is_given_up(courier: Courier, line: Line) -> None:
    ended = bring(courier, line[0], [b"x" * MIB], MIB)
    wait_for("the end", lambda: ended() is not None, 5)
    assert ended() is False


def test_a_reader_that_takes_a_little_is_not(courier: Courier, line: Line) -> None:
    sock, reader = line
    ended = bring(courier, sock, [b"x" * 200_000, b"y" * 200_000], 400_000)
    got = b""
    while len(got) < 180_000:  # three seconds: three times its patience
        got += reader.recv(3000)
        time.sleep(0.05)
        assert ended() is None
    while len(got) < 400_004:
        got += reader.recv(65536)
    wait_for("the end", lambda: ended() is not None, 5)
    assert ended() is True
    assert got == b"HEAD" + b"x" * 200_000 + b"y" * 200_000


@pytest.mark.parametrize("pieces", [[b"x" * MIB], [b"x" * MIB, b"y" * 10, b"z"], [b"x" * MIB, b"y" * 11]])
def test_a_body_of_another_length_does_not_end_well(courier: Courier, line: Line, pieces: list[bytes]) -> None:
    sock, reader = line
    ended = bring(courier, sock, pieces, MIB + 10)
    got = 0
    while ended() is None:
        reader.settimeout(0.2)
        try:
            got += len(reader.recv(65536))
        except TimeoutError:
            continue
    assert ended() is False
    assert got < 4 + MIB + 10


def test_a_request_that_cannot_be_ended_gives_its_connection_back(courier: Courier, line: Line) -> None:
    """One connection less each time: in the end nobody is let in."""
    ended: list[bool] = []

    def close() -> None:
        raise KeyError("what looks after the end of a request failed")

    parcel = Parcel(line[0], iter([b"x" * 100_000]), 100_000, close)
    parcel.begin(b"HEAD")
    courier.bring(parcel, ended.append)
    got = 0
    while got < 100_004:
        got += len(line[1].recv(65536))
    wait_for("the end", lambda: ended, 5)
    assert ended == [True]


def test_stopping_ends_what_is_under_way(line: Line) -> None:
    courier = Courier()
    bring(courier, line[0], [b"x" * MIB], MIB)
    began = time.monotonic()
    courier.stop()
    assert time.monotonic() - began < 2
