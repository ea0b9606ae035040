"""A program at the API, and a session of its own to work on."""

import json
from typing import Any

from tests.conftest import Api

BASE = {"session_id": "c1", "note": "base", "devices": [{"device_id": "D1", "status": "pending"}, {"device_id": "D2"}]}


def save(program: Api, version: int, query: str = "", **fields: Any) -> Any:
    return program.post(f"/api/sessions{query}", BASE | {"_version": version} | fields)


def send(program: Api, method: str, path: str, body: Any = None, content_type: str = "application/json", **headers: str) -> Any:
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return program.client.generic(method, path, data, content_type=content_type, headers=headers)
