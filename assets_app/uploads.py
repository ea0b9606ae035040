"""Files of multipart forms: stored while they arrive, before any view is asked.

Nothing waits in memory or in a temporary file. What the view does not keep is discarded when the request ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.db import DatabaseError
from django.http import HttpRequest

from assets_app.errors import HoldfastError, NotAllowed, StoreUnavailable
from assets_app.operations.intake import Intake

log = structlog.get_logger(__name__)


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]  # django's file classes take no parameter at run time
    """A file of a form. `sent_name` is the name as the client sent it; `intake` holds its bytes, or `refusal` says why not."""

    def __init__(self, intake: Intake | None, refusal: HoldfastError | None, *, sent_name: str, size: int) -> None:
        super().__init__(file=None, name="upload", content_type="application/octet-stream", size=size)
        self.intake = intake
        self.refusal = refusal
        self.sent_name = sent_name

    def close(self) -> None:
        """At the end of the request."""
        if self.intake is not None:
            self.intake.discard()


def bytes_of(file: ReceivedFile) -> Intake:
    """What came, if it came whole.

    Raises:
        AssetTooLarge, StorageFull, StoreUnavailable: it is not here, and this is why.
        NotAllowed: nobody was signed in.
    """
    if file.intake is None:
        raise file.refusal or NotAllowed("Sign in, and send the file again.")
    return file.intake


class StoringUploadHandler(FileUploadHandler):
    """Hands the bytes of a file on to an intake. After a refusal they are only counted: views are to answer, not the parser."""

    chunk_size = 256 * 1024

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        self.received = 0
        self.intake: Intake | None = None
        self.refusal: HoldfastError | None = None
        if self._sender_is_known():  # doors refuse all others; nothing of theirs is stored even until then
            with self._refused_later():
                self.intake = Intake()

    def _sender_is_known(self) -> bool:
        request: HttpRequest | None = self.request
        return request is not None and hasattr(request, "user") and request.user.is_authenticated

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.intake is not None:
            with self._refused_later():
                self.intake.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile:
        if self.intake is not None:
            with self._refused_later():
                self.intake.finish()
        intake, self.intake = self.intake, None
        return ReceivedFile(intake, self.refusal, sent_name=self.file_name or "", size=self.received)

    def upload_interrupted(self) -> None:
        intake, self.intake = getattr(self, "intake", None), None
        if intake is not None:
            intake.discard()

    @contextmanager
    def _refused_later(self) -> Iterator[None]:
        try:
            yield
        except HoldfastError as refusal:
            self.intake, self.refusal = None, refusal
        except DatabaseError:
            log.warning("bytes_not_stored", exc_info=True)
            self.intake, self.refusal = None, StoreUnavailable("The hub could not store the file just now. Send it again.")
