"""How much somebody keeps here, and whether it may be more.

The limit is in the UPDATE: racing uploads cannot pass it together.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Coalesce, Greatest

from assets_app.errors import QuotaExceeded
from assets_app.models import Asset, StorageUse

if TYPE_CHECKING:
    from django.contrib.auth.models import User

NO_LIMIT = 2**62


def take_space(*, user: "User", size_bytes: int, beyond_quota: bool = False) -> None:
    """Count one more file of `user`, in the transaction that keeps it.

    Args:
        beyond_quota: what the hub made for them itself is counted, but never refused.

    Raises:
        QuotaExceeded: it would be more than they may keep; nothing is counted.
    """
    rows = StorageUse.objects.filter(user=user)
    if not rows.exists():
        StorageUse.objects.bulk_create([StorageUse(user=user)], ignore_conflicts=True)
    within = Q() if beyond_quota else Q(bytes__lte=_max_bytes() - size_bytes, files__lte=_max_files() - 1)
    if not rows.filter(within).update(bytes=F("bytes") + size_bytes, files=F("files") + 1):
        raise _exceeded(rows.get(), size_bytes)


def give_back_space(*, user: "User", size_bytes: int) -> None:
    """Count one file less. What is noted may be wrong (see `wrong_uses`); that must not keep anything from being deleted."""
    StorageUse.objects.filter(user=user).update(bytes=Greatest(F("bytes") - size_bytes, 0), files=Greatest(F("files") - 1, 0))


def check_space(*, user: "User", size_bytes: int) -> None:
    """Before anything is kept: would it fit now? `take_space` has the last word.

    Raises:
        QuotaExceeded: it would not.
    """
    use = use_of(user)
    max_bytes, max_files = limits_of(use)
    if (max_bytes is not None and use.bytes + size_bytes > max_bytes) or (max_files is not None and use.files + 1 > max_files):
        raise _exceeded(use, size_bytes)


def use_of(user: "User") -> StorageUse:
    return StorageUse.objects.filter(user=user).first() or StorageUse(user=user)


def limits_of(use: StorageUse) -> tuple[int | None, int | None]:
    """How many bytes and files somebody may keep; None: any number."""
    default_bytes = settings.HOLDFAST_QUOTA_MB * 1024 * 1024 or None
    default_files = settings.HOLDFAST_QUOTA_FILES or None
    return (
        default_bytes if use.max_bytes is None else use.max_bytes,
        default_files if use.max_files is None else use.max_files,
    )


def set_quota(*, user: "User", max_bytes: int | None, max_files: int | None) -> StorageUse:
    """Give somebody another limit than everybody's; None: everybody's."""
    with transaction.atomic():
        StorageUse.objects.bulk_create([StorageUse(user=user)], ignore_conflicts=True)
        StorageUse.objects.filter(user=user).update(max_bytes=max_bytes, max_files=max_files)
    return StorageUse.objects.get(user=user)


def wrong_uses() -> Iterator[tuple[str, int, int]]:
    """Users whose noted use is not the sum of what they keep: name, and the right numbers."""
    noted = {row.user_id: (row.bytes, row.files) for row in StorageUse.objects.all()}
    kept = {
        row["owner"]: (row["size"], row["files"])
        for row in Asset.objects.order_by().values("owner").annotate(size=Sum("blob__size_bytes"), files=Count("pk"))
    }
    names = get_user_model().objects.in_bulk([*noted, *kept])
    for user in sorted(noted.keys() | kept.keys()):
        right = kept.get(user, (0, 0))
        if noted.get(user, (0, 0)) != right:
            yield names[user].get_username(), *right


def repair_uses() -> None:
    """Count anew, while people upload and delete."""
    for name, _size, _files in list(wrong_uses()):
        user = get_user_model().objects.get_by_natural_key(name)
        with transaction.atomic():
            # Summed while the row is held: who adds or removes a file at this moment has to wait, and counts on from there.
            StorageUse.objects.bulk_create([StorageUse(user=user)], ignore_conflicts=True)
            StorageUse.objects.select_for_update().get(user=user)
            kept = Asset.objects.filter(owner=user).aggregate(size=Sum("blob__size_bytes"), files=Count("pk"))
            StorageUse.objects.filter(user=user).update(bytes=kept["size"] or 0, files=kept["files"])


def _max_bytes() -> Coalesce:
    return Coalesce(F("max_bytes"), Value(settings.HOLDFAST_QUOTA_MB * 1024 * 1024 or NO_LIMIT))


def _max_files() -> Coalesce:
    return Coalesce(F("max_files"), Value(settings.HOLDFAST_QUOTA_FILES or NO_LIMIT))


def _exceeded(use: StorageUse, size_bytes: int) -> QuotaExceeded:
    max_bytes, max_files = limits_of(use)
    if max_files is not None and use.files + 1 > max_files:
        words = f"You keep {use.files} files; {max_files} is the most."
    else:
        words = f"You keep {use.bytes} bytes, and {max_bytes} is the most; this file has {size_bytes}."
    return QuotaExceeded(
        f"{words} Delete what is not needed any more, or ask staff for more room. What is in the trash counts, too.",
        used_bytes=use.bytes,
        max_bytes=max_bytes,
        used_files=use.files,
        max_files=max_files,
    )
