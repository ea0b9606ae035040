"""`Idempotency-Key` on POST: a client that lost its answer sends the same again, and nothing happens twice."""

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets_app.errors import HoldfastError
from assets_app.operations.idempotency import Answer, answered, once

Handler = Callable[..., HttpResponseBase]
KEPT_HEADERS = ("Content-Type", "ETag", "Location")


def idempotent(handler: Handler) -> Handler:
    """For the `post` of a view, and other methods that change something. Without the header nothing changes.

    Stored are answers that came with an effect: successes, and refused saves, whose documents are kept. Other refusals leave no
    trace, so that the same key serves for the request put right.
    """

    @wraps(handler)
    def handled(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            with _prepared(view, request):
                return _completed(view, request, handler(view, request, *args, **kwargs))
        digest, user = _digest(request), cast(User, request.user)

        def perform() -> Answer:
            try:
                response = handler(view, request, *args, **kwargs)
            except HoldfastError as refusal:
                response = view.handle_exception(refusal)
                if response.status_code != 409:
                    raise
            return _answer(response)

        answer = answered(key=key, request_sha256=digest, by=user)
        if answer is None:
            with _prepared(view, request):
                answer = once(key=key, request_sha256=digest, by=user, perform=perform)
        response = HttpResponse(answer.body, status=answer.status, headers=answer.headers)
        return _completed(view, request, response)

    handled.is_idempotent = True  # type: ignore[attr-defined]  # for the test that every POST has it
    return handled


def _prepared(view: APIView, request: Request) -> AbstractContextManager[None]:
    """What a view wants to have done before its handler, because it takes long: the handler may run in a transaction."""
    prepare: Callable[[Request], AbstractContextManager[None]] | None = getattr(view, "prepare", None)
    return prepare(request) if prepare is not None else nullcontext()


def _completed(view: APIView, request: Request, response: HttpResponseBase) -> HttpResponseBase:
    """With what a view tells every time, but does not want to be stored."""
    complete: Callable[[Request, Any], Any] | None = getattr(view, "complete", None)
    if complete is None or response.status_code >= HTTPStatus.BAD_REQUEST:
        return response
    body = response.data if isinstance(response, Response) else json.loads(cast(HttpResponse, response).content)
    headers = {name: response[name] for name in KEPT_HEADERS if name in response and name != "Content-Type"}
    return Response(complete(request, body), status=response.status_code, headers=headers)


def _answer(response: HttpResponseBase) -> Answer:
    if isinstance(response, Response):
        body = JSONRenderer().render(response.data)
        response["Content-Type"] = "application/json"
    else:
        body = cast(HttpResponse, response).content
    return Answer(response.status_code, {name: response[name] for name in KEPT_HEADERS if name in response}, body)


def _digest(request: Request) -> str:
    """Of method, address and body: by this a request is known again."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/form-data"):  # its boundary is another each time
        for name, values in sorted(request.POST.lists()):
            digest.update(repr((name, values)).encode())
        for name, file in sorted(request.FILES.items()):
            digest.update(repr((name, file.size, file.sent_name, file.intake and file.intake.sha256)).encode())
    else:
        digest.update(request._request.body)
        request.data  # noqa: B018  (parsed now, and not while a transaction is open)
    return digest.hexdigest()
