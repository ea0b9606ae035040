"""Objects in an S3-compatible store: read by ranges, removed, listed. Writing is `assets_app.storage.bucket_writer`'s.

The store is not believed on its word: what it answers is compared with what was asked, and an object counts as written only
when it was seen to be whole. Every failure comes out as `StoreUnavailable` or `BytesMissing`, without addresses or secrets.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from threading import Lock
from typing import Any, Final

import structlog
from botocore.config import Config
from django.core.files import File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name, to_bytes

from assets_app.errors import BytesMissing, StoreUnavailable
from assets_app.storage import CHUNK_BYTES
from assets_app.storage.bucket_errors import UNANSWERED, Refused, told_in_our_words
from assets_app.storage.bucket_writer import BucketWriter

log = structlog.get_logger(__name__)

CONNECT_SECONDS: Final = 5
# Of each request, the first one included; the pauses between them are the library's: random, up to 1 s and up to 2 s.
ATTEMPTS: Final = 3
READ_ATTEMPTS: Final = 3
# Kept open at most; more threads at once make more for themselves.
CONNECTIONS: Final = 64
MAKING: Final = Lock()
CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/")
# What may be left away, in this order, for a store that does not know it: (conditions, checksums).
DIALECTS: Final = ((True, True), (False, True), (True, False), (False, False))


class BucketStorage(S3Storage):  # type: ignore[misc]  # django-storages has no types
    """An `ObjectStore`, and a Django storage, in one bucket or in a folder (`location`) of one.

    Requests end: connecting after 5 s, waiting for the next bytes after `timeout_seconds`; each is sent at most three times.
    All threads of a process share one client, which is made for it; one for each of them would take 18 MB a thread.
    """

    def __init__(self, *, timeout_seconds: float = 30, **options: Any) -> None:
        config = Config(
            connect_timeout=min(CONNECT_SECONDS, timeout_seconds),
            read_timeout=timeout_seconds,
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            # The library's default trailing checksums break stores other than Amazon's. Ours are sent as plain headers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            signature_version="s3v4",
        )
        super().__init__(**{"file_overwrite": False, "client_config": config} | options)
        self._dialect = 0
        self._client: Any = None

    @property
    def client(self) -> Any:
        with MAKING:
            if self._client is None:
                self._client = self._create_session().client(
                    "s3",
                    region_name=self.region_name,
                    use_ssl=self.use_ssl,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                    verify=self.verify,
                )
                self._client.meta.events.register_last("before-call.s3", _without_waiting)
        return self._client

    @property
    def bucket(self) -> Any:
        """For `open`. Of this thread: the base class would give the first thread's to all, and these are not made for that."""
        return self.connection.Bucket(self.bucket_name)

    # --- asking ------------------------------------------------------------------------------------------------------

    def full_key(self, key: str) -> str:
        """The key inside the bucket."""
        full: str = self._normalize_name(clean_name(key))
        return full

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        """One request, repeated where that can help.

        Raises:
            Refused: the store's last answer is an error.
            StoreUnavailable: there is no answer.
        """
        with told_in_our_words(operation):
            answer: dict[str, Any] = getattr(self.client, operation)(Bucket=self.bucket_name, **params)
        return answer

    def ask_with(
        self, operation: str, *, condition: dict[str, Any] | None = None, checksum: dict[str, Any] | None = None, **params: Any
    ) -> dict[str, Any]:
        """`ask`, but what a store refuses to know is left away, from then on for as long as this process lives."""
        asked, refusal = [], None
        for dialect in range(self._dialect, len(DIALECTS)):
            conditions, checksums = DIALECTS[dialect]
            extra = (condition or {} if conditions else {}) | (checksum or {} if checksums else {})
            if extra in asked:
                continue
            asked.append(extra)
            try:
                answer = self.ask(operation, **params, **extra)
            except Refused as error:
                if not error.is_foreign:
                    raise
                refusal = refusal or error
            else:
                if dialect > self._dialect:
                    log.warning("store_speaks_otherwise", operation=operation, conditions=conditions, checksums=checksums)
                    self._dialect = dialect
                return answer
        raise refusal or StoreUnavailable

    def head(self, key: str) -> dict[str, Any] | None:
        """What the store knows of the object, checksums included; None if there is none."""
        try:
            return self.ask_with("head_object", Key=self.full_key(key), checksum={"ChecksumMode": "ENABLED"})
        except Refused as refusal:
            if refusal.is_missing:
                return None
            raise

    # --- an ObjectStore ----------------------------------------------------------------------------------------------

    def object_fields(self, name: str) -> dict[str, Any]:
        """What every new object is given: its media type, and what `AWS_S3_OBJECT_PARAMETERS` says."""
        fields: dict[str, Any] = self._get_write_parameters(name)
        return fields

    def open_writer(self, key: str) -> BucketWriter:
        return BucketWriter(self, key)

    def read_range(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in pieces of at most 1 MiB, with one request if nothing goes wrong.

        Where an answer breaks off, or is another than was asked for, the rest is asked for again, twice at most, and only of
        the object that the first bytes came from.

        Raises:
            BytesMissing: the object is missing, or shorter than `stop`.
            StoreUnavailable: the store did not give them, or the object changed meanwhile.
        """
        name, etag = self.full_key(key), ""
        for _ in range(READ_ATTEMPTS):
            if start >= stop:
                return
            answer = self._ask_for_range(name, start, stop, etag)
            if answer is None:
                continue
            etag = answer["ETag"]
            for piece in _pieces(answer["Body"], stop - start):
                start += len(piece)
                yield piece
        if start >= stop:
            return
        size = self.size_of(key)
        if size is None or size < stop:
            raise _missing(key)
        raise StoreUnavailable

    def _ask_for_range(self, name: str, start: int, stop: int, etag: str) -> dict[str, Any] | None:
        """An answer that says to be exactly what was asked for, else None."""
        same: dict[str, Any] = {"IfMatch": etag} if etag else {}
        try:
            answer = self.ask("get_object", Key=name, Range=f"bytes={start}-{stop - 1}", **same)
        except Refused as refusal:
            if refusal.is_missing or refusal.status == 416:
                raise _missing(name) from refusal
            raise
        stated = CONTENT_RANGE.match(answer.get("ContentRange", ""))
        is_right = stated is not None and (int(stated[1]), int(stated[2])) == (start, stop - 1)
        # Without a length nobody could tell an answer that broke off from one that ended.
        if is_right and answer.get("ContentLength") == stop - start and etag in ("", answer.get("ETag")) and answer.get("ETag"):
            return answer
        answer["Body"].close()
        log.warning("store_answered_otherwise", operation="get_object")
        return None

    def remove(self, key: str) -> None:
        """Uploads first: one that is completed at this moment is then an object, which goes after them."""
        self.drop_uploads(key)
        self.drop_object(key)

    def drop_object(self, key: str) -> None:
        try:
            self.ask("delete_object", Key=self.full_key(key))
        except Refused as refusal:
            if not refusal.is_missing:
                raise

    def drop_uploads(self, key: str) -> None:
        """Take back every multipart upload of this key."""
        name = self.full_key(key)
        for upload in self._uploads(name):
            if upload["Key"] == name:
                try:
                    self.ask("abort_multipart_upload", Key=name, UploadId=upload["UploadId"])
                except Refused as refusal:
                    if refusal.code != "NoSuchUpload":
                        raise

    def size_of(self, key: str) -> int | None:
        head = self.head(key)
        if head is None:
            self.ask("head_bucket")  # a bucket that is not there, or not ours to see, is no missing object
            return None
        return int(head["ContentLength"])

    def keys(self) -> Iterator[str]:
        prefix = f"{self.location.rstrip('/')}/" if self.location else ""
        begun = {upload["Key"] for upload in self._uploads(prefix)}
        yield from (name.removeprefix(prefix) for name in sorted(begun))
        for item in self._listed("list_objects_v2", "Contents", Prefix=prefix):
            if item["Key"] not in begun:
                yield item["Key"].removeprefix(prefix)

    def _uploads(self, prefix: str) -> Iterator[dict[str, Any]]:
        try:
            yield from self._listed("list_multipart_uploads", "Uploads", Prefix=prefix)
        except Refused as refusal:
            if refusal.status != 501:  # a store that cannot list them has to forget them by itself
                raise

    def _listed(self, operation: str, field: str, **params: Any) -> Iterator[dict[str, Any]]:
        with told_in_our_words(operation):
            pages = iter(self.client.get_paginator(operation).paginate(Bucket=self.bucket_name, **params))
        while True:
            with told_in_our_words(operation):
                page = next(pages, None)
            if page is None:
                return
            yield from page.get(field, [])

    def presigned_url(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str:
        """An address from which anyone can read the object, for so many seconds; the answer has these two headers."""
        return self.url(key, {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}, seconds)

    # --- a Django storage --------------------------------------------------------------------------------------------

    def _save(self, name: str, content: "File[bytes]") -> str:
        writer = self.open_writer(name)
        try:
            for piece in content.chunks(CHUNK_BYTES):
                writer.write(to_bytes(piece))
            writer.finish()
        except BaseException:
            writer.abort()
            raise
        cleaned: str = clean_name(name)
        return cleaned

    def delete(self, name: str) -> None:
        self.remove(name)

    def exists(self, name: str) -> bool:
        return self.size_of(name) is not None

    def size(self, name: str) -> int:
        size = self.size_of(name)
        if size is None:
            raise FileNotFoundError(name)
        return size

    def url(
        self, name: str, parameters: dict[str, Any] | None = None, expire: int | None = None, http_method: str | None = None
    ) -> str:
        """A signed address. `parameters` are those of S3's GetObject; `expire` is in seconds, an hour if it is not given."""
        params = {"Bucket": self.bucket_name, "Key": self.full_key(name)} | (parameters or {})
        seconds = self.querystring_expire if expire is None else expire
        with told_in_our_words("presign"):
            address: str = self.client.generate_presigned_url(
                "get_object", Params=params, ExpiresIn=seconds, HttpMethod=http_method
            )
        return address


def _without_waiting(model: Any, params: dict[str, Any], **_: Any) -> None:
    """The library would wait for the store to say "go on" before the first byte, and a second if the store does not know that."""
    if model.name == "PutObject":
        params["headers"].pop("Expect", None)


def _pieces(body: Any, wanted: int) -> Iterator[bytes]:
    """At most so many bytes of an answer's body; ends early where it breaks off."""
    with closing(body):
        while wanted:
            try:
                piece: bytes = body.read(min(CHUNK_BYTES, wanted))
            except UNANSWERED as error:
                log.warning("store_broke_off", error=type(error).__name__)
                return
            if not piece:
                return
            wanted -= len(piece)
            yield piece


def _missing(key: str) -> BytesMissing:
    return BytesMissing(f"object {key} is missing or short")
