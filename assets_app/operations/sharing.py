"""Who may see an asset beside its owner: users it is shared with, whoever has a link, and everybody if it is published."""

import base64
import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from assets_app.errors import InvalidInput, NotFound
from assets_app.models import Asset, AssetShare, ShareLink
from assets_app.names import shown
from assets_app.operations.assets import hold_asset, tell

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LONGEST_DAYS = 365
# How long somebody who opened a link may go on reading: long enough to watch a video to its end.
PASS_LASTS = timedelta(hours=6)
_signer = signing.TimestampSigner(salt="holdfast.share-link.pass")
CLOSED = "This link leads nowhere: it is mistyped, has expired, was used up, or was taken back. Ask for a new one."


def share_asset(*, asset: Asset, with_user: str, by: "User") -> AssetShare:
    """Let somebody see the asset. Said twice, nothing changes.

    Raises:
        NotFound, NotAllowed: it is gone, or not the caller's to share.
        NotFound: there is no user of that name.
        InvalidInput: it is their own.
    """
    with transaction.atomic():
        held = hold_asset(asset, by=by)
        user = get_user_model().objects.filter(username=with_user, is_active=True).first()
        if user is None:
            raise NotFound(f"There is nobody here by the name of {shown(with_user)!r}. Check the spelling.", field="user")
        if user.pk == held.owner_id:
            raise InvalidInput(f"{user.get_username()} owns this asset already.", field="user")
        share, is_new = AssetShare.objects.get_or_create(asset=held, user=user, defaults={"shared_by": by})
        if is_new:
            tell(held, "shared", share.shared_at)
    return share


def unshare_asset(*, asset: Asset, with_user: str, by: "User") -> bool:
    """From now on that user sees it no more. False if it was not shared with them.

    Raises:
        NotFound, NotAllowed: it is gone, or not the caller's to share.
    """
    with transaction.atomic():
        held = hold_asset(asset, by=by)
        removed = AssetShare.objects.filter(asset=held, user__username=with_user).delete()[0]
        if removed:
            tell(held, "unshared", timezone.now())
    return bool(removed)


def create_link(
    *, asset: Asset, by: "User", days: float = 7, max_uses: int | None = None, now: datetime | None = None
) -> tuple[ShareLink, str]:
    """A link and the secret part of its address, which is nowhere kept.

    Raises:
        NotFound, NotAllowed: it is gone, or not the caller's to share.
        InvalidInput: no such time, or no such number of uses.
    """
    if not 0 < days <= LONGEST_DAYS:
        raise InvalidInput(f"A link lasts for more than 0 and at most {LONGEST_DAYS} days.", field="days")
    if max_uses is not None and not 1 <= max_uses <= 1_000_000:
        raise InvalidInput(
            "A link can be used 1 to 1,000,000 times, or any number of times if that is left out.", field="maxUses"
        )
    own_id = uuid.uuid4()
    with transaction.atomic():
        held = hold_asset(asset, by=by, permission="add_sharelink")
        link = ShareLink.objects.create(
            uuid=own_id,
            asset=held,
            digest=_digest(secret_of(own_id)),
            created_by=by,
            expires_at=(now or timezone.now()) + timedelta(days=days),
            max_uses=max_uses,
        )
        tell(held, "link made", link.created_at)
    return link, secret_of(own_id)


def secret_of(link_id: uuid.UUID) -> str:
    """The secret part of a link's address: no row holds it, and without the hub's own secret it cannot be had from any."""
    mac = salted_hmac("holdfast.share-link.address", link_id.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac[:24]).decode()


def revoke_link(*, link: ShareLink, by: "User") -> bool:
    """Take it back: from now on it opens nothing, not even for those who opened it before. False if that was done already.

    Raises:
        NotFound, NotAllowed: the asset is gone, or not the caller's to share.
    """
    with transaction.atomic():
        held = hold_asset(link.asset, by=by, permission="change_sharelink")
        revoked = ShareLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            tell(held, "link revoked", timezone.now())
    return bool(revoked)


def find_link(secret: str) -> ShareLink:
    """The link of this address, if it can still be used. Looking counts nothing.

    Raises:
        NotFound: it cannot.
    """
    usable = ShareLink.objects.open_at(timezone.now()).unspent()
    link = usable.filter(digest=_digest(secret)).select_related("asset__blob", "created_by").first()
    if link is None:
        raise NotFound(CLOSED)
    return link


def use_link(secret: str) -> str:
    """Count one use, and give a pass with which the bytes can be read for a while, in as many parts as it takes.

    Raises:
        NotFound: it cannot be used, or not any more. Of users who race for the last use, one gets it.
    """
    now = timezone.now()
    # The conditions stand in the UPDATE itself: the database counts.
    usable = ShareLink.objects.filter(digest=_digest(secret), revoked_at=None, expires_at__gt=now).unspent()
    if not usable.filter(asset__in=Asset.objects.live()).update(uses=F("uses") + 1, last_used_at=now):
        raise NotFound(CLOSED)
    return _signer.sign(_digest(secret)[:16])


def linked_asset(secret: str, pass_: str) -> Asset:
    """What the link shows to somebody with a pass.

    Raises:
        NotFound: the link was taken back or has expired, or the pass is not one of this link or too old.
    """
    digest = _digest(secret)
    try:
        if not secrets.compare_digest(_signer.unsign(pass_, max_age=PASS_LASTS), digest[:16]):
            raise NotFound(CLOSED)
    except signing.BadSignature:
        raise NotFound(CLOSED) from None
    link = ShareLink.objects.open_at(timezone.now()).filter(digest=digest).select_related("asset__blob").first()
    if link is None:
        raise NotFound(CLOSED)
    return link.asset


def publish_asset(*, asset: Asset, by: "User") -> Asset:
    """From now on anybody may read its bytes at the address of their digest. Said twice, nothing changes.

    Raises:
        NotFound, NotAllowed: it is gone, or not the caller's.
    """
    return _set_published(asset, timezone.now(), "published", by=by)


def unpublish_asset(*, asset: Asset, by: "User") -> Asset:
    """The address leads nowhere any more; copies that others made meanwhile stay theirs.

    Raises:
        NotFound, NotAllowed: it is gone, or not the caller's.
    """
    return _set_published(asset, None, "unpublished", by=by)


def _set_published(asset: Asset, at: datetime | None, action: str, *, by: "User") -> Asset:
    with transaction.atomic():
        held = hold_asset(asset, by=by)
        if (held.published_at is None) != (at is None):
            held.published_at = at
            held.revision += 1
            held.save(update_fields=["published_at", "revision"])
            tell(held, action, timezone.now())
    return held


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
