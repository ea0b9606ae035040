"""Looking up devices: a copy of what is searched, made off the hot path, and caught up before anything is looked up in it."""

from typing import Any

from django.db import transaction
from django.db.models import F

from assets_app.guarded import writing
from sessions_app.models import Session, SessionDevice, SessionQuerySet, SessionVersion
from sessions_app.operations.history import newest_value

AT_ONCE = 200


def sessions_with_device(sessions: SessionQuerySet, device_id: str) -> SessionQuerySet:
    """Those whose newest version has the device. What was saved a moment ago is found, too."""
    for pk in list(unsearched(sessions).values_list("pk", flat=True)):
        copy_devices(pk)
    return sessions.filter(devices__device_id=device_id).distinct()


def unsearched(sessions: SessionQuerySet) -> SessionQuerySet:
    """Those whose newest version is not yet in the copy."""
    return sessions.exclude(searched_version=F("version"))


def catch_up() -> int:
    """Copy the devices of some sessions that changed. Returns how many."""
    pks = list(unsearched(Session.objects.all()).values_list("pk", flat=True)[:AT_ONCE])
    for pk in pks:
        copy_devices(pk)
    return len(pks)


def copy_devices(session_pk: Any) -> None:
    """Make the copy of one session's devices anew."""
    with transaction.atomic(), writing():
        session = Session.objects.select_for_update(of=("self",)).filter(pk=session_pk).first()
        if session is None:
            return
        SessionDevice.objects.filter(session=session).delete()
        try:
            devices = wanted_devices(session)
        except (ValueError, SessionVersion.DoesNotExist):  # damaged: fsck tells of it, and others must still be found
            devices = []
        SessionDevice.objects.bulk_create(devices, batch_size=1000)
        Session.objects.filter(pk=session.pk).update(searched_version=session.version)


def wanted_devices(session: Session) -> list[SessionDevice]:
    """What the copy should hold."""
    if not session.device_count:
        return []
    devices = newest_value(session).get("devices") or []
    return [
        SessionDevice(session=session, device_id=str(device["device_id"])[:255], status=str(device.get("status") or "")[:50])
        for device in devices
        if isinstance(device.get("device_id"), str | int)
    ]
