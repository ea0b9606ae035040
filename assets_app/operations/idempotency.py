"""One effect for one `Idempotency-Key`: the answer is stored in the transaction of the effect, and given again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from assets_app.errors import InvalidInput, KeyReused
from assets_app.models import IdempotencyKey

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def once(*, key: str, request_sha256: str, by: "User", perform: Callable[[], Answer]) -> Answer:
    """What `perform` answers; what it answered before, if this key has been here with this request.

    The second of two at once waits for the first. What `perform` raises undoes everything, the key too.

    Raises:
        InvalidInput: not a key.
        KeyReused: the key came with another request before.
    """
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise InvalidInput("An Idempotency-Key has 1 to 255 printable ASCII characters.", field="Idempotency-Key")
    with transaction.atomic():
        if not _claim(key, request_sha256, by):
            return _stored(key, request_sha256, by)
        answer = perform()
        IdempotencyKey.objects.filter(user=by, key=key).update(status=answer.status, headers=answer.headers, body=answer.body)
    return answer


def answered(*, key: str, request_sha256: str, by: "User") -> Answer | None:
    """What was answered before, if this key has been here with this request.

    Raises:
        KeyReused: the key came with another request before.
    """
    known = IdempotencyKey.objects.filter(user=by, key=key).exclude(status=0).exists()
    return _stored(key, request_sha256, by) if known else None


def prune_keys() -> int:
    old = timezone.now() - timedelta(days=settings.HOLDFAST_IDEMPOTENCY_DAYS)
    return IdempotencyKey.objects.filter(created_at__lt=old).delete()[0]


def _claim(key: str, request_sha256: str, by: "User") -> bool:
    """Is it ours? The database lets another wait here until the first is through."""
    draft = IdempotencyKey(user=by, key=key, request_sha256=request_sha256)
    IdempotencyKey.objects.bulk_create([draft], ignore_conflicts=True)
    # Nobody sees an unfinished row but the transaction that made it, so a row without a status is ours.
    return IdempotencyKey.objects.filter(user=by, key=key, status=0, created_at=draft.created_at).exists()


def _stored(key: str, request_sha256: str, by: "User") -> Answer:
    stored = IdempotencyKey.objects.get(user=by, key=key)
    if stored.request_sha256 != request_sha256:
        raise KeyReused("This Idempotency-Key came with another request before. Take a new key for every new request.")
    return Answer(stored.status, stored.headers, bytes(stored.body))
