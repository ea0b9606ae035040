"""Writing one object to an S3-compatible store: what is acknowledged was seen to be there, whole."""

import base64
import hashlib
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import structlog

from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.storage.bucket_errors import Refused

if TYPE_CHECKING:
    from assets_app.storage.bucket import BucketStorage

log = structlog.get_logger(__name__)

PART_BYTES: Final = 8 * 1024 * 1024
# Pauses before something is sent again that was damaged on its way, or came while the store still had the one before it.
PAUSES: Final = (0.2, 1.0)
DAMAGED: Final = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"}
MD5: Final = re.compile(r"[0-9a-f]{32}(-\d+)?")
ONLY_NEW: Final = {"IfNoneMatch": "*"}


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


class BucketWriter:
    """Collects parts of 8 MiB. What fits into one is sent at once, at the end; more is a multipart upload.

    It holds two parts at most: the one that is collected, and the one that is sent.
    """

    def __init__(self, store: "BucketStorage", key: str) -> None:
        self._store = store
        self._key = key
        self._name = store.full_key(key)
        self._buffer = bytearray()
        self._size = 0
        self._whole = hashlib.sha256()
        self._md5s: list[bytes] = []  # of each part
        self._sha256s: list[bytes] = []
        self._parts: list[dict[str, Any]] = []  # as the store acknowledged them
        self._upload_id = ""
        self._is_begun = False
        self._may_be_double = False

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        self._size += len(view)
        self._whole.update(view)
        while len(self._buffer) + len(view) > PART_BYTES:
            room = PART_BYTES - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]
            self._put_part()
        self._buffer += view

    def finish(self) -> None:
        """Returns when the object is in the store and is what was written.

        Raises:
            StoreUnavailable: it is not, or cannot be known to be. `abort` takes back what there is.
        """
        if self._upload_id:
            self._put_part()
            self._complete()
        else:
            self._put()
        if not self._is_there():
            log.error("store_kept_other_bytes", key=self._key, size=self._size)
            raise StoreUnavailable

    def abort(self) -> None:
        """Take back what was begun. What the store does not let go now, `remove` can take later."""
        self._buffer = bytearray()
        if not self._is_begun:
            return
        with suppress(StoreUnavailable):  # a store that does not answer is not asked again
            with suppress(Refused):
                self._store.drop_uploads(self._key)
            self._store.drop_object(self._key)

    # --- sending -----------------------------------------------------------------------------------------------------

    def _put(self) -> None:
        data = self._take_part()
        fields = self._store.object_fields(self._name) | self._digests()
        self._send(lambda: self._store.ask_with("put_object", Key=self._name, Body=data, condition=ONLY_NEW, **fields))

    def _begin(self) -> None:
        self._is_begun = True
        fields = self._store.object_fields(self._name)
        checksum = {"ChecksumAlgorithm": "SHA256"}
        answer = self._store.ask_with("create_multipart_upload", Key=self._name, checksum=checksum, **fields)
        self._upload_id = answer["UploadId"]
        self._may_be_double = answer["ResponseMetadata"].get("RetryAttempts", 0) > 0

    def _put_part(self) -> None:
        if not self._upload_id:
            self._begin()
        data = self._take_part()
        place: dict[str, Any] = {"Key": self._name, "UploadId": self._upload_id, "PartNumber": len(self._md5s)}
        answer = self._send(lambda: self._store.ask_with("upload_part", Body=data, **place, **self._digests()))
        # The end names the checksums of those parts of which the store took one.
        known = {name: answer[name] for name in ("ETag", "ChecksumSHA256") if name in answer}
        self._parts.append({"PartNumber": len(self._md5s)} | known)

    def _complete(self) -> None:
        place: dict[str, Any] = {"Key": self._name, "UploadId": self._upload_id, "MultipartUpload": {"Parts": self._parts}}
        self._send(lambda: self._store.ask_with("complete_multipart_upload", condition=ONLY_NEW, **place))
        if self._may_be_double:  # the answer to the beginning was lost once, and with it the name of another upload
            self._store.drop_uploads(self._key)

    def _take_part(self) -> bytes:
        data = bytes(self._buffer)
        self._buffer = bytearray()
        self._is_begun = True
        self._md5s.append(_md5(data))
        self._sha256s.append(_sha256(data))
        return data

    def _digests(self) -> dict[str, Any]:
        """Of the part that was taken last: its md5, which every store checks, and its sha256, which some do not know."""
        checksum = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _base64(self._sha256s[-1])}
        return {"ContentMD5": _base64(self._md5s[-1]), "checksum": checksum}

    def _send(self, attempt: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Send until it is taken. That something is there already means: it is ours, and the answer to it was lost; or not."""
        pauses = iter(PAUSES)
        while True:
            try:
                return attempt()
            except Refused as refusal:
                is_taken = refusal.status in (409, 412) or refusal.code == "NoSuchUpload"
                if is_taken and self._is_there():
                    return {}
                pause = next(pauses, None)
                if pause is None or not (is_taken or refusal.code in DAMAGED):
                    raise
            time.sleep(pause)

    # --- looking -----------------------------------------------------------------------------------------------------

    def _is_there(self) -> bool:
        """The store has an object under this key, and it is what was written."""
        head = self._store.head(self._key)
        if head is None or head["ContentLength"] != self._size:
            return False
        verdicts = {self._judge_checksum(head), self._judge_etag(head)}
        if verdicts & {True, False} == {True}:
            return True
        return self._is_read_back()

    def _judge_checksum(self, head: dict[str, Any]) -> bool | None:
        """None: the store shows none."""
        shown = str(head.get("ChecksumSHA256", "")).partition("-")[0]
        ours = (_base64(self._whole.digest()), _base64(_sha256(b"".join(self._sha256s))))
        return shown in ours if shown else None

    def _judge_etag(self, head: dict[str, Any]) -> bool | None:
        """None: it is no md5 of these bytes or parts, because the store encrypts with a key of its own or names otherwise."""
        shown = str(head.get("ETag", "")).strip('"')
        is_keyed = str(head.get("ServerSideEncryption", "")).startswith("aws:kms") or "SSECustomerAlgorithm" in head
        if is_keyed or not MD5.fullmatch(shown):
            return None
        count = len(self._md5s)
        ours = f"{_md5(b''.join(self._md5s)).hex()}-{count}" if self._upload_id else self._md5s[0].hex()
        return shown == ours

    def _is_read_back(self) -> bool:
        digest = hashlib.sha256()
        try:
            for piece in self._store.read_range(self._key, 0, self._size):
                digest.update(piece)
        except BytesMissing:
            return False
        return digest.digest() == self._whole.digest()
