"""API tokens: made once, shown once."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from assets_app.errors import InvalidInput
from assets_app.models import ApiToken
from assets_app.names import check_text

if TYPE_CHECKING:
    from django.contrib.auth.models import User

USED_RESOLUTION = timedelta(minutes=1)


def create_token(*, user: "User", name: str, scopes: list[str] | None = None, days: int | None = None) -> tuple[ApiToken, str]:
    """A token of `user` and its text, which is nowhere kept.

    Args:
        scopes: what it may do (`read`, `write`); default everything that its user may.
        days: until it expires; default never.

    Raises:
        InvalidInput: an unknown scope, or days below 1.
    """
    chosen = sorted(set(scopes or ApiToken.SCOPES))
    unknown = set(chosen) - set(ApiToken.SCOPES)
    if unknown:
        raise InvalidInput(
            f"Unknown scope: {', '.join(sorted(unknown))}. Scopes are {', '.join(ApiToken.SCOPES)}.", field="scopes"
        )
    if days is not None and not 1 <= days <= 36500:
        raise InvalidInput("A token lives for 1 to 36,500 days, or for ever when no number is given.", field="days")
    name = check_text(name or "unnamed", what="name", max_length=100)
    expiry = timedelta(days=days) if days is not None else None
    token, text = ApiToken.objects.create(user, expiry=expiry, name=name, scopes=chosen)
    return token, text


def note_use(*, token: ApiToken) -> None:
    """Remember when a token was last used, to the minute: a write per request would be too dear."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def revoke_token(*, token: ApiToken) -> None:
    """From now on the token is refused. Its row stays, as a trail of what had access."""
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now())
