"""The one table from what happened to what HTTP says, and the one error body.

`{"error": CODE, "message": text, "detail": the same text, ...facts}`. Never a stack, SQL, a path or a secret.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string
from rest_framework import exceptions as drf
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.response import Response

from assets_app import errors as assets
from assets_app.multipart import FormRefused
from assets_app.requests import wants_json
from sessions_app import errors as sessions

log = structlog.get_logger(__name__)

REFUSALS: dict[type[assets.HoldfastError], tuple[int, str]] = {
    assets.InvalidInput: (400, "INVALID"),
    assets.NotFound: (404, "NOT_FOUND"),
    assets.AssetTooLarge: (413, "TOO_LARGE"),
    assets.UnsupportedType: (415, "UNSUPPORTED_TYPE"),
    assets.DigestMismatch: (422, "DIGEST_MISMATCH"),
    assets.SandboxFailed: (400, "UNREADABLE"),
    assets.BytesMissing: (503, "BYTES_MISSING"),
    assets.CursorGone: (410, "CURSOR_GONE"),
    assets.KeyReused: (422, "KEY_REUSED"),
    assets.NotAllowed: (403, "FORBIDDEN"),
    assets.PreconditionFailed: (412, "PRECONDITION_FAILED"),
    assets.RangeUnsatisfiable: (416, "RANGE_NOT_SATISFIABLE"),
    assets.InUse: (409, "IN_USE"),
    assets.QuotaExceeded: (413, "QUOTA"),
    assets.StorageFull: (507, "STORAGE_FULL"),
    assets.StoreUnavailable: (503, "STORE_UNAVAILABLE"),
    sessions.DocumentTooLarge: (413, "TOO_LARGE"),
    sessions.VersionConflict: (409, "CONFLICT"),
    sessions.VersionRequired: (428, "VERSION_REQUIRED"),
    sessions.VersionMoved: (412, "PRECONDITION_FAILED"),
    sessions.SessionDeleted: (410, "GONE"),
    sessions.Leased: (423, "LOCKED"),
    sessions.PatchFailed: (422, "PATCH_FAILED"),
    sessions.AlreadySettled: (409, "ALREADY_SETTLED"),
}

DRF_CODES = {
    400: ("INVALID", "The request is malformed."),
    401: ("UNAUTHORIZED", "Sign in, or send `Authorization: Bearer TOKEN`."),
    403: ("FORBIDDEN", "You may not do that."),
    404: ("NOT_FOUND", "There is no such thing, or you may not see it."),
    405: ("METHOD_NOT_ALLOWED", "That method is not allowed here."),
    406: ("NOT_ACCEPTABLE", "Answers are JSON."),
    415: ("UNSUPPORTED_TYPE", "The body's media type is not understood here."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Wait a moment."),
}
BUSY = "The database is busy. Nothing was changed; send the same request again in a moment."
# The database is away, busy, or ended what took too long.
UNANSWERED = (OperationalError, InterfaceError, InternalError)
FORMS = (MultiPartParserError, SuspiciousOperation, UnreadablePostError)


class JsonOnly(BaseContentNegotiation):
    """Every answer is JSON (or bytes), whatever `Accept` says: a refusal must reach the client readable."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


def error_body(code: str, message: str, **facts: Any) -> dict[str, Any]:
    return {"error": code, "message": message, "detail": message, **facts}


def status_of(refusal: assets.HoldfastError) -> tuple[int, str]:
    """HTTP status and code, by the nearest class in the table."""
    return next(REFUSALS[cls] for cls in type(refusal).__mro__ if cls in REFUSALS)


def headers_of(refusal: assets.HoldfastError) -> dict[str, str]:
    """What HTTP wants to be told beside the body."""
    if isinstance(refusal, assets.RangeUnsatisfiable):
        return {"Content-Range": f"bytes */{refusal.facts['size']}"}
    if isinstance(refusal, assets.StoreUnavailable):
        return {"Retry-After": "5"}
    return {}


def exception_handler(exception: Exception, _context: dict[str, Any]) -> Response | None:
    """DRF's hook. None lets Django answer with `server_error`."""
    headers: dict[str, str] = {}
    if isinstance(exception, assets.HoldfastError):
        status, code = status_of(exception)
        log.info("refused", code=code, reason=exception.message, details=getattr(exception, "details", ""))
        return Response(error_body(code, exception.message, **exception.facts), status=status, headers=headers_of(exception))
    if isinstance(exception, FORMS):
        status, code, message = _form_refusal(exception)
    elif isinstance(exception, DataError):
        log.warning("unfit_value", error=repr(exception))
        status, code, message = 400, "INVALID", "A value does not fit: it is too long, or of a kind that cannot be kept."
    elif isinstance(exception, UNANSWERED):
        log.warning("database_busy", error=repr(exception))
        status, code, message, headers = 503, "BUSY", BUSY, {"Retry-After": "1"}
    elif isinstance(exception, Http404):
        status, code, message = 404, *DRF_CODES[404]
    elif isinstance(exception, PermissionDenied):
        status, code, message = 403, *DRF_CODES[403]
    elif isinstance(exception, drf.APIException):
        return _drf_refusal(exception)
    else:
        return None
    return Response(error_body(code, message), status=status, headers=headers)


def _drf_refusal(exception: drf.APIException) -> Response:
    code, default = DRF_CODES.get(exception.status_code, ("INVALID", "The request was refused."))
    told = isinstance(exception.detail, str) and exception.status_code not in (401, 404, 415)
    message = str(exception.detail) if told else default
    headers = {}
    if getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = exception.auth_header  # type: ignore[attr-defined]  # set by DRF on 401
    if getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(exception.wait))  # type: ignore[attr-defined]  # set by DRF on 429
    return Response(error_body(code, message), status=exception.status_code, headers=headers)


def _form_refusal(exception: Exception) -> tuple[int, str, str]:
    """A form that could not be read: cut off, malformed, or with too many parts."""
    if isinstance(exception, FormRefused):
        return 400, "INVALID", str(exception)
    if isinstance(exception, TooManyFilesSent):
        return 400, "INVALID", "Too many files in one form. Send fewer at a time."
    if isinstance(exception, RequestDataTooBig):
        return 413, "TOO_LARGE", "The form is too large. Send fewer or smaller files at a time, and long texts as files."
    if isinstance(exception, UnreadablePostError):
        return 400, "INVALID", "The request broke off before its end. Send it again."
    if isinstance(exception, MultiPartParserError):
        return 400, "INVALID", "The multipart form is malformed or cut off. Send it again, whole."
    return 400, "INVALID", "The request is malformed."


def only_get(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For views of libraries that cannot answer other methods in JSON."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        answer = refuse(request, 405, *DRF_CODES[405])
        answer["Allow"] = "GET, HEAD"
        return answer

    return guarded


def refuse(request: HttpRequest, status: int, code: str, message: str, **facts: Any) -> HttpResponse:
    """A refusal from outside DRF: JSON for API clients and scripts, a page for people."""
    if wants_json(request):
        return JsonResponse(error_body(code, message, **facts), status=status)
    context = {"status": status, "message": message}
    # When something is broken, the page must not ask the database who is looking at it.
    page = render_to_string("refusal.html", context, request if status < 500 else None)
    return HttpResponse(page, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return refuse(request, *_form_refusal(exception))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return refuse(request, 403, *DRF_CODES[403])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    message = "This form did not come from a page of this hub, or the page is too old. Reload the page and send it again."
    return refuse(request, 403, "FORBIDDEN", message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return refuse(request, 404, *DRF_CODES[404])


def server_error(request: HttpRequest) -> HttpResponseBase:
    message = "Something went wrong on our side. Nothing half-done was kept; the log has the reason under this request's id."
    return refuse(request, 500, "SERVER_ERROR", message)
