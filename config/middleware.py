"""Refusals outside the API: before any view is asked, and out of pages."""

from collections.abc import Callable
from threading import BoundedSemaphore, Lock

import structlog
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import DatabaseError, DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django_structlog.middlewares import RequestMiddleware

from assets_app.api.asset_origin import is_asset_origin
from assets_app.errors import HoldfastError
from assets_app.names import shown
from assets_app.origin import Origin, coming_from
from config.api import BUSY, UNANSWERED, bad_request, error_body, headers_of, refuse, status_of

log = structlog.get_logger(__name__)
ADMIN = "/admin/"
LARGE = 1024 * 1024
# What is no longer is with us by the time that a thread takes the request, unless its sender wants otherwise.
LONG = 256 * 1024
UNFIT = (ValueError, OverflowError, ValidationError)


class RequestLogMiddleware(RequestMiddleware):
    """django-structlog's middleware, for which a database that does not answer is no reason to fail."""

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        try:
            RequestMiddleware.bind_user_id(request)
        except (DatabaseError, AttributeError):  # the second: a session that could not be loaded
            structlog.contextvars.bind_contextvars(user_id=None)


class AnswerHeadersMiddleware:
    """Every answer names its request, as the log does, and is nobody else's to keep unless it says so itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = structlog.contextvars.get_contextvars().get("request_id", "")
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        response.setdefault("Cache-Control", "private, no-cache")
        return response


class AssetOriginMiddleware:
    """Under the origin of files nobody is signed in, and there is nothing but files."""

    # Signed addresses, and what is public anyway.
    SERVED = ("/signed/", "/b/", "/s/")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_asset_origin(request):
            return self.get_response(request)
        if not request.path.startswith(self.SERVED):
            return JsonResponse(error_body("NOT_FOUND", "There is no such file here, or its address is too old."), status=404)
        for header in ("HTTP_COOKIE", "HTTP_AUTHORIZATION"):
            request.META.pop(header, None)
        response = self.get_response(request)
        response.cookies.clear()
        return response


class OriginMiddleware:
    """Whatever a request changes is kept with the door, the address and the device that it came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path
        origin = Origin(
            door="api" if path.startswith("/api/") else "admin" if path.startswith(ADMIN) else "page",
            address=request.META.get("REMOTE_ADDR", "")[:45],
            device=shown(request.META.get("HTTP_X_DEVICE") or request.META.get("HTTP_USER_AGENT", ""), 200),
            request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
        )
        structlog.contextvars.bind_contextvars(ip=origin.address)
        with coming_from(origin):
            return self.get_response(request)


class RefuseEarlyMiddleware:
    """What cannot be read rightly further in.

    A NUL character in an address or a cookie: one database stores it, the other fails. A body without a length: Django would
    take it for empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return refuse(request, 400, "INVALID", "The address holds a NUL character. Remove it and ask again.")
        if any("\0" in value for value in request.COOKIES.values()):
            return refuse(
                request, 400, "INVALID", "A cookie holds a NUL character. Delete this site's cookies and sign in again."
            )
        if request.META.get("HTTP_CONTENT_ENCODING") and request.META.get("CONTENT_TYPE", "").startswith("multipart/"):
            return refuse(request, 415, "UNSUPPORTED_TYPE", "A form cannot be compressed as a whole. Send it as it is.")
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            return refuse(request, 411, "LENGTH_REQUIRED", "Say how long the body is: send it with a Content-Length.")
        return self.get_response(request)


class BodyPlacesMiddleware:
    """Long bodies may hold all threads of a process but two: on a slow line each holds its own for minutes.

    Whoever asks for something small never waits for them. One more long body is told to come again.
    """

    places = BoundedSemaphore(max(1, settings.WEB_THREADS - 2))

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) <= LONG:
            return self.get_response(request)
        if not self.places.acquire(blocking=False):
            log.warning("no_place_for_a_body", length=length)
            answer = refuse(request, 503, "BUSY", "Very many files are being sent just now. Send this one again in a moment.")
            answer["Retry-After"] = "5"
            return answer
        try:
            return self.get_response(request)
        finally:
            self.places.release()


class LargeBodyMiddleware:
    """Large documents one at a time in each process: parsed, one takes a hundred megabytes, and every thread might hold one."""

    turn = Lock()

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_packed = "gzip" in request.META.get("HTTP_CONTENT_ENCODING", "") + request.META.get("CONTENT_TYPE", "")
        is_document = "json" in request.META.get("CONTENT_TYPE", "") or is_packed
        if not is_document or not length.isdecimal() or int(length) * (10 if is_packed else 1) < LARGE:
            return self.get_response(request)
        try:
            request.body  # noqa: B018  (read before it is its turn: a slow client must not hold up others)
        except (RequestDataTooBig, UnreadablePostError) as refusal:
            return bad_request(request, refusal)
        with self.turn:
            return self.get_response(request)


class RefusalMiddleware:
    """What a page's operation refuses is answered by the same table as in the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, HoldfastError):
            status, code = status_of(exception)
            answer = refuse(request, status, code, exception.message, **exception.facts)
            for header, value in headers_of(exception).items():
                answer[header] = value
            return answer
        if isinstance(exception, UNANSWERED):
            request.user = AnonymousUser()  # who asked cannot be looked up now, neither for the page nor for the log
            answer = refuse(request, 503, "BUSY", BUSY)
            answer["Retry-After"] = "1"
            return answer
        if isinstance(exception, DataError) or (isinstance(exception, UNFIT) and request.path.startswith(reverse("admin:index"))):
            # Django's admin hands forged filters and row numbers to the database as they are.
            log.warning("unfit_value", path=request.path, error=repr(exception))
            return refuse(request, 400, "INVALID", "A value in this address or form does not fit. Go back and start again.")
        return None
