"""API tokens: made once, shown once."""

import json
from datetime import timedelta
from functools import cache
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from assets_app.errors import InvalidInput
from assets_app.models import ApiToken
from assets_app.names import check_text
from assets_app.prepared import fetch_one, instance

# In the order of the models' own fields.
TOKEN_FIELDS = ("digest", "token_key", "user_id", "expiry", "name", "scopes", "last_used_at")
USER_FIELDS = ("id", "is_superuser", "username", "is_staff", "is_active")
USED_RESOLUTION = timedelta(minutes=1)


def create_token(*, user: User, name: str, scopes: list[str] | None = None, days: int | None = None) -> tuple[ApiToken, str]:
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


def find_token(*, digest: str) -> Any:
    """The `ApiToken` with its user, or None. Every call of the API begins here: no SQL is built."""
    row = fetch_one(_statement(), (digest,))
    if row is None:
        return None
    token = instance(ApiToken, TOKEN_FIELDS, row[: len(TOKEN_FIELDS)])
    token.scopes = json.loads(token.scopes)
    token.user = instance(User, USER_FIELDS, row[len(TOKEN_FIELDS) :])
    return token


@cache
def _statement() -> str:
    columns = [f"t.{field}" for field in TOKEN_FIELDS] + [f"u.{field}" for field in USER_FIELDS]
    return f"SELECT {', '.join(columns)} FROM api_tokens t JOIN auth_user u ON u.id = t.user_id WHERE t.digest = %s"  # noqa: S608  (names of ours)


def note_use(*, token: ApiToken) -> None:
    """Remember when a token was last used, to the minute: a write per request would be too dear."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USED_RESOLUTION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def revoke_token(*, token: ApiToken) -> None:
    """From now on the token is refused. Its row stays, as a trail of what had access."""
    ApiToken.objects.filter(pk=token.pk).update(expiry=timezone.now())
