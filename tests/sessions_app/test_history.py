"""Every version's exact bytes, cheaply kept and quickly read; sharing, leases, device look-ups, patches."""

import hashlib
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Length
from django.utils import timezone

from assets_app.errors import InvalidInput, NotFound
from assets_app.guarded import OutsideOperationError
from sessions_app.errors import DocumentTooLarge, Leased, PatchFailed
from sessions_app.models import Conflict, Lease, Session, SessionActivity, SessionDevice, SessionVersion
from sessions_app.operations.devices import catch_up, sessions_with_device, unsearched
from sessions_app.operations.history import bytes_of, newest_bytes, read_version, version_as_of
from sessions_app.operations.leases import drop_lease, hold_lease, leases_on, others_at, sweep_leases
from sessions_app.operations.members import share_session, unshare_session
from sessions_app.operations.patches import json_patched, merge_patched
from sessions_app.operations.saves import Saved, save_session, save_version
from sessions_app.packing import pack, pack_version, unpack
from tests.make import make_session


def device(chance: random.Random, number: int) -> dict[str, Any]:
    words = [f"w{chance.randrange(10**9):x}" for _ in range(90)]
    return {"device_id": f"D{number}", "status": "pending", "product_name": " ".join(words[:30]), "notes": " ".join(words[30:])}


def test_a_large_document_saved_often_costs_little_and_every_version_is_whole(alice: User) -> None:
    """As full copies these versions would be twenty times what is allowed here."""
    chance = random.Random(7)
    value: dict[str, Any] = {"devices": [device(chance, number) for number in range(110)]}
    session = make_session(by=alice, **value)
    digests = {1: session.sha256}
    for number in range(1, 120):
        value["devices"][chance.randrange(110)]["status"] = f"seen {number}"
        saved = save_version(session=session, value=value, based_on=number, by=alice)
        assert isinstance(saved, Saved)
        digests[number + 1] = session.sha256
    assert len(newest_bytes(session)) > 90_000
    kept = SessionVersion.objects.aggregate(total=Sum(Length("packed")))["total"]
    assert kept < 120 * 90_000 / 20
    for version in session.versions.all():
        data = bytes_of(version, session.pk)
        assert hashlib.sha256(data).hexdigest() == version.sha256 == digests[version.version]


def test_a_document_that_becomes_another_is_kept_whole_again(alice: User) -> None:
    session = make_session(by=alice, note="x" * 3000)
    chance = random.Random(1)
    save_version(session=session, value={"note": chance.randbytes(3000).hex()}, based_on=1, by=alice)
    assert (session.keyframe, read_version(session=session, version=2).keyframe) == (2, None)
    save_version(session=session, value={"note": "short"}, based_on=2, by=alice)
    assert json.loads(newest_bytes(session))["note"] == "short"


@pytest.mark.parametrize("size", [0, 1, 100, 100_000, 3_000_000])
def test_whatever_is_packed_is_unpacked(size: int) -> None:
    chance = random.Random(size)
    keyframe = chance.randbytes(size // 2).hex().encode()
    data = keyframe[: size // 3] + b"changed" + keyframe[size // 3 :]
    assert unpack(pack(data)) == data
    told, is_whole = pack_version(data, keyframe=keyframe)
    assert unpack(told, keyframe=None if is_whole else keyframe) == data
    assert len(told) < 300 + size // 500
    with pytest.raises(ValueError, match=r"."):
        unpack(told[:-3] if len(told) > 10 else b"broken", keyframe=keyframe)


def test_the_past_is_read_by_time(alice: User) -> None:
    session = make_session(by=alice, note="first")
    save_version(session=session, value={"note": "second"}, based_on=1, by=alice)
    first, second = session.versions.order_by("version")
    assert version_as_of(session=session, moment=first.saved_at) == first
    assert version_as_of(session=session, moment=second.saved_at) == second
    assert version_as_of(session=session, moment=timezone.now() + timedelta(days=1)) == second
    with pytest.raises(NotFound):
        version_as_of(session=session, moment=first.saved_at - timedelta(microseconds=1))


def test_rows_with_a_history_are_written_by_operations_only(alice: User) -> None:
    session = make_session(by=alice)
    version = session.versions.get()
    for model in (Session, SessionVersion, SessionActivity, Conflict):
        with pytest.raises(OutsideOperationError):
            model.objects.all().delete()
        with pytest.raises(OutsideOperationError):
            model.objects.update(pk=None)
    writes: list[Callable[[], object]] = [
        session.save,
        session.delete,
        version.save,
        version.delete,
        session.versions.all().delete,
    ]
    for write in writes:
        with pytest.raises(OutsideOperationError), transaction.atomic():
            write()
    assert Session.objects.get().version == 1


def test_a_member_reads_and_saves_until_they_are_removed(alice: User, bob: User, charlie: User) -> None:
    session = make_session(by=alice)
    share_session(session=session, with_user="bob", by=alice)
    share_session(session=session, with_user="bob", by=alice)
    assert list(Session.objects.visible_to(bob)) == [session]
    assert not Session.objects.visible_to(charlie).exists()
    assert isinstance(save_session(session_id="checks-1", value={"by": "bob"}, based_on=1, by=bob), Saved)
    as_bob_read_it = Session.objects.get()
    assert unshare_session(session=session, with_user="bob", by=alice)
    assert not unshare_session(session=session, with_user="bob", by=alice)
    with pytest.raises(NotFound):
        save_version(session=as_bob_read_it, value={"by": "bob, late"}, based_on=2, by=bob)
    assert Session.objects.get().version == 2
    actions = SessionActivity.objects.order_by("seq").values_list("action", "user_id")
    assert list(actions) == [("created", "alice"), ("shared", "alice"), ("updated", "bob"), ("unshared", "alice")]


@pytest.mark.parametrize(("name", "refusal"), [("nobody", NotFound), ("alice", InvalidInput), ("gone", NotFound)])
def test_sharing_needs_somebody_else_who_is_here(alice: User, name: str, refusal: type[Exception]) -> None:
    User.objects.create_user("gone", is_active=False)
    with pytest.raises(refusal):
        share_session(session=make_session(by=alice), with_user=name, by=alice)


def test_leases_say_who_is_here_and_end_by_themselves(alice: User, sam: User) -> None:
    session = make_session(by=alice)
    hold_lease(session=session, by=alice)
    first = Lease.objects.get()
    hold_lease(session=session, by=alice)
    assert Lease.objects.get().since == first.since
    assert Lease.objects.get().expires_at > first.expires_at
    hold_lease(session=session, by=sam)
    assert [lease.user for lease in leases_on(session)] == [alice, sam]
    assert [lease.user for lease in others_at(session=session, by=sam)] == [alice]
    Lease.objects.filter(user=alice).update(expires_at=timezone.now())
    assert [lease.user for lease in leases_on(session)] == [sam]
    assert sweep_leases() == 1
    assert drop_lease(session=session, by=sam)
    assert not drop_lease(session=session, by=sam)


def test_a_lease_stops_only_those_who_ask_to_respect_it(alice: User, sam: User) -> None:
    session = make_session(by=alice)
    hold_lease(session=session, by=sam)
    with pytest.raises(Leased) as refused:
        save_session(session_id="checks-1", value={"note": "x"}, based_on=1, by=alice, respect_lease=True)
    assert refused.value.facts["lockedBy"] == "sam"
    assert isinstance(save_session(session_id="checks-1", value={"note": "x"}, based_on=1, by=alice), Saved)


def test_a_device_is_found_in_the_newest_versions_only(alice: User) -> None:
    session = make_session(by=alice, devices=[{"device_id": "D1"}, {"device_id": 7, "status": "approved"}, {"other": 1}])
    everything = Session.objects.all()
    assert list(sessions_with_device(everything, "D1")) == [session]
    assert list(sessions_with_device(everything, "7")) == [session]
    save_version(session=session, value={"devices": [{"device_id": "D2"}]}, based_on=1, by=alice)
    assert unsearched(everything).count() == 1
    assert catch_up() == 1
    assert not sessions_with_device(everything, "D1")
    assert list(SessionDevice.objects.values_list("device_id", flat=True)) == ["D2"]
    assert catch_up() == 0


def test_a_merge_patch_changes_what_it_names(alice: User) -> None:
    session = make_session(by=alice, note="x", meta={"a": 1, "b": {"c": 2}}, tags=[1, 2])
    value = merge_patched(session=session, version=1, patch={"note": None, "meta": {"b": {"c": 3, "d": None}}, "tags": [3]})
    assert value == {"session_id": "checks-1", "session_name": "Checks", "meta": {"a": 1, "b": {"c": 3}}, "tags": [3]}
    assert json.loads(newest_bytes(session))["note"] == "x"
    with pytest.raises(InvalidInput):
        merge_patched(session=session, version=1, patch=[1])


def test_a_json_patch_is_done_as_a_whole_or_not_at_all(alice: User) -> None:
    session = make_session(by=alice, devices=[{"device_id": "D1"}], n=1)
    patch = [
        {"op": "test", "path": "/n", "value": 1},
        {"op": "add", "path": "/devices/-", "value": {"device_id": "D2"}},
        {"op": "copy", "from": "/n", "path": "/m"},
        {"op": "remove", "path": "/n"},
    ]
    value = json_patched(session=session, version=1, patch=patch)
    assert ([d["device_id"] for d in value["devices"]], value["m"], "n" in value) == (["D1", "D2"], 1, False)
    with pytest.raises(PatchFailed) as failed:
        json_patched(session=session, version=1, patch=[*patch, {"op": "remove", "path": "/gone"}])
    assert failed.value.facts == {"operation": 4}
    assert json.loads(newest_bytes(session))["n"] == 1


@pytest.mark.parametrize(
    ("patch", "refusal"),
    [
        ({}, InvalidInput),
        ([1], InvalidInput),
        ([{"op": "explode", "path": "/n"}], InvalidInput),
        ([{"path": "/n"}], InvalidInput),
        ([{"op": "add", "path": "n", "value": 1}], PatchFailed),
        ([{"op": "add", "path": 7, "value": 1}], InvalidInput),
        ([{"op": "test", "path": "/n", "value": 2}], PatchFailed),
        ([{"op": "replace", "path": "", "value": 7}], PatchFailed),
        ([{"op": "add", "path": "/l/9", "value": 7}], PatchFailed),
        ([{"op": "move", "from": "/l", "path": "/l/0"}], PatchFailed),
        ([{"op": "remove", "path": "/n"}] * 1001, InvalidInput),
    ],
)
def test_patches_that_do_not_fit_are_told(alice: User, patch: Any, refusal: type[Exception]) -> None:
    session = make_session(by=alice, n=1, l=[])
    with pytest.raises(refusal):
        json_patched(session=session, version=1, patch=patch)


def test_a_patch_cannot_swell_the_document_by_copying_copies(alice: User, settings: Any) -> None:
    settings.HOLDFAST_MAX_DOCUMENT_MB = 1
    session = make_session(by=alice, l=["x" * 1000])
    patch = [{"op": "copy", "from": "/l", "path": "/l/-"}] * 900
    with pytest.raises(DocumentTooLarge):
        json_patched(session=session, version=1, patch=patch)
