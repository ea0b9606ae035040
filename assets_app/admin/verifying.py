"""Reading bytes again, and replacing wrong ones, as long as whoever asked for it waits."""

import time

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from assets_app.admin.telling import DONE, each, tell
from assets_app.errors import StoreUnavailable
from assets_app.models import Blob
from assets_app.operations.verification import repair_blob, verify_blob

SECONDS = 20.0


def verify_now(request: HttpRequest, blobs: QuerySet[Blob]) -> None:
    """Every chosen blob once, until the time is over. Tells how many are right and how many are wrong."""
    ends = time.monotonic() + SECONDS
    right, wrong, away, unread = 0, 0, "", 0
    for blob in blobs.order_by("verified_at", "pk").iterator(chunk_size=200):
        if (right or wrong) and time.monotonic() > ends:
            unread = blobs.count() - right - wrong
            break
        try:
            is_right = verify_blob(blob)
        except StoreUnavailable as failure:
            away = failure.message
            break
        right, wrong = right + is_right, wrong + (not is_right)
    if right:
        messages.success(request, f"The bytes of {_files(right)} were read again, and are right.")
    if wrong:
        told = f"The bytes of {_files(wrong)} are wrong or gone. Repair from another copy, or upload the same file again."
        messages.error(request, told)
    if away:
        messages.warning(request, f"{away} Nothing more was read; that says nothing about the bytes.")
    if unread:
        messages.warning(request, f"{_files(unread)} not read: it takes too long to do at once. Do it again: those come first.")


def repair_now(request: HttpRequest, blobs: QuerySet[Blob]) -> None:
    """Those that were found damaged, from whatever other copy there is."""
    tally = each(blobs.order_by("pk"), _repair)
    tell(request, tally, one="file", many="files", done="repaired from another copy")


def _repair(blob: Blob) -> str:
    if blob.damaged_at is None:
        return "nothing is known to be wrong with them. Verify the bytes first, if you doubt it."
    if repair_blob(blob):
        return DONE
    return "there is no other copy of these bytes anywhere. Upload the same file again, and it takes their place."


def _files(number: int) -> str:
    return f"{number:,} file{'' if number == 1 else 's'}"
