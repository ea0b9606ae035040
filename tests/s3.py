"""An S3 to test against: moto's, behind a proxy that is strict where moto is lax, and faulty when it is told to be.

What arrives damaged is refused, as S3 does; what comes without a Content-MD5 too, as only our own rules do.
"""

import base64
import hashlib
import http.client
import logging
import random
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

BUCKET = "holdfast"


class Fault(StrEnum):
    """What can happen to one request. "Before" and "after" the bytes arrived, and were found to be what was sent."""

    ERROR_500 = "error_500"
    SLOW_DOWN = "slow_down"
    DENIED = "denied"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    SILENT_AFTER = "silent_after"
    ALTERED_BEFORE = "altered_before"
    ALTERED_AFTER = "altered_after"
    OTHER_ETAG = "other_etag"
    CUT_HONEST = "cut_honest"  # Content-Length is that of the whole
    CUT_LYING = "cut_lying"  # Content-Length is that of what comes
    LONGER = "longer"
    OTHER_RANGE = "other_range"
    WRONG_BYTES = "wrong_bytes"
    DRIPPING = "dripping"


REFUSALS = {
    Fault.ERROR_500: (500, "InternalError"),
    Fault.SLOW_DOWN: (503, "SlowDown"),
    Fault.DENIED: (403, "AccessDenied"),
    Fault.CONFLICT: (409, "ConditionalRequestConflict"),
    Fault.PRECONDITION: (412, "PreconditionFailed"),
}
ANYWHERE = [Fault.ERROR_500, Fault.SLOW_DOWN, Fault.DENIED, Fault.CLOSED_BEFORE, Fault.CLOSED_AFTER, Fault.SILENT_AFTER]
ON_CONDITION = [Fault.CONFLICT, Fault.PRECONDITION]
ON_BODY_SENT = [Fault.ALTERED_BEFORE, Fault.ALTERED_AFTER, Fault.OTHER_ETAG]
ON_BODY_READ = [Fault.CUT_HONEST, Fault.CUT_LYING, Fault.LONGER, Fault.OTHER_RANGE, Fault.DRIPPING, Fault.OTHER_ETAG]
FAULTS = defaultdict(
    lambda: ANYWHERE,
    put=ANYWHERE + ON_CONDITION + ON_BODY_SENT,
    part=ANYWHERE + ON_BODY_SENT,
    complete=ANYWHERE + ON_CONDITION,
    get=[*ANYWHERE, *ON_BODY_READ, Fault.WRONG_BYTES],
    head=[*ANYWHERE, Fault.OTHER_ETAG],
)
OPERATIONS = {
    ("PUT", "partNumber"): "part",
    ("POST", "uploads"): "create",
    ("POST", "uploadId"): "complete",
    ("DELETE", "uploadId"): "abort",
    ("GET", "uploads"): "list_uploads",
    ("GET", "list-type"): "list",
}
HOP = {"connection", "expect", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]  # by names in lower case
    body: bytes
    fault: Fault | None = None

    @property
    def operation(self) -> str:
        asked = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        named = (OPERATIONS[self.method, name] for name in asked if (self.method, name) in OPERATIONS)
        return next(named, self.method.lower())

    @property
    def is_whole(self) -> bool:
        """The bytes are as they were digested."""
        sent = {"content-md5": hashlib.md5(self.body, usedforsecurity=False), "x-amz-checksum-sha256": hashlib.sha256(self.body)}
        digests = {name: base64.b64encode(digest.digest()).decode() for name, digest in sent.items()}
        return all(self.headers.get(name, digest) == digest for name, digest in digests.items())


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    is_head: bool = False
    sent: slice = field(default_factory=lambda: slice(None))  # as much of the body as is sent before the line breaks


class FaultyS3:
    """`url` is the faulty one; `client` goes to the truth, past all faults."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._moto.start()
        self.upstream = self._moto.get_host_and_port()
        self.client = direct_client(*self.upstream)
        self._proxy = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Door,), {"s3": self}))
        self._thread = threading.Thread(target=self._proxy.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._proxy.server_port}"
        self._lock = threading.Lock()
        self.calm()

    def calm(self) -> None:
        """No faults, and nothing said yet."""
        self.planned: dict[str, deque[Fault | None]] = defaultdict(deque)
        self.rate, self.random, self.chosen = 0.0, random.Random(0), set(Fault)
        self.met: dict[str, int] = defaultdict(int)
        self.seen: list[Request] = []
        self.unknown: dict[str, tuple[int, str]] = {}  # headers that it refuses, and how
        self.hidden: set[str] = set()  # headers that it does not show
        self.is_opaque = False  # its ETags are no digests
        self.page = ""  # how many a list shows at once
        self.silence = 2.0
        self.dripping = 0.5

    def begin(self) -> None:
        self.calm()
        self.client.create_bucket(Bucket=BUCKET)

    def end(self) -> None:
        self.calm()
        for key in self.objects():
            self.client.delete_object(Bucket=BUCKET, Key=key)
        for key, upload_id in self.uploads():
            self.client.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload_id)
        self.client.delete_bucket(Bucket=BUCKET)

    def objects(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def uploads(self) -> list[tuple[str, str]]:
        listed = self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [(upload["Key"], upload["UploadId"]) for upload in listed]

    def bytes_of(self, key: str) -> bytes:
        answer = self.client.get_object(Bucket=BUCKET, Key=key)
        with answer["Body"] as body:
            data: bytes = body.read()
        return data

    def stop(self) -> None:
        self._proxy.shutdown()
        self._proxy.server_close()
        self._thread.join()
        self._moto.stop()

    def plan(self, operation: str, *faults: Fault | None) -> None:
        """What happens to the next requests of this kind, one after the other; None: nothing."""
        self.planned[operation].extend(faults)

    def chaos(self, rng: random.Random, rate: float, without: set[Fault] | None = None) -> None:
        """From now on a fault befalls so many of all requests."""
        self.rate, self.random, self.chosen = rate, rng, set(Fault) - (without or set())

    def fault_for(self, request: Request) -> Fault | None:
        operation = request.operation
        with self._lock:
            fault = self.planned[operation].popleft() if self.planned[operation] else None
            if self.random.random() < self.rate:
                fault = self.random.choice([fault for fault in FAULTS[operation] if fault in self.chosen])
            self.seen.append(Request(request.method, request.path, request.headers, b"", fault))
            if fault:
                self.met[f"{operation}:{fault}"] += 1
        return fault

    def count(self, operation: str) -> int:
        return sum(request.operation == operation for request in self.seen)


def direct_client(host: str, port: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )


class Door(BaseHTTPRequestHandler):
    """One connection to the faulty S3."""

    protocol_version = "HTTP/1.1"
    s3: FaultyS3

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read `FaultyS3.seen`."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client had enough
            self.close_connection = True

    def do_any(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, self.path, headers, body)
        fault = self.s3.fault_for(request)
        answer = self.answered(request, fault)
        if answer is None:
            self.close_connection = True
        else:
            self.tell(answer, fault)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_any

    def answered(self, request: Request, fault: Fault | None) -> Answer | None:
        """None: nothing is answered."""
        if fault in REFUSALS:
            return refused(request, *REFUSALS[fault])
        if fault == Fault.CLOSED_BEFORE:
            return None
        if fault == Fault.ALTERED_BEFORE:
            request.body = altered(request.body, 1)
        if objection := self.objection(request):
            return refused(request, *objection)
        if fault == Fault.ALTERED_AFTER:
            request.body = altered(request.body, 1)
        answer = self.forwarded(request)
        if fault == Fault.SILENT_AFTER:
            threading.Event().wait(self.s3.silence)
        return None if fault in (Fault.CLOSED_AFTER, Fault.SILENT_AFTER) else answer

    def objection(self, request: Request) -> tuple[int, str] | None:
        for name, refusal in self.s3.unknown.items():
            if name in request.headers:
                return refusal
        if request.operation in ("put", "part"):
            if "content-md5" not in request.headers:
                return 400, "NoContentMD5"
            if not request.is_whole:
                return 400, "BadDigest"
        return None

    def forwarded(self, request: Request) -> Answer:
        connection = http.client.HTTPConnection(*self.s3.upstream, timeout=60)
        path = f"{request.path}&max-keys={self.s3.page}" if self.s3.page and request.operation == "list" else request.path
        try:
            headers = {name: value for name, value in request.headers.items() if name not in HOP}
            connection.request(request.method, path, request.body, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        told = {name.lower(): value for name, value in response.getheaders()}
        length = told.get("content-length", "0") if request.method == "HEAD" else str(len(body))
        told = {name: value for name, value in told.items() if name not in HOP | self.s3.hidden}
        if self.s3.is_opaque and request.operation in ("get", "head") and "etag" in told:
            told["etag"] = f'"version-{hash(told["etag"])}"'
        return Answer(response.status, told | {"content-length": length}, body, is_head=request.method == "HEAD")

    def tell(self, answer: Answer, fault: Fault | None) -> None:
        if fault and answer.status < 300:
            distort(answer, fault)
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.is_head:
            return
        body = answer.body[answer.sent]
        if fault == Fault.DRIPPING:
            body = self.dripped(body)
        self.wfile.write(body)
        self.close_connection = answer.headers["content-length"] != str(len(answer.body[answer.sent]))

    def dripped(self, body: bytes) -> bytes:
        """Sends single bytes for a while; the rest comes back."""
        drops = min(5, len(body))
        for index in range(drops):
            self.wfile.write(body[index : index + 1])
            threading.Event().wait(self.s3.dripping / drops)
        return body[drops:]


def refused(request: Request, status: int, code: str) -> Answer:
    body = b"" if request.method == "HEAD" else f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()
    headers = {"content-type": "application/xml", "content-length": str(len(body))}
    return Answer(status, headers, body, is_head=request.method == "HEAD")


def altered(body: bytes, bit: int) -> bytes:
    """One bit of its first byte."""
    return bytes([body[0] ^ bit]) + body[1:] if body else body


def distort(answer: Answer, fault: Fault) -> None:
    size = len(answer.body)
    if fault == Fault.OTHER_ETAG:
        answer.headers["etag"] = f'"{hashlib.sha256(b"another").hexdigest()[:32]}"'
    elif fault == Fault.CUT_HONEST:
        answer.sent = slice(0, size * 2 // 3)
    elif fault == Fault.CUT_LYING:
        answer.body = answer.body[: size * 2 // 3]
        answer.headers["content-length"] = str(len(answer.body))
    elif fault == Fault.LONGER:
        answer.body += b"more"
        answer.headers["content-length"] = str(len(answer.body))
    elif fault == Fault.OTHER_RANGE and "content-range" in answer.headers:
        answer.headers["content-range"] = f"bytes 7-{6 + size}/{size + 100}"
        answer.body = bytes(size)
    elif fault == Fault.WRONG_BYTES:
        answer.body = altered(answer.body, 2)  # another than on the way in: two damages must not mend one another
