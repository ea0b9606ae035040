"""Reading bytes again, and replacing wrong ones, as long as whoever asked for it waits."""

import time
from collections import Counter

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest

from assets_app.admin.telling import DONE, chosen_of, each, tell
from assets_app.errors import StoreUnavailable
from assets_app.models import Blob
from assets_app.operations.verification import repair_blob, verify_blob

SECONDS = 20.0


def verify_now(request: HttpRequest, blobs: QuerySet[Blob]) -> None:
    """Every chosen blob once, until the time is over. Tells how many are right and how many are wrong."""
    ends = time.monotonic() + SECONDS
    found: Counter[str] = Counter()
    away: dict[str, str] = {}
    chosen, total = chosen_of(blobs.order_by("verified_at", "pk"))
    for blob in chosen:
        if found["right"] + found["wrong"] and time.monotonic() > ends:
            break
        found[_verify(blob, away)] += 1
    late = total - found.total()
    if found["right"]:
        messages.success(request, f"The bytes of {_files(found['right'])} were read again, and are right.")
    if found["wrong"]:
        told = (
            f"The bytes of {_files(found['wrong'])} are wrong or gone. Repair from another copy, or upload the same file again."
        )
        messages.error(request, told)
    for message in away.values():
        messages.warning(request, f"{message} {_files(found['away'])} not read; that says nothing about the bytes.")
    if late:
        messages.warning(request, f"{_files(late)} not read: that takes too long. Do it again: they come first then.")


def _verify(blob: Blob, away: dict[str, str]) -> str:
    """`right`, `wrong`, or `away`; a store that does not answer is asked once."""
    if blob.store in away:
        return "away"
    try:
        return "right" if verify_blob(blob) else "wrong"
    except StoreUnavailable as failure:
        away[blob.store] = failure.message
        return "away"


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
