"""What an S3-compatible store answers when it does not do what it was asked, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from assets_app.errors import StoreUnavailable

log = structlog.get_logger(__name__)

UNANSWERED: Final = (BotoCoreError, HTTPError, OSError)
# Answers that belong to the work. All others are told to the operator.
ORDINARY: Final = {404, 409, 412, 416, 501}


class Refused(StoreUnavailable):
    """The store answered, with an error: `code` in its words ("404" and the like where it sent none), `status` as in HTTP."""

    def __init__(self, error: ClientError) -> None:
        super().__init__()
        self.code = str(error.response.get("Error", {}).get("Code", ""))
        self.status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))

    @property
    def is_missing(self) -> bool:
        """The object is missing: not the bucket, which would be a mistake in the settings."""
        return self.status == 404 and self.code not in ("NoSuchBucket", "NoSuchUpload")

    @property
    def is_foreign(self) -> bool:
        """The store may not know a header that was sent. A refused HEAD has no words of its own: "400"."""
        return self.status == 501 or self.code in ("NotImplemented", "InvalidArgument", "400")


@contextmanager
def told_in_our_words(operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        refused = Refused(error)
        if refused.status not in ORDINARY:
            log.warning("store_refused", operation=operation, status=refused.status, code=refused.code)
        raise refused from error
    except UNANSWERED as error:
        log.warning("store_unavailable", operation=operation, error=type(error).__name__)
        raise StoreUnavailable from error
