"""Who calls, and with which scope: tokens for programs (django-rest-knox), Django's login for browsers."""

from typing import TYPE_CHECKING

from django.utils import timezone
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from assets_app.models import ApiToken
from assets_app.operations.tokens import find_token, note_use
from assets_app.origin import note_token

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from rest_framework.views import APIView


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Bearer TOKEN`."""

    def authenticate_credentials(self, token: bytes) -> "tuple[User, ApiToken]":
        """By its digest, in one look. Knox would look at all tokens that begin alike, and delete those that have expired."""
        if not token.isascii():  # no token of ours, and more than knox can read
            raise AuthenticationFailed
        found = find_token(digest=hash_token(token.decode()))
        if found is None or (found.expiry is not None and found.expiry < timezone.now()):
            raise AuthenticationFailed
        user, token_row = self.validate_user(found)
        note_use(token=token_row)
        note_token(str(token_row))
        return user, token_row


class TokenScope(BasePermission):
    """A token reads only with the scope `read`, and changes things only with `write`. A login may do both."""

    message = "This token lacks the scope for that. Make one with `create_token USER --scope read --scope write`."

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        needed = "read" if request.method in SAFE_METHODS else "write"
        return needed in request.auth.scopes
