"""Plain makers of what the tests need."""

import copy
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.contrib.auth.models import User

from assets_app.models import Asset
from assets_app.operations.intake import store_asset
from sessions_app.models import Conflict, Recording, Session
from sessions_app.operations.collect import collect_file
from sessions_app.operations.history import newest_value
from sessions_app.operations.saves import Refused, create_session, save_version

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)
CHECKLIST = (
    "product_name,manufacturer,manuf_number,gmdn_terms,device_id,search_query,image_query,manual_query,"
    "official_product_name,image_url,image_urls,manual_url,manual_urls\n"
    '"Forceps, curved",Müller GmbH,F-1,forceps,D1,,,,,,https://a.example/1.jpg|https://a.example/2.jpg,,\n'
    "Scalpel,Acme,S-2,scalpel,D2,,,,,https://a.example/3.jpg,,,\n"
    "\n"
    "Gauze,Acme,G-3,gauze,D3,,,,,,,,\n"
)
GIT_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"b2" * 32 + b"\nsize 1872554\n"


def capture(
    *,
    samples: int = 52,
    timestamp: str = "2025-12-14T10:24:07.182Z",
    firmware: str = "0.3.6",
    dt: list[float] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A 2.1 capture: a tilt through one g, at 26 Hz by dt."""
    steps = dt if dt is not None else [1 / 26] * samples
    rows = [
        {"ax": i * 10, "ay": -i * 5, "az": 8192 - i, "gx": i, "gy": -i, "gz": 0, "mx": 281, "my": -132, "mz": 100, "dt": steps[i]}
        for i in range(samples)
    ]
    metadata = {"sample_rate": 26, "device": "GAMBIT", "firmware_version": firmware}
    return {"version": "2.1", "timestamp": timestamp, "samples": rows, "labels": [], "metadata": metadata} | fields


def capture_bytes(**fields: Any) -> bytes:
    return json.dumps(capture(**fields)).encode()


def make_asset(*, by: User, data: bytes = PNG, name: str = "photo.png") -> Asset:
    return store_asset(io.BytesIO(data), name=name, by=by)


def make_session(*, by: User, session_id: str = "checks-1", **fields: Any) -> Session:
    value = {"session_id": session_id, "session_name": "Checks"} | fields
    session = create_session(session_id=session_id, value=value, kind=Session.Kind.DOCUMENT, by=by)
    assert session is not None
    return session


def make_recording(*, by: User, name: str = "2025-12-14T10_24_07.182Z.json", **fields: Any) -> Recording:
    session = collect_file(io.BytesIO(capture_bytes(**fields)), name=name, by=by).session
    return session.recordings.get()


class Upload(NamedTuple):
    """A file of a form."""

    data: bytes
    name: str


def multipart(fields: Mapping[str, str | Upload | list[Upload]]) -> tuple[bytes, str]:
    """A form's body and media type. Names are sent as they are: Django's test client would tidy up hostile ones."""
    parts = []
    for field, value in fields.items():
        for item in value if isinstance(value, list) else [value]:
            name = f'; filename="{item.name}"\r\nContent-Type: application/octet-stream' if isinstance(item, Upload) else ""
            data = item.data if isinstance(item, Upload) else item.encode()
            parts.append(f'--frontier\r\nContent-Disposition: form-data; name="{field}"{name}\r\n\r\n'.encode() + data + b"\r\n")
    return b"".join(parts) + b"--frontier--\r\n", "multipart/form-data; boundary=frontier"


WARD = [
    {"device_id": "D1", "product_name": "Forceps, curved", "status": "pending", "checker_notes": "Tray 4, box 2", "rank": 1},
    {"device_id": "D2", "product_name": "Scalpel", "status": "pending", "checker_notes": "", "rank": 2},
    {"device_id": "D3", "product_name": "Gauze", "status": "pending", "checker_notes": "", "rank": 3},
]


def edited(value: dict[str, Any], **devices: dict[str, Any]) -> dict[str, Any]:
    """A copy of a document in which these devices have other fields, and with `fields` the document itself."""
    after = copy.deepcopy(value) | devices.pop("fields", {})
    for device in after["devices"]:
        device.update(devices.get(device["device_id"], {}))
    return after


def make_conflict(
    *, owner: User, theirs: dict[str, Any], yours: dict[str, Any], by: User, session_id: str = "ward-1"
) -> Conflict:
    """A session of three devices; `owner` saves `theirs` to it as version 2, and `by` comes too late with `yours`.

    Both are the devices' new fields, as `edited` takes them.
    """
    value = {"session_id": session_id, "session_name": f"Ward {session_id}", "devices": WARD, "notes": "as found"}
    session = create_session(session_id=session_id, value=value, kind=Session.Kind.CHECKLIST, by=owner)
    assert session is not None
    start = newest_value(session)
    save_version(session=session, value=edited(start, **theirs), based_on=1, by=owner)
    return save_too_late(session, edited(start, **yours), based_on=1, by=by)


def save_too_late(session: Session, value: dict[str, Any], *, based_on: int, by: User) -> Conflict:
    """What was kept of a save that met a newer version."""
    refused = save_version(session=session, value=value, based_on=based_on, by=by)
    assert isinstance(refused, Refused)
    return Conflict.objects.get(uuid=refused.conflict.uuid)


def make_hard(*, owner: User, by: User, session_id: str = "ward-1") -> Conflict:
    """Both changed the notes of the forceps and their rank; each changed something of their own, too."""
    return make_conflict(
        owner=owner,
        by=by,
        session_id=session_id,
        theirs={"D1": {"checker_notes": "Tray 5, box 2", "rank": 10}, "D2": {"status": "approved"}},
        yours={"D1": {"checker_notes": "Tray 4, box 3", "rank": 20}, "D3": {"status": "rejected"}},
    )


def make_soft(*, owner: User, by: User, session_id: str = "ward-1") -> Conflict:
    """Each changed another device."""
    return make_conflict(
        owner=owner, by=by, session_id=session_id, theirs={"D1": {"status": "approved"}}, yours={"D2": {"status": "rejected"}}
    )
