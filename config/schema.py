"""What the OpenAPI schema says of every operation alike: the one error body, and how to authenticate."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

ERROR_STATUSES = {
    "400": ("INVALID", "malformed: the message says what, where, and what to do"),
    "401": ("UNAUTHORIZED", "no valid login or token"),
    "403": ("FORBIDDEN", "known, but not allowed"),
    "404": ("NOT_FOUND", "missing, or not yours to see"),
    "405": ("METHOD_NOT_ALLOWED", "another method"),
    "410": ("GONE", "it is in the trash; restore it to go on"),
    "412": ("PRECONDITION_FAILED", "it is not at the version that you asked about"),
    "409": ("CONFLICT", "somebody saved a newer version; what you sent is kept as a conflict"),
    "413": ("TOO_LARGE", "over the limit"),
    "415": ("UNSUPPORTED_TYPE", "a kind of body or file that is not accepted"),
    "422": (
        "KEY_REUSED",
        "a key that came with another request before, bytes of another digest, or a patch that does not fit",
    ),
    "423": ("LOCKED", "somebody else has it open, and you asked to respect that"),
    "428": ("VERSION_REQUIRED", "an existing session is saved with the version that it was read at"),
    "503": ("BUSY", "try again in a moment"),
}
ERROR_SCHEMA = {
    "type": "object",
    "required": ["error", "message", "detail"],
    "properties": {
        "error": {"type": "string", "description": "A stable code."},
        "message": {"type": "string", "description": "What is wrong, and what to do."},
        "detail": {"type": "string", "description": "The same text."},
    },
    "additionalProperties": True,
}
BY_METHOD = {
    "GET": ("400", "401", "403", "404", "405", "410", "503"),
    "POST": ("400", "401", "403", "404", "405", "409", "410", "412", "413", "415", "422", "423", "428", "503"),
    "DELETE": ("400", "401", "403", "404", "405", "410", "412", "428", "503"),
}


class HoldfastSchema(AutoSchema):
    """Adds the one error body to every operation."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            for status in BY_METHOD.get(self.method, BY_METHOD["POST"]):
                code, meaning = ERROR_STATUSES[status]
                operation["responses"].setdefault(status, _error_response(code, meaning))
        return operation


def _error_response(code: str, meaning: str) -> dict[str, Any]:
    text = meaning[0].upper() + meaning[1:] + "."
    example = {"error": code, "message": text, "detail": text}
    return {"description": text, "content": {"application/json": {"schema": ERROR_SCHEMA, "example": example}}}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its __init_subclass__ has no types
    target_class = "assets_app.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token printed by `manage.py create_token`."}
