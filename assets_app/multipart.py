"""Multipart forms (Django's parser): whole file names, and bytes counted while they arrive.

Django's own parser quietly cuts folders and control characters off a name, and takes a form that broke off for a whole one.
Here the name reaches the intake as it was sent, and nothing of a broken form is kept. What becomes of
files, `assets_app.uploads` says.
"""

import html
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase, QueryDict, multipartparser
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser, DataAndFiles

from assets_app.limits import max_asset_bytes
from assets_app.names import shown

# A form may carry this many files of the largest size.
FORM_FILES = 10
# A name of 255 characters takes up to 1,020 bytes, and three times that escaped; Django would have 1,024 for all of the header.
PART_HEADER_BYTES = 8 * 1024
NAME_UNREADABLE = "The name of a file or field of the form is not UTF-8. Rename it, or send names as UTF-8."


class FormRefused(MultiPartParserError):
    """A form that could be read, but not rightly. The message is for the sender."""


class WholeNameParser(MultiPartParser):
    """Leaves the name as it was sent: `assets_app.names` decides about names, once, for every door."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        if file_name.startswith('"'):  # its closing quote is missing: a line break cut the name, and perhaps more
            raise MultiPartParserError("a file name is broken off")
        name = html.unescape(file_name)[:4096]
        if not name:  # it was one escaped control character: Django would leave out the file
            raise FormRefused("A file of the form has no name. Give it one and send it again.")
        if "\N{REPLACEMENT CHARACTER}" in name:  # what Python puts for what it cannot read
            raise FormRefused(NAME_UNREADABLE)
        return name


class _Parts:
    """A form's parts. Django leaves out a part without a word if its header is not UTF-8."""

    def __init__(self, stream: Any, boundary: bytes) -> None:
        self._stream = stream
        self._separator = b"--" + boundary

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any], Any]]:
        for part in multipartparser.InterBoundaryIter(self._stream, self._separator):
            kind, headers, content = multipartparser.parse_boundary_stream(part, PART_HEADER_BYTES)  # type: ignore[attr-defined]  # the stubs leave it out
            if kind == multipartparser.RAW:
                _check_left_out(content)
            yield kind, headers, content


def _check_left_out(content: Any) -> None:
    start = content.read(PART_HEADER_BYTES)
    content.unget(start)
    header, end, _data = start.partition(b"\r\n\r\n")
    if end and b"content-disposition:" in header.lower():
        raise FormRefused(NAME_UNREADABLE)


# The parser has no other place to say so.
multipartparser.Parser = _Parts  # type: ignore[misc, assignment]  # which is what it makes of one


class _WatchedStream:
    """The form's bytes, with an eye on how they end. A client that hangs up in the middle just stops sending."""

    TAIL = 512

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.tail = b""

    def read(self, size: int | None = None) -> bytes:
        data: bytes = self._stream.read(size)
        self.tail = (self.tail + data[-self.TAIL :])[-self.TAIL :]
        return data


def parse_file_upload(request: HttpRequest, META: dict[str, Any], post_data: Any) -> tuple[QueryDict, MultiValueDict[str, Any]]:
    """What `HttpRequest.parse_file_upload` does, with the parser above, and only for forms that came to their end.

    Raises:
        MultiPartParserError: malformed, or broken off; files received by then are closed.
        RequestDataTooBig: it says beforehand that it is larger than ten of the largest files.
    """
    if int(META.get("CONTENT_LENGTH") or 0) > FORM_FILES * max_asset_bytes():
        raise RequestDataTooBig("refused before it is read")
    stream = _WatchedStream(post_data)
    try:
        parser = WholeNameParser(META, stream, request.upload_handlers, request.encoding)  # type: ignore[arg-type]  # only read() is asked
        fields, files = parser.parse()
    except BaseException as error:
        for handler in request.upload_handlers:  # the parser does not tell them of every way to fail
            handler.upload_interrupted()
        if isinstance(error, (ValueError, LookupError)):  # an encoding that there is not, in one of the form's headers
            raise MultiPartParserError(str(error)) from None
        raise
    closing = b"--" + parser._boundary + b"--"  # type: ignore[attr-defined]  # the stubs leave it out
    if refusal := _refusal(fields, ended=closing in stream.tail):
        for _field, group in files.lists():
            for file in group:
                file.close()
        raise refusal
    return fields, files


def _refusal(fields: QueryDict, *, ended: bool) -> MultiPartParserError | None:
    if not ended:
        return MultiPartParserError("the form broke off before its end")
    for field, values in fields.lists():
        if any("\N{REPLACEMENT CHARACTER}" in str(value) for value in values):  # what Django puts for what it cannot read
            return FormRefused(f"The field '{shown(field)}' is not UTF-8. Send text as UTF-8.")
    return None


class MultipartMiddleware:
    """Gives each request the parser above, before anything asks for its form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.parse_file_upload = partial(parse_file_upload, request)  # type: ignore[method-assign]  # the seam that Django offers
        return self.get_response(request)


class FormParser(BaseParser):
    """Lets API views read multipart forms through the same parser as pages do."""

    media_type = "multipart/form-data"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> "DataAndFiles[Any, Any]":
        request = parser_context["request"]._request
        return DataAndFiles(request.POST, request.FILES)
