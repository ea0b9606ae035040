"""`manage.py move_blobs --to STORE`: bytes change their store while the hub goes on."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.models import Max

from assets_app import storage
from assets_app.errors import HoldfastError
from assets_app.models import Blob
from assets_app.operations.moves import Outcome, blobs_to_move, move_blob, sum_of
from assets_app.progress import MEGABYTE, Progress

AT_ONCE = 500
HOPELESS = 20  # failures in a row: a store is down
INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended
FAILED = "failed"


class Command(BaseCommand):
    help = (
        "Move all bytes to one store, while people upload, read and delete. It can be stopped at any time, and run again for the "
        "rest. New bytes still go to HOLDFAST_BLOB_STORE."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", required=True, choices=storage.STORES, help="The store that all bytes are to be in.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be moved.")
        parser.add_argument("--limit", type=int, metavar="N", help="At most so many blobs; default: all.")
        parser.add_argument("--rate", type=float, default=0.0, metavar="MB_PER_S", help="At most so fast; default: no limit.")

    def handle(self, *_args: Any, to: str, dry_run: bool, limit: int | None, rate: float, **_options: Any) -> None:
        if to not in storage.configured_stores():
            raise CommandError(f"The store {to} is not configured. See docs/settings.md for what it needs.")
        if rate < 0 or (limit is not None and limit < 1):
            raise CommandError("--rate and --limit are numbers above 0. Leave them out for as fast and as many as can be.")
        if to != settings.HOLDFAST_BLOB_STORE:
            self.stderr.write(f"New bytes go on to {settings.HOLDFAST_BLOB_STORE}: set HOLDFAST_BLOB_STORE={to} to change that.")
        count, size = sum_of(blobs_to_move(to=to))
        if dry_run:
            self.stdout.write(f"Would move {count} blobs ({size / MEGABYTE:.1f} MB) to {to}.")
            return
        done: Counter[str] = Counter({str(Outcome.THERE): Blob.objects.filter(store=to, state=Blob.State.LIVE).count()})
        count = count if limit is None else min(count, limit)
        progress = Progress(self.stdout, count=count, size_bytes=size, rate=rate * MEGABYTE)
        try:
            self._move_all(to, limit, progress, done)
        except KeyboardInterrupt:
            progress.clear()
            raise CommandError(f"Stopped; run it again for the rest. {_in_words(done)}", returncode=INTERRUPTED) from None
        progress.clear()
        self.stdout.write(_in_words(done))
        if done[Outcome.DAMAGED] or done[FAILED]:
            raise CommandError("Not everything could be moved. What was not is where it was; run it again for the rest.")

    def _move_all(self, to: str, limit: int | None, progress: Progress, done: Counter[str]) -> None:
        failed_in_a_row = 0
        for number, blob in enumerate(_each(to)):
            if number == limit:
                return
            try:
                outcome: str = move_blob(blob, to=to, on_bytes=progress.add_bytes)
            except (HoldfastError, OSError, DatabaseError) as failure:
                outcome = FAILED
                if isinstance(failure, DatabaseError) and not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
                progress.clear()
                self.stderr.write(f"failed   blob {blob.pk} ({blob}): {failure}")
            if outcome == Outcome.DAMAGED:
                progress.clear()
                self.stderr.write(f"damaged  blob {blob.pk} ({blob}): its bytes in {blob.store} are not what they were")
            done[outcome] += 1
            progress.add_one()
            failed_in_a_row = failed_in_a_row + 1 if outcome == FAILED else 0
            if failed_in_a_row == HOPELESS:
                self.stderr.write(f"The last {HOPELESS} failed: is a store down? The rest is left where it is.")
                return


def _each(to: str) -> Iterator[Blob]:
    """Those that were here at the beginning, each as it is when its turn comes: uploads do not keep the command going."""
    last = Blob.objects.aggregate(last=Max("pk"))["last"] or 0
    seen = 0
    while ids := list(
        blobs_to_move(to=to).filter(pk__gt=seen, pk__lte=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    ):
        for seen in ids:
            if blob := blobs_to_move(to=to).filter(pk=seen).first():
                yield blob


def _in_words(done: Counter[str]) -> str:
    return "Summary: " + ", ".join(
        f"{done[outcome]} {outcome}" for outcome in (Outcome.MOVED, Outcome.THERE, Outcome.DAMAGED, FAILED)
    )
