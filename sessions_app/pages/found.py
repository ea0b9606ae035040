"""Finding what a page's address names, if the visitor may see it. What they may not see is not there."""

from typing import cast

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest

from assets_app.errors import InvalidInput
from sessions_app.ids import canonical_id
from sessions_app.models import Session
from sessions_app.operations.heads import find_session


def user_of(request: HttpRequest) -> User:
    """Who asks. Only for views that strangers do not reach."""
    return cast(User, request.user)


def visible_session(request: HttpRequest, session_id: str) -> Session:
    """Also one in the trash."""
    try:
        wanted = canonical_id(session_id)
    except InvalidInput:
        raise Http404 from None
    session = find_session(wanted, by=user_of(request))
    if session is None:
        raise Http404
    return session


def sent_version(request: HttpRequest, name: str = "version") -> int:
    """The version that a form was made from.

    Raises:
        InvalidInput: the form does not say.
    """
    text = request.POST.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 10:
        raise InvalidInput("The form does not say which version it was made from. Reload the page and send it again.", field=name)
    return int(text)
