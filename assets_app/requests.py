"""What a request says of who sent it: a program or a script, or a person at a page."""

from django.http import HttpRequest


def wants_json(request: HttpRequest) -> bool:
    """An API call, or a page's own script."""
    return f"{request.path}/".startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")
