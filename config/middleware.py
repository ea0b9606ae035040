"""Refusals outside the API: before any view is asked, and out of pages."""

from collections.abc import Callable

import structlog
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from assets_app.errors import HoldfastError
from config.api import BUSY, refuse, status_of

log = structlog.get_logger(__name__)
UNFIT = (ValueError, OverflowError)


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


class RefuseNulMiddleware:
    """A NUL character in an address: one database stores it, the other fails. Both refuse it, here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return refuse(request, 400, "INVALID", "The address holds a NUL character. Remove it and ask again.")
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
            return refuse(request, status, code, exception.message, **exception.facts)
        if isinstance(exception, OperationalError):
            answer = refuse(request, 503, "BUSY", BUSY)
            answer["Retry-After"] = "1"
            return answer
        if isinstance(exception, DataError) or (isinstance(exception, UNFIT) and request.path.startswith(reverse("admin:index"))):
            # Django's admin hands forged filters and row numbers to the database as they are.
            log.warning("unfit_value", path=request.path, error=repr(exception))
            return refuse(request, 400, "INVALID", "A value in this address or form does not fit. Go back and start again.")
        return None
