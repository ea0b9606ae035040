"""What one process of a race for blobs does. Started by `blob_course`; says what it saw as a line of JSON."""

import hashlib
import io
import json
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from assets_app import storage
from assets_app.errors import BytesMissing, QuotaExceeded, StoreUnavailable
from assets_app.models import Asset, Blob, BlobChunk, PendingObject, StorageUse
from assets_app.operations.assets import purge_assets
from assets_app.operations.blobs import condemn_blobs, delete_condemned, sweep_objects
from assets_app.operations.intake import Intake, keep_asset, receive_bytes, store_asset
from assets_app.operations.quotas import set_quota, wrong_uses
from tests.races.blob_course import Seen

AT_ONCE = timedelta(0)
PAUSE = 0.05
USERS = ("anna", "ben")
COMMON = tuple(f"the same bytes {number}\n".encode() * (200 + number) for number in range(4))
LARGE = 5 * 1024 * 1024  # enough that something of it is stored before it is whole
FAR_AHEAD = timedelta(days=10_000)


@dataclass(frozen=True)
class Part:
    role: str
    number: int
    seed: int
    stop: str
    steps: int = 0
    abandoned_seconds: float = 3.0
    max_files: int = 0
    max_bytes: int = 0

    @property
    def is_over(self) -> bool:
        return Path(self.stop).exists()

    def dice(self) -> random.Random:
        return random.Random(f"{self.seed} {self.role} {self.number}")

    def user(self) -> User:
        """Some share one: their uploads meet at its count of files, too."""
        return User.objects.get(username=USERS[self.number % len(USERS)])


class Undone(Exception):
    """Something else in the transaction failed."""


def begin(part: Part, seen: Seen) -> None:
    """Nothing is there, but people."""
    for model in (Asset, Blob, BlobChunk, PendingObject, StorageUse):
        model._default_manager.all().delete()
    for name in USERS:
        User.objects.get_or_create(username=name)


def attach(part: Part, seen: Seen) -> None:
    """Keep, keep and take back, keep and delete."""
    dice, user = part.dice(), part.user()
    for step in range(part.steps):
        if part.is_over:
            return
        data = dice.choice(COMMON) if dice.random() < 0.8 else dice.randbytes(50).hex().encode()
        with _or_busy(seen):
            _attach_one(user, data, seen, undo=step % 16 == 7)
        for _each in range(dice.choice((0, 1, 1, 2))):  # as many as come: again and again the last use of some bytes ends
            with _or_busy(seen):
                delete_one(user, seen, dice)
        time.sleep(dice.random() / 100)  # who waits for SQLite looks only now and then whether it is free


@contextmanager
def _or_busy(seen: Seen) -> Iterator[None]:
    """On SQLite one writes at a time, and who waits is not served in turn: on a crowded machine 20 s may not be enough.
    Users are told to send it again, and nothing was changed. What PostgreSQL breaks off says something else, and is a fault."""
    try:
        yield
    except OperationalError as error:
        if str(error) != "database is locked":
            raise
        seen.counts["busy"] += 1


def _attach_one(user: User, data: bytes, seen: Seen, *, undo: bool) -> None:
    try:
        if undo:
            _store_and_undo(user, data)
        else:
            store_bytes(user, data)
            seen.counts["kept"] += 1
    except Undone:
        seen.counts["undone"] += 1
    except StoreUnavailable:
        seen.counts["refused"] += 1


def store_bytes(user: User, data: bytes) -> None:
    store_asset(io.BytesIO(data), name="note.txt", by=user)


def _store_and_undo(user: User, data: bytes) -> None:
    with receive_bytes(io.BytesIO(data), name="note.txt") as received, transaction.atomic():
        keep_asset(received, by=user)
        raise Undone


def delete_one(user: User, seen: Seen, dice: random.Random) -> None:
    own = Asset.objects.live().filter(owner=user).order_by("pk")
    asset = own.filter(pk__gte=uuid.UUID(int=dice.getrandbits(128))).first() or own.first()
    if asset is None:
        return
    # Not by `delete_asset`: the trash has races of its own, and this one is to spend its time on bytes.
    Asset.objects.filter(pk=asset.pk).update(deleted_at=timezone.now())
    seen.counts["purged"] += purge_assets(now=timezone.now() + FAR_AHEAD)


def collect(part: Part, seen: Seen) -> None:
    """Without any grace for blobs: that they are safe is no question of time."""
    while not part.is_over:
        with _or_busy(seen):
            collect_once(part, seen)
        time.sleep(PAUSE)


def collect_once(part: Part, seen: Seen) -> None:
    seen.counts["condemned"] += condemn_blobs(grace=AT_ONCE)
    seen.counts["deleted"] += delete_condemned(reprieve=AT_ONCE)
    abandoned_for = timedelta(seconds=part.abandoned_seconds)
    seen.counts["swept"] += sweep_objects(abandoned_for=abandoned_for, late_arrival=timedelta(seconds=0.1))


def read(part: Part, seen: Seen) -> None:
    """Whoever has an asset can read it. One that is still there when its bytes could not be had never had them."""
    dice = part.dice()
    while not part.is_over:
        for asset in list(_some(dice)):
            seen.counts["read"] += 1
            if (wrong := _wrong_with(asset)) and Asset.objects.filter(pk=asset.pk).exists():
                seen.faults.append(wrong)
        time.sleep(PAUSE)


def _some(dice: random.Random) -> "list[Asset]":
    ordered = Asset.objects.select_related("blob").filter(pk__gte=uuid.UUID(int=dice.getrandbits(128))).order_by("pk")
    return list(ordered[:10])


def _wrong_with(asset: Asset) -> str:
    digest = hashlib.sha256()
    try:
        for piece in storage.iter_object(asset.blob.store, asset.blob.key, 0, asset.blob.size_bytes):
            digest.update(piece)
    except BytesMissing as missing:
        return f"an asset without bytes: {asset.pk}: {missing}"
    return "" if digest.hexdigest() == asset.blob.sha256 else f"an asset with other bytes: {asset.pk}"


def be_slow(part: Part, seen: Seen) -> None:
    """Uploads that take longer than they may: one pauses while it writes, one before it is kept. Both must be told."""
    for _round in range(part.steps):
        for is_whole in (True, False):
            try:
                with _or_busy(seen):
                    _send_slowly(part, is_whole=is_whole)
                    seen.faults.append("what had been given up was kept")
            except StoreUnavailable:
                seen.counts["too slow"] += 1


def _send_slowly(part: Part, *, is_whole: bool) -> None:
    intake = Intake()
    intake.write(os.urandom(LARGE).hex().encode())
    if is_whole:
        intake.finish()
    while PendingObject.objects.filter(key=intake.key, state=PendingObject.State.NEW).exists():
        time.sleep(PAUSE)
    if not is_whole:
        intake.write(os.urandom(LARGE).hex().encode())
        intake.finish()
    store_asset(intake, name="slow.txt", by=part.user())


def die(part: Part, seen: Seen) -> None:
    """Killed while it writes, or while it keeps what it has written. Who is too slow, and is told so, begins anew."""
    while True:
        with suppress(StoreUnavailable), _or_busy(seen):
            intake = Intake()
            intake.write(os.urandom(LARGE).hex().encode())
            if not part.number % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            intake.finish()
            with receive_bytes(intake, name="dead.txt") as received, transaction.atomic():
                keep_asset(received, by=part.user())
                os.kill(os.getpid(), signal.SIGKILL)


def settle(part: Part, seen: Seen) -> None:
    """When all is quiet: everything that nobody uses goes, and nothing else."""
    condemn_blobs(grace=AT_ONCE)
    delete_condemned(reprieve=AT_ONCE)
    for _first_and_second in range(2):
        sweep_objects(abandoned_for=AT_ONCE, late_arrival=AT_ONCE)
    assets = Asset.objects.select_related("blob")
    seen.counts["assets"] = assets.count()
    seen.faults += [wrong for asset in assets.iterator(chunk_size=500) if (wrong := _wrong_with(asset))]
    named = set(Blob.objects.filter(store=storage.current_store()).values_list("key", flat=True))
    there = set(storage.object_store(storage.current_store()).keys())
    seen.counts["objects"] = len(there)
    seen.faults += [f"an object that nothing names: {key}" for key in there - named]
    seen.faults += [f"a blob without an object: {key}" for key in named - there]
    seen.faults += [f"still pending: {pending.key} ({pending.state})" for pending in PendingObject.objects.all()]
    seen.faults += [f"a blob that nobody uses: {blob}" for blob in Blob.objects.unused_since(timezone.now())]
    seen.faults += [f"a wrong count of what somebody keeps: {wrong}" for wrong in wrong_uses()]


def limit(part: Part, seen: Seen) -> None:
    """Everybody may keep so much and no more."""
    for name in USERS:
        set_quota(user=User.objects.get(username=name), max_bytes=part.max_bytes, max_files=part.max_files)


def press(part: Part, seen: Seen) -> None:
    """Eight clients of one user who send until they are refused, each three times."""
    user = User.objects.get(username=USERS[0])
    pressing = [Thread(target=guarded, args=(_press, user, seen)) for _client in range(8)]
    for thread in pressing:
        thread.start()
    for thread in pressing:
        thread.join()


def _press(user: User, seen: Seen) -> None:
    refusals = 0
    while refusals < 3:
        with receive_bytes(io.BytesIO(os.urandom(500).hex().encode()), name="press.txt") as received:
            try:
                keep_asset(received, by=user)
                seen.counts["kept"] += 1
            except QuotaExceeded:
                refusals += 1
                seen.counts["refused"] += 1
        use = StorageUse.objects.get(user=user)
        assert use.max_bytes is not None
        assert use.max_files is not None
        if use.bytes > use.max_bytes or use.files > use.max_files:
            seen.faults.append(f"more than may be: {use.bytes} bytes, {use.files} files")


def guarded(work: Callable[[Any, Seen], None], told: Any, seen: Seen) -> None:
    """What a thread does: what breaks it off is a fault."""
    try:
        work(told, seen)
    except Exception as error:
        seen.faults.append(repr(error))
    finally:
        connection.close()


ROLES: dict[str, Callable[[Part, Seen], None]] = {
    work.__name__: work for work in (begin, attach, collect, read, be_slow, die, settle, limit, press)
}


def main() -> None:
    part, seen = Part(**json.loads(sys.argv[1])), Seen()
    try:
        ROLES[part.role](part, seen)
    except Exception as error:  # whatever it is: a user would have met it
        seen.faults.append(f"{part.role}: {error!r}")
    sys.stdout.write(json.dumps({"counts": seen.counts, "faults": seen.faults}) + "\n")
