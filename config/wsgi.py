"""The WSGI entry point that the web server loads."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request whose text is UTF-8, whatever its Content-Type says.

    Django believes the charset, also one that names no text encoding, and then fails before anything could answer.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_params: dict[str, str]
        try:
            sent, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
            self.content_type = sent.lower()
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {}


class Utf8Handler(WSGIHandler):
    request_class = Utf8Request


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)
application = Utf8Handler()
